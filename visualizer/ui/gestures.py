"""Which changes by hand belong together, so that they are undone together."""

from __future__ import annotations

import itertools
import time
from collections.abc import Hashable

ONE_GO_S = 0.7
"""Turns of the wheel, keys and steps that follow one another as quickly are one gesture."""

_numbers = itertools.count(1)


class Gestures:
    """The gestures of one hand on one thing, each with a number of its own."""

    def __init__(self) -> None:
        self._number, self._at = 0, -ONE_GO_S
        self._what: Hashable = None

    @property
    def now(self) -> int:
        """The number of the gesture that was made last."""
        return self._number

    def begin(self) -> int:
        """Begin another one, which nothing goes on with: a drag."""
        self._number, self._at = next(_numbers), -ONE_GO_S
        return self._number

    def go_on(self, what: Hashable = None) -> bool:
        """Go on with the one before if it was a moment ago and of the same thing; False where another begins."""
        now = time.perf_counter()
        goes_on = now - self._at <= ONE_GO_S and what == self._what
        if not goes_on:
            self._number = next(_numbers)
        self._at, self._what = now, what
        return goes_on
