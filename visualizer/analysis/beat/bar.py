"""Which beat of the bar it is, and whether bars have four beats or three: a forward filter over the beats of both."""

from __future__ import annotations

import numpy as np

from visualizer.analysis.beat.attacks import BANDS, Doubles
from visualizer.analysis.beat.bar_patterns import METERS, PLACES, levels

METER_PRIOR = (0.85, 0.15)

LEAK = 0.01
"""Share of the belief that goes back to the prior at each beat."""

WEIGHT = 0.1

STAY = 2.0
"""Another first beat or meter is shown when it is so many times as likely."""


class BarFilter:
    """Takes the rises of each frame with the phase, and is told of beats and jumps.

    table: of ``bar_patterns.SHAPE``.
    """

    def __init__(self, table: Doubles) -> None:
        self._scores = WEIGHT * table
        self._bands = np.arange(BANDS)
        self._prior = np.repeat(np.divide(METER_PRIOR, METERS), METERS)
        self._belief = self._prior.copy()
        # At a beat each hypothesis becomes the next beat of its own meter.
        starts = np.concatenate([[0], np.cumsum(METERS)[:-1]])
        self._before = np.concatenate(
            [start + (np.arange(meter) - 1) % meter for start, meter in zip(starts, METERS, strict=True)]
        )
        self._next = np.argsort(self._before)
        self._meters = np.repeat(METERS, METERS)
        self._numbers = np.concatenate([np.arange(meter) for meter in METERS])
        self._shown = 0

    @property
    def meter(self) -> int:
        """Beats a bar."""
        return int(self._meters[self._shown])

    @property
    def number(self) -> int:
        """The present beat's number in the bar, from 0."""
        return int(self._numbers[self._shown])

    def turn(self, beats: int) -> None:
        """A beat has begun (1), or the phase has jumped back into the one before (−1)."""
        order = self._before if beats > 0 else self._next
        self._belief = (1 - LEAK) * self._belief[order] + LEAK * self._prior
        self._shown = int((self._next if beats > 0 else self._before)[self._shown])
        best = int(self._belief.argmax())
        if self._belief[best] > STAY * self._belief[self._shown]:
            self._shown = best

    def push(self, rises: Doubles, phase: float) -> None:
        """Take a frame's rises over their mean, shape (BANDS,), and the phase at its end, 0–1."""
        self._belief *= np.exp(self._scores[self._bands, levels(rises), :, int(phase * PLACES)].sum(axis=0))
        self._belief /= self._belief.sum()
