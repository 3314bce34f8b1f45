"""The line through a clock's ticks, of which some tremble, some are held up on their way, and some tell a new tempo.

Times are monotonic seconds; nothing here has a thread or reads a clock.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from visualizer.control.line import Line, Times, fit

TICKS = 24
"""A beat."""

WINDOWS = (4 * TICKS, 2 * TICKS, TICKS, TICKS // 2)
"""The line goes through as many of the newest ticks as lie on one; where the tempo moves, those are few."""

LEAST_TICKS = 7
OFF_LINE = 2.5
"""Standard errors by which the newest quarter of a window may lie off its line …"""

ROUNDING_S = 0.0002
"""… and this much, for clocks that hardly tremble."""

LATE_S, LATE_DEVIATIONS = 0.012, 4.0
"""A tick that comes later than its place by this, and by so many standard deviations, was held up …"""

BELIEVED_TICKS = 6
"""… unless so many in a row do not catch up: then the clock is slower, or was stopped for a moment."""


class TickLine:
    """Takes ticks as they come. A busy machine holds ticks up and lets them go in a bunch: such ticks leave the line as it
    is, and are put in their place when one comes in time again."""

    def __init__(self) -> None:
        self.line: Line | None = None
        self._times: deque[float] = deque(maxlen=WINDOWS[0])
        self._trembling = 0.0
        self._seen = 0
        self._late, self._held_up, self._stuck = 0.0, 0, 0

    @property
    def steady(self) -> bool:
        """Whether a beat of ticks has been seen."""
        return self._seen >= TICKS

    def push(self, number: int, seconds: float) -> None:
        """Take the next tick, its number one more than the last one's."""
        self._seen += 1
        seconds = max(seconds, self._times[-1]) if self._times else seconds
        if not self._waits(number, seconds):
            self._times.append(seconds)
            self._fit(number)
        else:
            self._times.append(seconds)

    def _waits(self, number: int, seconds: float) -> bool:
        """Whether a tick was held up."""
        line = self.line
        late = 0.0 if line is None or not self.steady else seconds - line.time(number)
        if line is None or late <= max(LATE_S, LATE_DEVIATIONS * self._trembling):
            if line is not None:
                for back in range(1, self._held_up + 1):
                    self._times[-back] = line.time(number - back)
            self._held_up = self._stuck = 0
            return False
        catches_up = self._held_up and late < self._late - line.length / 4
        self._stuck = 0 if catches_up else self._stuck + 1
        self._late, self._held_up = late, min(self._held_up + 1, WINDOWS[0] - 1)
        if self._stuck < BELIEVED_TICKS:
            return True
        newest = list(self._times)[-self._stuck :]
        self._times.clear()
        self._times.extend(newest)
        self._held_up = self._stuck = 0
        return False

    def _fit(self, number: int) -> None:
        if len(self._times) < LEAST_TICKS:
            return
        times = np.array(self._times)
        self._trembling = trembling(times)
        line = newest_line(number, times, self._trembling)
        self.line = line if line.length > 0 else None


def trembling(times: Times) -> float:
    """The standard deviation of ticks from even ones, in seconds, whatever the tempo does, and a few outliers."""
    # Second differences know nothing of tempo, and little of its change; their variance is six times the ticks'.
    return 1.4826 * float(np.median(np.abs(np.diff(times, 2)))) / math.sqrt(6)


def newest_line(number: int, times: Times, deviation: float) -> Line:
    """The line through the newest ticks that lie on one. number: of the newest; times: seconds, shape (ticks,)."""
    numbers = np.arange(number - len(times) + 1, number + 1, dtype=float)
    for size in WINDOWS:
        if size > len(times) and size != WINDOWS[-1]:
            continue
        line = fit(numbers[-size:], times[-size:])
        newest = max(1, min(size, len(times)) // 4)
        off = abs(float(line.late(numbers[-newest:], times[-newest:]).mean()))
        if off <= OFF_LINE * deviation / math.sqrt(newest) + ROUNDING_S:
            break
    return line
