"""Finding out which control was moved."""

from __future__ import annotations

from visualizer.midi.messages import PAIRED, Control, Move

PAIR_S = 0.05
"""A controller waits so long for its fine half before it is one by itself."""

TOUCH_S = 0.5
"""A note waits so long where a number is wanted: some faders say that they are touched before they move."""


class Learning:
    """Hears moves until one control is known. wants_number: a fader or knob is looked for rather than a key."""

    def __init__(self, wants_number: bool) -> None:
        self._wants_number = wants_number
        self._candidate: Control | None = None
        self._until = 0.0

    def push(self, move: Move, now: float) -> Control | None:
        """Take a move at ``now`` (s); the control, once it is known."""
        control, candidate = move.control, self._candidate
        if control.kind in ("cc14",) or (control.kind == "note" and not move.value):
            return self.settled(now)
        if candidate is not None and candidate.kind == "cc":
            fine = Control("cc", candidate.channel, candidate.number + PAIRED)
            return Control("cc14", candidate.channel, candidate.number) if control == fine else candidate
        if control.kind == "note" and self._wants_number:
            if candidate is None:
                self._candidate, self._until = control, now + TOUCH_S
            return self.settled(now)
        if control.kind != "cc" or control.number >= PAIRED:
            return control
        self._candidate, self._until = control, now + PAIR_S
        return None

    def settled(self, now: float) -> Control | None:
        """The control that has waited long enough for another; None where there is none."""
        return self._candidate if now >= self._until else None
