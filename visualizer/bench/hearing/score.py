"""How answers become figures. All times in seconds, ascending."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from visualizer.bench.hearing.band import Onsets
from visualizer.bench.hearing.tracker import Onset, Times
from visualizer.measure.matching import pairs

SETTLED_S = 5.0
"""Beats and confidence count from here on, as in mir_eval."""

BEAT_WINDOW_S, ONSET_WINDOW_S = 0.07, 0.05
"""How far off a beat and an onset may be, as in mir_eval."""

ONSETS_FROM_S = 1.0

HALF_WINDOW, HALF_SHARE = 0.15, 0.3
"""A stream is half a beat off when more than this share of the beats found lie within so much of a beat of the middle
between two true ones. Beats twice as fast count as well: every other of them is half a beat off."""

RIGHT_BEATS = 3
"""A tracker has found its way back with the first of so many right beats in a row, with none between them."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Of finds: right, wrong and missed."""

    right: int
    wrong: int
    missed: int

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 0 where nothing is right."""
        return 2 * self.right / (2 * self.right + self.wrong + self.missed) if self.right else 0.0


def beat_f1(truth: Times, found: Times) -> float:
    """F-measure of beats within ±70 ms after the first 5 s (mir_eval.beat.f_measure)."""
    truth, found = _settled(truth), _settled(found)
    right = len(pairs(truth, found, BEAT_WINDOW_S))
    return Counts(right, len(found) - right, len(truth) - right).f1


def any_level_f1(truth: Times, found: Times) -> float:
    """The best of ``beat_f1`` for the beats, every other of them, and twice as many: right but for the octave."""
    doubled = np.sort(np.concatenate([truth, (truth[1:] + truth[:-1]) / 2]))
    return max(beat_f1(level, found) for level in (truth, truth[::2], truth[1::2], doubled))


def half_beat_share(truth: Times, found: Times) -> float:
    """Share of the beats found after the first 5 s that lie in the middle between two true ones; 0 where none is found."""
    found = _settled(found)
    found = found[(found >= truth[0]) & (found < truth[-1])] if len(truth) > 1 else found[:0]
    if not len(found):
        return 0.0
    at = np.searchsorted(truth, found, side="right") - 1
    place = (found - truth[at]) / (truth[at + 1] - truth[at])
    return float(np.mean(np.abs(place - 0.5) <= HALF_WINDOW))


def half_beat_off(truth: Times, found: Times) -> bool:
    """Whether more than ``HALF_SHARE`` of the beats found are half a beat off."""
    return half_beat_share(truth, found) > HALF_SHARE


def recovery_s(truth: Times, found: Times, step: float, end: float) -> float:
    """How long after a tempo step the first of ``RIGHT_BEATS`` right beats in a row falls; at best one beat.

    end: the stream's; a tracker that never recovers takes until then.
    """
    first = int(np.searchsorted(truth, step + 0.01))
    for i in range(first, len(truth) - RIGHT_BEATS + 1):
        wanted = truth[i : i + RIGHT_BEATS]
        near = found[(found >= wanted[0] - BEAT_WINDOW_S) & (found <= wanted[-1] + BEAT_WINDOW_S)]
        if len(near) == RIGHT_BEATS == len(pairs(wanted, near, BEAT_WINDOW_S)):
            return float(wanted[0] - step)
    return end - step


def onset_counts(truth: Onsets, found: Times) -> tuple[Counts, list[tuple[int, int]]]:
    """Counts of onsets within ±50 ms after the first second, and pairs (index in truth.sure, index in found).

    What is found at an onset that need not be found counts neither way.
    """
    sure, maybe = truth.sure, truth.maybe
    matched = pairs(sure, found, ONSET_WINDOW_S)
    taken = {j for _, j in matched}
    left = np.array([j for j in range(len(found)) if j not in taken], int)
    excused = {int(left[k]) for _, k in pairs(maybe, found[left], ONSET_WINDOW_S)}
    matched = [(i, j) for i, j in matched if sure[i] >= ONSETS_FROM_S]
    wrong = sum(1 for j in left if j not in excused and found[j] >= ONSETS_FROM_S)
    return Counts(len(matched), wrong, int(np.sum(sure >= ONSETS_FROM_S)) - len(matched)), matched


def onset_delays(truth: Onsets, said: list[tuple[Onset, float]]) -> list[float]:
    """For each onset found, how long after it began it was known, s.

    One that was known before it began was no answer to it, and tells no delay.
    """
    said = sorted(said, key=lambda one: one[0].time)
    _, matched = onset_counts(truth, np.array([onset.time for onset, _ in said]))
    delays = [float(said[j][1] - truth.sure[i]) for i, j in matched]
    return [delay for delay in delays if delay >= 0]


def mean_confidence(time: Times, confidence: Times) -> float:
    """Mean over the hops after the first 5 s; a tracker that says nothing is not confident."""
    return float(np.mean(np.nan_to_num(confidence[time >= SETTLED_S])))


def _settled(times: Times) -> Times:
    return times[times >= SETTLED_S]
