"""The thread that hands what was asked for over to the show."""

from __future__ import annotations

import time
from collections.abc import Callable

from visualizer.background import Background
from visualizer.failures import is_expected
from visualizer.remote.inbox import Asked, Inbox
from visualizer.remote.target import Target

FRAME_S = 1 / 120
"""Between two hand-overs of values: no show paints faster. Actions are not kept waiting: a tap counts when it is made."""

LOOK_S = 0.2
"""How often the thread sees whether it is to end."""


class HandOver:
    """Empties an inbox into a target from ``start`` until ``stop``. refused: told what was not done, and why in one
    sentence, on this thread."""

    def __init__(self, target: Target, inbox: Inbox, refused: Callable[[Asked, str], None], name: str) -> None:
        self._target, self._inbox, self._refused = target, inbox, refused
        self._thread = Background(self._run, name)

    def start(self) -> None:
        """Begin to hand over."""
        self._thread.start()

    def stop(self) -> None:
        """End; what still waits is left."""
        self._thread.stop()

    def _run(self) -> None:
        done = 0.0
        while not self._thread.stopping.is_set():
            taken = self._inbox.take(done + FRAME_S, time.perf_counter() + LOOK_S)
            for asked in taken:
                try:
                    self._do(asked)
                except Exception as error:
                    said = str(error) if is_expected(error) else f"this failed ({type(error).__name__}: {error})"
                    self._refused(asked, said)
            if taken:
                done = time.perf_counter()

    def _do(self, asked: Asked) -> None:
        if asked.wish.is_action:
            self._target.act(asked.wish.name, asked.wish.value)
        else:
            assert asked.wish.value is not None
            self._target.set(asked.wish.name, asked.wish.value)
