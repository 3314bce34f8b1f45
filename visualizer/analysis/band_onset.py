"""Onset strength by band, from each band's loudest moment in a hop: a kick is an onset in the bass and no other.

A band's moment counts over the loudness of the whole sound, so that what a drum spills into other bands is none of theirs.
As ``onset``, it waits for no later sound.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

from visualizer.analysis.bands import HOP_S

MEMORY_HOPS = (10, 6, 5)
"""A moment counts as far as it exceeds the loudest of so many hops, by band from the lowest: noise in a narrow band swells
and fades more slowly and further than in a wide one."""

RANGE = 1000.0
"""A moment m over the loudest becomes log10(1 + 1000 m) / 3: what lies 30 dB below it hardly counts."""

LOUDEST_FALL_S, LOUDEST_FLOOR = 3.0, 1e-4
"""The loudest moment of all bands is forgotten with this time constant and never taken as weaker than −40 dB."""

THRESHOLD, OFFSET, AVERAGE_S = 2.0, 0.04, 1.0
"""A rise counts above this many times its own average, and above the offset."""

PEAK_FALL_S, PEAK_FLOOR = 6.0, 0.4
"""The band's strongest onset, as in ``onset``."""


class BandOnset:
    """Onset strengths 0–1 of the bass, mid and treble, one set a hop, for the hop in which a band rises."""

    _LOUDEST = math.exp(-HOP_S / LOUDEST_FALL_S)
    _AVERAGE = 1 - math.exp(-HOP_S / AVERAGE_S)
    _FALL = math.exp(-HOP_S / PEAK_FALL_S)

    def __init__(self) -> None:
        bands = len(MEMORY_HOPS)
        self._past = [deque([0.0] * hops, hops) for hops in MEMORY_HOPS]
        self._average = [0.0] * bands
        self._peak = [PEAK_FLOOR] * bands
        self._loudest = LOUDEST_FLOOR

    def push(self, moments: Sequence[float]) -> list[float]:
        """Take each band's power in its loudest moment, re a full-scale sine; return each band's strength."""
        self._loudest = max(LOUDEST_FLOOR, self._loudest * self._LOUDEST, *moments)
        strengths = []
        for band, moment in enumerate(moments):
            past = self._past[band]
            before = max(past)
            past.append(moment)
            rise = 0.0
            if moment > before:
                scale = RANGE / self._loudest
                rise = (math.log10(1 + scale * moment) - math.log10(1 + scale * before)) / 3
            over = max(0.0, rise - THRESHOLD * self._average[band] - OFFSET)
            self._average[band] += self._AVERAGE * (rise - self._average[band])
            self._peak[band] = max(over, PEAK_FLOOR, self._peak[band] * self._FALL)
            strengths.append(over / self._peak[band])
        return strengths
