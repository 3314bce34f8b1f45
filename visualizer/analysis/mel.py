"""Log-mel spectra of a stream, in absolute decibels.

``MelConfig`` is shared by the analysis, the sound encoder and its training, so that all three see the same numbers.
Nothing is divided by the loudest value of a clip: how loud a sound is stays readable.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from visualizer.snapshots import HOP_SAMPLES, SAMPLE_RATE, FloatArray

Sound = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class MelConfig:
    """How sound becomes a log-mel spectrogram.

    sample_rate, fmin, fmax: Hz. window_samples ≤ n_fft; the rest of the transform is zeros. hop: samples.
    window: "hann" (periodic), or "late": a half-Hann rise over three quarters and a raised-cosine fall over the last
    quarter down to ``LATE_EDGE``, so that the newest sample is already seen; its centre of energy lies
    ``delay_samples`` before the newest sample.
    scale: "slaney" (linear below 1 kHz, logarithmic above; Auditory Toolbox) or "htk" (2595 log10(1 + f/700)).
    norm: "sum": triangles of unit height over power that is scaled so that all bins together give the power of the
    windowed sound re a full-scale sine (AES17: that sine is 0 dB); "slaney": triangles of unit area over abs(STFT)²,
    as librosa's ``melspectrogram``. floor_db: the lowest value given.
    """

    sample_rate: int = SAMPLE_RATE
    window_samples: int = 1024
    n_fft: int = 1024
    hop: int = HOP_SAMPLES
    bands: int = 64
    fmin: float = 30.0
    fmax: float = 16_000.0
    floor_db: float = -100.0
    window: str = "late"
    scale: str = "slaney"
    norm: str = "sum"

    def __post_init__(self) -> None:
        if not 0 < self.window_samples <= self.n_fft or self.hop < 1 or self.bands < 1:
            raise ValueError(f"window_samples, n_fft, hop and bands do not fit together in {self}")
        if not 0 <= self.fmin < self.fmax <= self.sample_rate / 2:
            raise ValueError(f"fmin and fmax must lie in order between 0 and half the sample rate in {self}")
        if self.window not in ("hann", "late") or self.scale not in ("slaney", "htk"):
            raise ValueError(f"window is 'hann' or 'late' and scale 'slaney' or 'htk', not as in {self}")
        if self.norm not in ("sum", "slaney") or not self.floor_db < 0:
            raise ValueError(f"norm is 'sum' or 'slaney' and floor_db is below 0, not as in {self}")

    def unit(self, decibels: FloatArray) -> FloatArray:
        """Bring dB to 0–1: ``floor_db`` gives 0, 0 dB gives 1 (the published dB/80 + 1 where the floor is −80 dB)."""
        return np.clip(decibels / np.float32(-self.floor_db) + np.float32(1), 0, 1)

    @property
    def delay_samples(self) -> float:
        """How far the window's centre of energy lies before the newest sample of a frame."""
        weight = window(self) ** 2
        return float(np.sum(np.arange(len(weight))[::-1] * weight) / np.sum(weight))


LATE_EDGE = 0.03
"""Weight of the newest sample in the "late" window: −30 dB; with more, a steady bass tone leaks into the bands above
it by an amount that changes from hop to hop, and looks like onsets."""

SHOW = MelConfig()
"""What the show hears with; the centre of energy is 7.8 ms before the newest sample."""

PUBLISHED = MelConfig(44_100, 1024, 1024, 512, 128, 0.0, 22_050.0, -80.0, "hann", "slaney", "slaney")
"""The configuration of TPoS (arXiv 2309.04509), whose dB were taken re the loudest value of each clip; here they
stay absolute, and who wants the published form subtracts the maximum before ``unit``."""


@lru_cache(maxsize=16)
def window(config: MelConfig) -> npt.NDArray[np.float64]:
    """The analysis window, shape (window_samples,), oldest sample first; read-only."""
    n = config.window_samples
    if config.window == "hann":
        shape = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)
    else:
        fall = n // 4
        rise = 0.5 - 0.5 * np.cos(np.pi * (np.arange(n - fall) + 0.5) / (n - fall))
        down = 0.5 + 0.5 * np.cos(np.pi * (np.arange(fall) + 1) / fall)
        shape = np.concatenate([rise, LATE_EDGE + (1 - LATE_EDGE) * down])
    shape.setflags(write=False)
    return shape


