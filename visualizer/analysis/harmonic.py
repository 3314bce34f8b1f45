"""How much of the sound is held tone, and how much hits and noise: harmonic–percussive separation by medians.

A tone stays in its band from frame to frame, a hit fills neighbouring bands at once (Fitzgerald, DAFx 2010); here the
median over time looks back only.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from visualizer.analysis.bands import HOP_S

BACK_FRAMES, EVERY_HOPS = 9, 2
"""The median over time is of so many frames, each two hops after the other: 170 ms."""

ACROSS_BANDS = 9
"""The median over frequency is of so many mel bands."""

SMOOTHING_S = 0.15

FAINTEST = 1e-6
"""Power re a full-scale sine under which nothing is told apart."""

REST = 1e-4
"""Below this the balance is 0."""


class HarmonicBalance:
    """0 for hits alone to 1 for held tones alone, about a half for steady noise, 0 in silence; one value a hop."""

    _SMOOTHING = 1 - math.exp(-EVERY_HOPS * HOP_S / SMOOTHING_S)

    def __init__(self, bands: int) -> None:
        self._past = np.zeros((BACK_FRAMES, bands))
        self._padded = np.zeros(bands + ACROSS_BANDS - 1)
        self._across = np.lib.stride_tricks.sliding_window_view(self._padded, ACROSS_BANDS)
        self._balance = 0.0
        self._hops = 0

    def push(self, power: npt.NDArray[np.float64]) -> float:
        """Take mel band powers, shape (bands,), re a full-scale sine; return the balance."""
        self._hops += 1
        # In the hops between the beat tracker's frames, so that no hop costs twice as much as another.
        if self._hops % EVERY_HOPS != 1:
            return self._balance
        self._past[(self._hops // EVERY_HOPS) % BACK_FRAMES] = power
        total = float(power.sum())
        share = 0.0
        if total > FAINTEST:
            side = ACROSS_BANDS // 2
            self._padded[side:-side] = power
            held = np.partition(self._past, BACK_FRAMES // 2, axis=0)[BACK_FRAMES // 2] ** 2
            hit = np.partition(self._across, ACROSS_BANDS // 2, axis=1)[:, ACROSS_BANDS // 2] ** 2
            # In a fresh attack neither may have anything yet: what is not held is a hit.
            masked = power * held / (held + hit + (0.1 * power) ** 2 + 1e-30)
            share = min(1.0, float(masked.sum()) / total)
        self._balance += self._SMOOTHING * (share - self._balance)
        if self._balance < REST:
            self._balance = 0.0
        return self._balance
