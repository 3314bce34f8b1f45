"""Momentary and short-term loudness after ITU-R BS.1770-4 (the 400 ms and 3 s of EBU Tech 3341), one or two channels."""

from __future__ import annotations

import numpy as np

from visualizer.analysis.filters import Biquad
from visualizer.snapshots import HOP_SAMPLES, SAMPLE_RATE

K_WEIGHTING: tuple[Biquad, Biquad] = (
    (1.53512485958697, -2.69169618940638, 1.19839281085285, -1.69065929318241, 0.73248077421585),
    (1.0, -2.0, 1.0, -1.99004745483398, 0.99007225036621),
)
"""The head's shelf and the RLB high-pass at 48 kHz, BS.1770-4 tables 1 and 2."""

MOMENTARY_HOPS = 400 * SAMPLE_RATE // 1000 // HOP_SAMPLES
SHORT_TERM_HOPS = 3 * SAMPLE_RATE // HOP_SAMPLES
"""Hops in the two windows."""

SILENCE_LUFS = -120.0
"""What stands for −∞ and all below it."""

RANGE_LU = 60.0
"""``unit`` spreads this many LU below 0 LUFS over 0–1."""


class Loudness:
    """Loudness of the last ``hops`` hops, ungated, renewed every hop; sound that is still missing counts as silence."""

    def __init__(self, hops: int) -> None:
        self._energies = np.zeros(hops)
        self._at = 0

    def push(self, energy: float) -> float:
        """Take the K-weighted sum of squares of one hop over all (front) channels; return LUFS ≥ SILENCE_LUFS."""
        self._energies[self._at] = energy
        self._at = (self._at + 1) % len(self._energies)
        # Added anew each hop: a running sum would keep rounding errors after a loud passage.
        mean = float(self._energies.sum()) / (len(self._energies) * HOP_SAMPLES)
        if mean <= 0.0:
            return SILENCE_LUFS
        return max(SILENCE_LUFS, float(-0.691 + 10 * np.log10(mean)))


def unit(lufs: float) -> float:
    """Bring LUFS to 0–1 absolutely: −60 gives 0, 0 gives 1."""
    return min(1.0, max(0.0, lufs / RANGE_LU + 1))


def perceived(lufs: float) -> float:
    """How loud LUFS sound, 0–1: 10 LU more are twice as loud (Stevens' sone scale); 0 LUFS give 1, silence gives 0."""
    return 0.0 if lufs <= SILENCE_LUFS else float(min(1.0, 2.0 ** (lufs / 10)))
