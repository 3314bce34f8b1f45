"""A whole video turned into curves: how far the picture moved, and when."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from visualizer.measure.curve import Array, Curve
from visualizer.measure.errors import MeasureError
from visualizer.measure.film import Film, Shown
from visualizer.measure.flicker import Flicker
from visualizer.measure.flow import flow, grey, moved
from visualizer.measure.silence import Span
from visualizer.measure.warping import warping_error

Progress = Callable[[str, float, float | None], None]

WARPED_A_SECOND = 8.0
"""Pairs of pictures whose warping error is taken; it costs a second flow. They are drawn by chance, from a fixed seed,
since an even step would fall in with a beat."""

LONGEST_CHANGE_S = 0.1
"""A picture that comes after a longer hold changes at once, within the time of a usual one: it did not creep."""

HOLD = 1.5
"""A picture that is shown so many times as long as most is held."""

USUAL_RATE = 30.0
"""Cells of a faster video are joined, so that ±1 frame means much the same for all."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What a video shows. times: of its pictures, s, from 0, shape (n,). moves: mean length of the flow that led to each
    picture but the first, diagonals, shape (n − 1,). flicker, warping: 0–1, None where not measurable. silence_s: in how
    much silence the flicker was measured. warped: pairs over which the warping error was taken."""

    times: Array
    moves: Array
    flicker: float | None
    silence_s: float
    warping: float | None
    warped: int

    @property
    def fps(self) -> float:
        """Pictures a second on average."""
        return float((len(self.times) - 1) / (self.times[-1] - self.times[0]))

    @property
    def interval(self) -> float:
        """How long a picture is shown, s, on average over all but the holds: a video may leave out repeated pictures."""
        gaps = np.diff(self.times)
        return float(gaps[gaps <= HOLD * np.median(gaps)].mean())

    @property
    def rate(self) -> float:
        """Cells a second in which motion and sound are compared: the video's own rate, divided by a whole number where
        that comes nearer to 30."""
        own = 1 / self.interval
        return own / max(1, round(own / USUAL_RATE))

    @property
    def edges(self) -> Array:
        """Where cells begin and end, s: from the second picture on, to which the first motion belongs."""
        cells = max(1, round((self.times[-1] + self.interval - self.times[1]) * self.rate))
        return self.times[1] + np.arange(cells + 1) / self.rate

    @property
    def curve(self) -> Curve:
        """Motion, diagonals per second. A move begins when its picture appears and takes as long as the picture before it
        was shown, unless that was held: at a steady rate each cell has just its own picture's move."""
        gaps = np.diff(self.times)
        return Curve(self.times[1:], np.where(gaps > LONGEST_CHANGE_S, self.interval, gaps), self.moves)


def watch(film: Film, silent: Sequence[Span], progress: Progress = lambda what, done, total: None) -> Watched:
    """See the whole video. silent: settled silences, s. Raises MeasureError where it has but one picture."""
    rng = np.random.default_rng(0)
    flicker = Flicker(silent)
    times, moves, errors = array("d"), array("d"), array("d")
    before: Shown | None = None
    last = None
    for now in film.pictures():
        light = grey(now.small)
        times.append(now.time)
        if before is not None and last is not None:
            forth = flow(last, light)
            moves.append(moved(forth))
            flicker.push(before, now)
            if rng.random() < WARPED_A_SECOND * (now.time - before.time):
                error = warping_error(before.small, now.small, forth, flow(light, last))
                errors.extend(() if error is None else (error,))
            progress("watching", now.time, film.seconds)
        before, last = now, light
    if len(times) < 2:
        raise MeasureError(f"{film.path} holds a single picture; name a video that moves.")
    warping = float(np.mean(errors)) if errors else None
    return Watched(np.array(times), np.array(moves), flicker.score, flicker.seconds, warping, len(errors))
