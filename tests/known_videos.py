"""Videos with known answers: discs that pulse with a sound, after it, and without it."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from visualizer.measure.figures import Figures, Measured, measure
from visualizer.output.recorder import Recorder
from visualizer.snapshots import FloatArray, Picture

RATE = 48_000

SIDE = 96

SECONDS = 8.0

CALM = 1e-4
"""A floor of noise, −80 dBFS: silence that is not digital."""

Paint = Callable[[float], Picture]

Y, X = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32) - SIDE / 2

DISTANCE = np.hypot(X, Y)


def texture(seed: int, side: int = SIDE) -> np.ndarray:
    """Soft noise, float32 0–255."""
    noise = np.random.default_rng(seed).normal(0, 1, (side, side)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 2)
    return np.asarray(cv2.normalize(soft, None, 0, 255, cv2.NORM_MINMAX))


@lru_cache(maxsize=256)
def disc(radius: float) -> Picture:
    """A textured disc: all of it moves when it grows."""
    scale = np.float32(24 / radius)
    x, y = X * scale + SIDE / 2, Y * scale + SIDE / 2
    skin = cv2.remap(texture(3), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    inside = np.clip(radius - DISTANCE, 0, 1)
    return np.repeat((inside * skin + (1 - inside) * 30)[..., None], 3, axis=2).astype(np.uint8)


def pulsing(times: np.ndarray, frame_s: float, delay: float = 0.0) -> Paint:
    """Grows at each of ``times`` and falls back within a quarter of a second.

    Painted as it is at a frame's end, so that the frame during which a pulse begins shows it.
    """

    def paint(time: float) -> Picture:
        since = time + frame_s - 1e-6 - delay - times
        since = since[since >= 0]
        left = max(0.0, 1 - float(since.min()) / 0.25) if len(since) else 0.0
        return disc(24 + 6 * left**2)

    return paint


def clicks(times: np.ndarray, seconds: float = SECONDS) -> FloatArray:
    """Bursts of noise with a low thump, as of a drum, shape (n,)."""
    rng = np.random.default_rng(1)
    sound = rng.normal(0, CALM, int(seconds * RATE))
    after = np.arange(6000) / RATE
    fade = np.cos(np.pi * after / after[-1]) / 2 + 0.5  # what breaks off clicks once more
    for time in times:
        hit = 0.5 * np.sin(2 * np.pi * 55 * after) * np.exp(-after * 30) + rng.normal(0, 0.2, 6000) * np.exp(-after * 120)
        start = round(time * RATE)
        sound[start : start + 6000] += (hit * fade)[: len(sound) - start]
    return sound.clip(-1, 1).astype(np.float32)


def film(path: Path, paint: Paint, times: np.ndarray, sound: FloatArray | None, size: int = SIDE) -> Path:
    """Record what ``paint`` gives at each of ``times``."""
    with Recorder(path, (size, size), 30, channels=1, quality=4, drop=False) as recorder:
        if sound is not None:
            recorder.sound(sound[:, None], 0.0)
        for time in times:
            recorder.video(paint(time), time)
    assert recorder.error is None
    return path


def steady(fps: float, seconds: float = SECONDS) -> np.ndarray:
    return np.arange(round(seconds * fps)) / fps


def irregular() -> np.ndarray:
    times = np.cumsum(np.random.default_rng(5).uniform(0.3, 0.8, 40))
    return times[times < SECONDS - 0.5]
BEATS = 0.107 + np.arange(0, SECONDS - 0.4, 0.5)

CHANCE = irregular()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("videos")


@pytest.fixture(scope="module")
def pulse(folder: Path) -> Path:
    """Pulses with its sound, on no beat, 30 frames a second."""
    return film(folder / "pulse.mp4", pulsing(CHANCE, 1 / 30), steady(30), clicks(CHANCE))


@pytest.fixture(scope="module")
def measured(pulse: Path) -> Measured:
    return measure(pulse)


@pytest.fixture(scope="module")
def with_sound(measured: Measured) -> Figures:
    return measured.figures


def number(figures: Figures, key: str) -> float:
    value = figures[key]
    assert value is not None, key
    return value


def lossless(path: Path, frames: list[Picture], fps: int, sound: FloatArray | None, rate: int = RATE) -> Path:
    """What no codec has touched: FFV1 in RGB and PCM, in Matroska; sound of shape (n, channels)."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("ffv1", rate=Fraction(fps))
        video.height, video.width = frames[0].shape[:2]
        video.pix_fmt = "bgr0"
        audio = None
        if sound is not None:
            layout = {1: "mono", 2: "stereo", 8: "7.1"}[sound.shape[1]]
            audio = container.add_stream("pcm_f32le", rate=rate, layout=layout)
            audio.codec_context.format = "flt"
        for picture in frames:
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(video.encode(None))
        if audio is not None and sound is not None:
            frame = av.AudioFrame.from_ndarray(sound.reshape(1, -1), format="flt", layout=layout)
            frame.sample_rate = rate
            container.mux(audio.encode(frame))
            container.mux(audio.encode(None))
    return path
