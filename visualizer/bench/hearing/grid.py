"""Beats in time: tempo curves, a drummer's drift, and the swing of what lies between beats."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from visualizer.bench.hearing.tracker import Times

DRIFT_MEMORY = 0.9
"""How much of a beat's departure from the tempo is left in the next."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The beats of a piece. times: s, one more than are played, so that the last beat has a length."""

    times: Times

    def at(self, position: float) -> float:
        """Seconds of a position in beats; within a beat the tempo stands still."""
        return float(np.interp(position, np.arange(len(self.times)), self.times))

    @property
    def beats(self) -> int:
        """How many beats there are."""
        return len(self.times) - 1

    def tempo(self) -> Times:
        """The tempo curve, shape (beats, 2): each beat's time, s, and its tempo until the next, BPM."""
        return np.stack([self.times[:-1], 60 / np.diff(self.times)], axis=1)


def steady(bpm: float, start: float, seconds: float, drift: float = 0.0, seed: int = 0) -> Grid:
    """One tempo from ``start`` until past ``seconds``; drift: standard deviation of its slow wander, a share."""
    count = int(np.ceil((seconds - start) * bpm * 1.1 / 60)) + 1
    rng = np.random.default_rng(seed)
    wander = np.zeros(count)
    for i in range(1, count):
        wander[i] = DRIFT_MEMORY * wander[i - 1] + rng.normal(0, drift * np.sqrt(1 - DRIFT_MEMORY**2))
    return _until(start + np.concatenate([[0], np.cumsum(60 / bpm * np.exp(wander))]), seconds)


def step(first: float, second: float, at: float, start: float, seconds: float) -> tuple[Grid, float]:
    """A tempo that changes from one beat to the next, at the first beat after ``at`` s; also when that is."""
    before = steady(first, start, at).times
    after = steady(second, float(before[-1]), seconds).times
    return _until(np.concatenate([before[:-1], after]), seconds), float(before[-1])


def ramp(first: float, last: float, start: float, seconds: float) -> Grid:
    """A tempo that changes evenly in time from ``start`` to ``seconds``."""
    times = [start]
    while times[-1] < seconds:
        bpm = first + (last - first) * (times[-1] - start) / (seconds - start)
        times.append(times[-1] + 60 / bpm)
    return Grid(np.array(times))


def swung(position: float, unit: float, ratio: float) -> float:
    """A position in beats, moved so that the middle of each ``unit`` falls at ``ratio`` of it (0.5: straight)."""
    whole, part = divmod(position / unit, 1)
    part = part * 2 * ratio if part < 0.5 else ratio + (part - 0.5) * 2 * (1 - ratio)
    return (whole + part) * unit


def _until(times: Times, seconds: float) -> Grid:
    """Cut after the first beat at or past ``seconds``."""
    return Grid(times[: int(np.searchsorted(times, seconds)) + 1])