def _to_mel(hertz: float, scale: str) -> float:
    if scale == "htk":
        return 2595 * math.log10(1 + hertz / 700)
    return hertz * 3 / 200 if hertz < 1000 else 15 + math.log(hertz / 1000) * 27 / math.log(6.4)


def _to_hertz(mel: npt.NDArray[np.float64], scale: str) -> npt.NDArray[np.float64]:
    if scale == "htk":
        return 700 * (10 ** (mel / 2595) - 1)
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * math.log(6.4) / 27))


@lru_cache(maxsize=16)
def edges(config: MelConfig) -> npt.NDArray[np.float64]:
    """Corner frequencies in Hz, shape (bands + 2,): band b rises from b to b + 1 and falls to b + 2; read-only."""
    low, high = _to_mel(config.fmin, config.scale), _to_mel(config.fmax, config.scale)
    corners = _to_hertz(np.linspace(low, high, config.bands + 2), config.scale)
    corners.setflags(write=False)
    return corners


@lru_cache(maxsize=16)
def filters(config: MelConfig) -> npt.NDArray[np.float64]:
    """Weights from abs(STFT)² to band power, shape (bands, n_fft // 2 + 1), the power scale included; read-only."""
    corners = edges(config)
    bins = np.arange(config.n_fft // 2 + 1) * config.sample_rate / config.n_fft
    rise = (bins - corners[:-2, None]) / (corners[1:-1] - corners[:-2])[:, None]
    fall = (corners[2:, None] - bins) / (corners[2:] - corners[1:-1])[:, None]
    weights = np.maximum(0, np.minimum(rise, fall))
    if config.norm == "slaney":
        weights *= (2 / (corners[2:] - corners[:-2]))[:, None]
    else:
        # Parseval: with this factor the bins of a sine of amplitude 1 add up to 1.
        weights *= 4 / (config.n_fft * np.sum(window(config) ** 2))
    weights.setflags(write=False)
    return weights


class LogMel:
    """Streaming log-mel: one frame each ``hop`` samples, the same for every way of cutting the sound into blocks.

    The window of a frame ends with the hop's newest sample and reaches back into earlier hops (silence before the
    first). Channels are added in power, so that opposite phases do not cancel.
    """

    def __init__(self, config: MelConfig = SHOW, channels: int = 2) -> None:
        self.config, self._channels = config, channels
        self._window, self._filters = window(config), filters(config)
        self._floor = 10 ** (config.floor_db / 10)
        self._past = np.zeros((channels, max(config.window_samples, config.hop)))
        self._waiting = np.zeros((0, channels))

    def power(self, hop: Sound) -> npt.NDArray[np.float64]:
        """Band powers, shape (bands,), after one hop of shape (hop, channels); ``push`` is this over any blocks."""
        past, size = self._past, self.config.hop
        past[:, :-size] = past[:, size:].copy()
        past[:, -size:] = hop.T
        spectrum = np.fft.rfft(past[:, -self.config.window_samples :] * self._window, self.config.n_fft)
        squared = np.sum(spectrum.real**2 + spectrum.imag**2, axis=0) / self._channels
        return self._filters @ squared

    def decibels(self, power: npt.NDArray[np.float64]) -> FloatArray:
        """Band powers in dB, at least ``floor_db``."""
        return (10 * np.log10(np.maximum(power, self._floor))).astype(np.float32)

    def push(self, block: Sound) -> FloatArray:
        """Take sound, finite, shape (n,) or (n, channels); return the finished frames in dB, shape (frames, bands)."""
        if block.ndim == 1:
            block = np.repeat(block[:, None], self._channels, axis=1)
        self._waiting = np.concatenate([self._waiting, block])
        hop = self.config.hop
        count = len(self._waiting) // hop
        frames = np.empty((count, self.config.bands), np.float32)
        for i in range(count):
            frames[i] = self.decibels(self.power(self._waiting[i * hop : (i + 1) * hop]))
        self._waiting = self._waiting[count * hop :].copy()
        return frames
