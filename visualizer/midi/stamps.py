"""When a MIDI message really came: the system's own time between messages, without the wait for the interpreter."""

from __future__ import annotations

DRIFT = 0.0005
"""By how much at most the system's MIDI clock runs slower than ours."""

ASTRAY_S = 0.25
"""Further apart the two clocks are not the same: begin anew."""


class Stamps:
    """Ties the time between messages to monotonic seconds. A message is never taken in before it came, so the one that
    waited least tells where the other clock stands."""

    def __init__(self) -> None:
        self._theirs = 0.0
        self._offset: float | None = None
        self._now = 0.0

    def at(self, now: float, since_last: float) -> float:
        """When a message came that is taken in at ``now``, ``since_last`` seconds after the one before it."""
        passed, self._now = max(0.0, now - self._now), now
        self._theirs += max(0.0, since_last)
        behind = now - self._theirs
        if self._offset is not None and behind - self._offset <= ASTRAY_S:
            self._offset = min(self._offset + DRIFT * passed, behind)
        else:
            self._offset = behind
        return self._theirs + self._offset
