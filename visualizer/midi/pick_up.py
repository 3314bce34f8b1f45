"""A fader that stands elsewhere than the value: it waits until it passes it, so that nothing jumps."""

from __future__ import annotations

CARRIED_OUT_S = 0.3
"""So long after it was asked for, a value may still be what it was before."""


class PickUp:
    """Of one fader and one value. A fader has the value from where it passes it until somebody else moves it."""

    def __init__(self) -> None:
        self._before: float | None = None
        self._asked: float | None = None
        self._asked_at = 0.0

    def takes(self, wanted: float, present: float, step: float, now: float) -> bool:
        """Whether the fader, which now stands at ``wanted``, moves the value, which now is ``present``. step: of the fader,
        in the value's unit; now: seconds."""
        before, self._before = self._before, wanted
        if not self._has(present, step, now):
            passed = before is not None and min(before, wanted) <= present <= max(before, wanted)
            if not passed and abs(wanted - present) > step:
                return False
        self._asked, self._asked_at = wanted, now
        return True

    def _has(self, present: float, step: float, now: float) -> bool:
        if self._asked is None:
            return False
        return now - self._asked_at < CARRIED_OUT_S or abs(present - self._asked) <= step / 2
