"""The time a frame may take: fewer steps, then fewer pixels, before the pictures come too seldom.

It has no thread and reads no clock: it is told of each frame, and says what ought to change.
"""

from __future__ import annotations

from collections import deque
from typing import Literal

import numpy as np

WATCH_S = 1.0
"""What is judged by; after a change nothing is judged for as long."""

LEAST_FRAMES = 3
PATIENCE_S = 6.0
"""Only when there has been room for more for so long, more is tried …"""

LONGEST_PATIENCE_S = 300.0
"""… and where that was too much, twice as late the next time, up to this."""

ROOM = 1.15
"""More is tried where it is expected to leave so much more than the least rate."""

SMALLER = 0.75
"""What a side is multiplied by when the size is lowered."""

MULTIPLE = 64
"""Sides are multiples of it, which every model takes."""

Advice = Literal["fewer steps", "more steps", "smaller", "larger"]


class Budget:
    """Holds a least frame rate. most_steps: so many steps are painted at most; None for as many as are asked for."""

    def __init__(self) -> None:
        self.most_steps: int | None = None
        self._recent: deque[tuple[float, float]] = deque()
        self._quiet_until = 0.0
        self._roomy_since: float | None = None
        self._patience_s = PATIENCE_S
        self._raised_at = -LONGEST_PATIENCE_S

    def settle(self, at: float) -> None:
        """The next frames are none to judge by: something was changed at ``at`` (s)."""
        self._recent.clear()
        self._quiet_until = at + WATCH_S
        self._roomy_since = None

    def push(self, at: float, painted_s: float, steps: int, least_fps: float, shrunk: bool = False) -> Advice | None:
        """A frame was painted in ``painted_s`` seconds at ``at`` (s, rising); what to do now.

        steps: as many as are asked for. least_fps: the rate to hold, 0 for none. shrunk: whether it was painted with fewer
        pixels than were asked for. Advice on steps is in ``most_steps`` already; that on size is for whoever can follow it.
        """
        if least_fps <= 0:
            self.most_steps = None
            return "larger" if shrunk else None
        if at < self._quiet_until:
            return None
        self._recent.append((at, painted_s))
        while len(self._recent) > LEAST_FRAMES and self._recent[0][0] < at - WATCH_S:
            self._recent.popleft()
        if len(self._recent) < LEAST_FRAMES or at - self._recent[0][0] < WATCH_S / 2:
            return None
        rate = 1 / max(float(np.median([seconds for _, seconds in self._recent])), 1e-6)
        painted = steps if self.most_steps is None else min(steps, self.most_steps)
        if rate < least_fps:
            return self._lower(at, painted, rate / least_fps)
        return self._raise(at, painted, steps, rate, least_fps, shrunk)

    def _lower(self, at: float, painted: int, share: float) -> Advice:
        if at - self._raised_at < 2 * PATIENCE_S:
            self._patience_s = min(2 * self._patience_s, LONGEST_PATIENCE_S)
        self.settle(at)
        if painted == 1:
            return "smaller"
        self.most_steps = max(1, min(painted - 1, round(painted * share)))
        return "fewer steps"

    def _raise(
        self, at: float, painted: int, steps: int, rate: float, least_fps: float, shrunk: bool
    ) -> Advice | None:  # fmt: skip
        limited = self.most_steps is not None and painted < steps
        if shrunk:
            expected = rate * SMALLER**2
        elif limited:
            expected = rate * painted / (painted + 1)
        else:
            self.most_steps = None
            return None
        if expected < least_fps * ROOM:
            self._roomy_since = None
            return None
        if self._roomy_since is None:
            self._roomy_since = at
        if at - self._roomy_since < self._patience_s:
            return None
        self.settle(at)
        self._raised_at = at
        if shrunk:
            return "larger"
        self.most_steps = painted + 1
        return "more steps"


def smaller(size: tuple[int, int]) -> tuple[int, int]:
    """The next size below (width, height); the same where there is none."""
    width, height = (max(MULTIPLE, int(side * SMALLER) // MULTIPLE * MULTIPLE) for side in size)
    return width, height
