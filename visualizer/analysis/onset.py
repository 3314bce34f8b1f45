"""Onset strength without look-ahead.

Spectral flux of compressed mel bands against a maximum-filtered earlier frame (SuperFlux: Böck and Widmer, DAFx 2013),
above an adaptive threshold, over the strongest onset of the last seconds. Two things that flux hardly sees count beside
it: the loudest moment of the hop in the treble, for a click among the window's newest samples, and in the bass, for a
kick drum that fills only two or three of the mel bands. Both are held against the moments of the last hops.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np
import numpy.typing as npt

from visualizer.analysis.bands import HOP_S

LAG_HOPS = 2
"""The frame compared with lies this far back: the window (21 ms) then hardly overlaps."""

COMPRESSION = 1e6
"""A band's power p becomes log10(1 + 1e6 p): what lies under −60 dB hardly counts, loud and soft attacks compare."""

MOMENT_HOPS = 5
"""A moment counts as far as it exceeds the loudest of so many hops: two bass notes beat more slowly than one hop."""

BASS_WEIGHT, TREBLE_WEIGHT = 0.5, 0.25
"""How a rise of a band's loudest moment (log10) compares with the flux of a drum that fills all bands."""

THRESHOLD = 1.5
"""Flux counts above this many times its own average over ``AVERAGE_S``: steady noise gives nothing."""

OFFSET = 0.01
"""Flux that never counts, in the unit of the flux (log10, mean of all bands)."""

AVERAGE_S = 1.0

PEAK_FALL_S, PEAK_FLOOR = 6.0, 0.15
"""The strongest onset is forgotten with this time constant, and is never taken as weaker than the floor."""


class OnsetStrength:
    """Onset strength 0–1 from mel band powers, one value a hop, for the hop in which the sound rises."""

    _AVERAGE = 1 - math.exp(-HOP_S / AVERAGE_S)
    _FALL = math.exp(-HOP_S / PEAK_FALL_S)

    def __init__(self, bands: int) -> None:
        self._past = np.zeros((LAG_HOPS, bands))
        self._moments = deque([(0.0, 0.0)] * MOMENT_HOPS, MOMENT_HOPS)
        self._at = 0
        self._average = 0.0
        self._peak = PEAK_FLOOR

    def push(self, power: npt.NDArray[np.float64], bass: float, treble: float) -> float:
        """Take band powers, shape (bands,), and bass and treble power in their loudest moments; return the strength.

        All powers re a full-scale sine.
        """
        now = np.log10(1 + COMPRESSION * power)
        then = self._past[self._at]
        rise = now - then
        # The neighbours' maximum: a tone that bends by a band is no onset.
        np.minimum(rise[1:], now[1:] - then[:-1], out=rise[1:])
        np.minimum(rise[:-1], now[:-1] - then[1:], out=rise[:-1])
        flux = float(np.maximum(rise, 0).sum()) / len(now)
        then[:] = now
        moment = math.log10(1 + COMPRESSION * bass), math.log10(1 + COMPRESSION * treble)
        flux = max(
            flux,
            BASS_WEIGHT * (moment[0] - max(before[0] for before in self._moments)),
            TREBLE_WEIGHT * (moment[1] - max(before[1] for before in self._moments)),
        )
        self._moments.append(moment)
        self._at = (self._at + 1) % LAG_HOPS
        over = max(0.0, flux - THRESHOLD * self._average - OFFSET)
        self._average += self._AVERAGE * (flux - self._average)
        self._peak = max(over, PEAK_FLOOR, self._peak * self._FALL)
        return over / self._peak
