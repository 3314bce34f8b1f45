"""The straight line through beats that came at uneven times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Line:
    """Beats over time: ``beat`` is at the time ``middle``, and each takes ``length`` in the time's unit."""

    middle: float
    beat: float
    length: float

    def at(self, time: float) -> float:
        """The beat at a time."""
        return self.beat + (time - self.middle) / self.length

    def time(self, beat: float) -> float:
        """When a beat is."""
        return self.middle + (beat - self.beat) * self.length

    def late(self, beats: Times, times: Times) -> Times:
        """By how much each beat came after its place on the line, in the time's unit."""
        return times - (self.middle + (beats - self.beat) * self.length)


def fit(beats: Sequence[float] | Times, times: Sequence[float] | Times) -> Line:
    """The line of least squares through the times of two beats or more, no two of them the same beat."""
    numbers, moments = np.asarray(beats, float), np.asarray(times, float)
    beat, middle = float(numbers.mean()), float(moments.mean())
    apart = numbers - beat
    return Line(middle, beat, float(apart @ (moments - middle) / (apart @ apart)))
