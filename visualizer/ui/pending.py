"""What was asked for and is still on its way: the show carries it out on its own thread, a moment later."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Generic, TypeVar

T = TypeVar("T")

CARRIED_OUT_S = 0.5
"""After so long a show that does not have what it was asked for will not have it any more."""


class Pending(Generic[T]):
    """Things by name, asked for and not yet there."""

    def __init__(self) -> None:
        self._asked: dict[str, tuple[list[T], float]] = {}  # what it was, what was asked for in order, until when

    def ask(self, name: str, was: T, wanted: T) -> None:
        """Note what was asked for. was: what the show says now."""
        before = self._asked[name][0] if name in self._asked else []
        before = before if was in before else [was]  # where somebody else has moved it meanwhile, that is what it was
        if wanted != before[-1]:
            self._asked[name] = [*before, wanted], time.perf_counter() + CARRIED_OUT_S

    def over(self, told: Mapping[str, T]) -> dict[str, T]:
        """What the show tells, with what is on its way put over it; what somebody else has set since is left as it is."""
        seen, now = dict(told), time.perf_counter()
        for name, (passed, until) in list(self._asked.items()):
            # It is on its way while the show still has what it had before, or what was asked for earlier.
            if now <= until and seen[name] != passed[-1] and seen[name] in passed:
                seen[name] = passed[-1]
            else:
                del self._asked[name]
        return seen
