"""Seeded sound factors over time: something like music, and slow random walks. Rows are frames, columns are FACTORS."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .registry import FACTORS

FPS = 24
"""Frames a second of stream time in every measurement."""
WALK_HZ = 0.3
"""Highest frequency of a slow walk."""

FloatArray = npt.NDArray[np.float32]


def constant(seconds: float, value: float = 0.5) -> FloatArray:
    """Every factor held at ``value``: (frames, 7)."""
    return np.full((round(seconds * FPS), len(FACTORS)), value, np.float32)


def music(seconds: float, seed: int) -> FloatArray:
    """Factors (frames, 7) of made-up music: a kick a beat, hats between, accents, slow swells at rates of their own."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * FPS)) / FPS
    beat = 60 / rng.uniform(88, 150)
    place = time + rng.uniform(0, 4 * beat)

    def swell() -> npt.NDArray[np.float64]:
        return 0.5 - 0.5 * np.cos(2 * np.pi * (time / rng.uniform(5, 14) + rng.random()))

    kick = np.exp(-5 * (place % beat))
    hat = np.exp(-14 * ((place + beat / 2) % (beat / 2)))
    accent = np.where(np.floor(place / beat) % 4 == 0, 1.0, 0.6)
    loud = 0.3 + 0.5 * swell()
    columns = {
        "energy": loud + 0.15 * kick,
        "bass": 0.15 + 0.45 * loud * accent * kick + 0.3 * swell(),
        "mid": 0.2 + 0.6 * swell(),
        "treble": 0.15 + 0.4 * hat + 0.3 * swell(),
        "onset": accent * kick**2,
        "brightness": 0.2 + 0.6 * swell(),
        "tension": 0.7 * swell() ** 1.5,
    }
    return np.stack([columns[name] for name in FACTORS], 1).clip(0, 1).astype(np.float32)


def slow_walk(seconds: float, seed: int) -> FloatArray:
    """A random curve (frames,) without anything above ``WALK_HZ`` that covers 0 to 1 whole."""
    rng = np.random.default_rng(seed)
    frames = round(seconds * FPS)
    length = 2 * frames  # twice as long as used: the end of a Fourier sum meets its beginning
    rates = np.fft.rfftfreq(length, 1 / FPS)
    spectrum = rng.normal(size=(2, len(rates))).T @ np.array([1, 1j])
    spectrum[(rates > WALK_HZ) | (rates == 0)] = 0
    curve = np.fft.irfft(spectrum, length)[:frames]
    return ((curve - curve.min()) / np.ptp(curve)).astype(np.float32)


def alone(factor: int, curve: FloatArray) -> FloatArray:
    """Factors (frames, 7): one follows ``curve`` (frames,), the others stay at 0.5."""
    rows = np.full((len(curve), len(FACTORS)), 0.5, np.float32)
    rows[:, factor] = curve
    return rows
