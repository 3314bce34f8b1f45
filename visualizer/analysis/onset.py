"""Onset strength without look-ahead.

Spectral flux of compressed mel bands against a maximum-filtered earlier frame (SuperFlux: Böck and Widmer, DAFx 2013),
above an adaptive threshold, over the strongest onset of the last seconds. The window hardly sees its newest samples;
for those, the loudest moment of the treble in the hop is held against the two hops before, without any window.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from visualizer.analysis.bands import HOP_S

LAG_HOPS = 2
"""The frame compared with lies this far back: the window (21 ms) then hardly overlaps."""

COMPRESSION = 1e6
"""A band's power p becomes log10(1 + 1e6 p): what lies under −60 dB hardly counts, loud and soft attacks compare."""

MOMENT_WEIGHT = 0.25
"""How a rise of the treble's loudest moment (log10) compares with the flux: a click gives about as much by both."""

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
        self._moments = [0.0] * LAG_HOPS
        self._at = 0
        self._average = 0.0
        self._peak = PEAK_FLOOR

    def push(self, power: npt.NDArray[np.float64], moment: float) -> float:
        """Take band powers, shape (bands,), and the treble's power in its loudest moment; return the onset strength.

        Both re a full-scale sine.
        """
        now = np.log10(1 + COMPRESSION * power)
        then = self._past[self._at]
        rise = now - then
        # The neighbours' maximum: a tone that bends by a band is no onset.
        np.minimum(rise[1:], now[1:] - then[:-1], out=rise[1:])
        np.minimum(rise[:-1], now[:-1] - then[1:], out=rise[:-1])
        flux = float(np.maximum(rise, 0).sum()) / len(now)
        then[:] = now
        sharp = math.log10(1 + COMPRESSION * moment)
        flux = max(flux, MOMENT_WEIGHT * (sharp - max(self._moments)))
        self._moments[self._at] = sharp
        self._at = (self._at + 1) % LAG_HOPS
        over = max(0.0, flux - THRESHOLD * self._average - OFFSET)
        self._average += self._AVERAGE * (flux - self._average)
        self._peak = max(over, PEAK_FLOOR, self._peak * self._FALL)
        return over / self._peak
