"""What has been asked for and not yet been done: the newest value of each parameter, and every action.

Put in by the thread that listens, taken out by the one that hands over; neither waits for the other's work.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

MOST_ACTIONS = 256
"""Actions that wait; more than that in one frame is a loop somewhere."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Something to be done: a parameter's value in its own unit, or an action's (None for a trigger)."""

    name: str
    value: float | str | bool | None
    is_action: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A wish, the address or control it came by, and who asked, to answer to: (host, port …), or nobody."""

    wish: Wish
    address: str
    sender: tuple[str | int, ...] = ()


class Inbox:
    """Keeps the order of what was asked last: a value goes to the end when it is asked for anew, so that a preset between
    two values of a parameter is followed by the second, and a value before a preset is overruled by it."""

    def __init__(self) -> None:
        self._waiting: dict[str | int, Asked] = {}
        self._actions = self._number = 0
        self._changed = threading.Condition()

    def put(self, asked: Asked) -> bool:
        """Take a wish; False where too many actions wait already."""
        with self._changed:
            if asked.wish.is_action:
                if self._actions == MOST_ACTIONS:
                    return False
                self._actions += 1
                self._number += 1
                self._waiting[self._number] = asked
            else:
                self._waiting.pop(asked.wish.name, None)
                self._waiting[asked.wish.name] = asked
            self._changed.notify()
        return True

    def take(self, values_from: float, until: float) -> list[Asked]:
        """All that waits, in order: at once where there is an action, where there are values alone from the time
        ``values_from`` on, and nothing at the time ``until`` (both by ``time.perf_counter``)."""
        with self._changed:
            while not self._actions:
                now = time.perf_counter()
                if now >= until or (self._waiting and now >= values_from):
                    break
                self._changed.wait((values_from if self._waiting else until) - now)
            taken, self._waiting, self._actions = list(self._waiting.values()), {}, 0
        return taken
