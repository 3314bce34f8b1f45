"""MIDI bytes to moves of controls.

Bytes come from anybody: whatever is no message that is known here is nothing, and nothing raises.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

KINDS = ("note", "cc", "cc14", "bend", "program")
"""Of controls; cc14 is a pair of controllers n and n + 32, coarse and fine."""

CHANNELS = 16
MOST, MOST_FINE = 127, 16383
PAIRED = 32
"""Controllers below this may have a fine half, this much higher."""

_NOTE_OFF, _NOTE_ON, _CC, _PROGRAM, _BEND = 0x80, 0x90, 0xB0, 0xC0, 0xE0
_LENGTHS = {_NOTE_OFF: 3, _NOTE_ON: 3, _CC: 3, _PROGRAM: 2, _BEND: 3}


@dataclass(frozen=True, slots=True)
class Control:
    """Something that can be moved. channel: 1–16. number: of the note or controller, from 0; 0 for bend and program."""

    kind: str
    channel: int
    number: int = 0

    def __str__(self) -> str:
        names = {
            "note": f"note {self.number}", "cc": f"CC {self.number}", "cc14": f"CC {self.number}+{self.number + PAIRED}",
            "bend": "pitch bend", "program": "program",
        }  # fmt: skip
        return f"{names.get(self.kind, self.kind)}, channel {self.channel}"

    @property
    def steps(self) -> int:
        """Into how many steps its way is divided."""
        return MOST_FINE if self.kind in ("cc14", "bend") else MOST


@dataclass(frozen=True, slots=True)
class Move:
    """A control was moved. value: 0 to its ``steps``; of a note its velocity, 0 when it is let go."""

    control: Control
    value: int

    @property
    def place(self) -> float:
        """The value, 0–1."""
        return self.value / self.control.steps


class Reader:
    """Reads one port's messages, each whole: it keeps the coarse half of pairs."""

    def __init__(self) -> None:
        self._coarse: dict[tuple[int, int], int] = {}

    def read(self, message: Sequence[int]) -> tuple[Move, ...]:
        """The moves in one message: a controller that may be half of a pair is one by itself, and the pair another."""
        if not message or not 0x80 <= message[0] < 0xF0:
            return ()
        kind, channel = message[0] & 0xF0, (message[0] & 0x0F) + 1
        data = message[1:]
        if len(message) != _LENGTHS.get(kind) or any(not 0 <= byte <= MOST for byte in data):
            return ()
        if kind == _PROGRAM:
            return (Move(Control("program", channel), data[0]),)
        if kind == _BEND:
            return (Move(Control("bend", channel), data[1] << 7 | data[0]),)
        if kind == _CC:
            return self._controller(channel, data[0], data[1])
        return (Move(Control("note", channel, data[0]), data[1] if kind == _NOTE_ON else 0),)

    def _controller(self, channel: int, number: int, value: int) -> tuple[Move, ...]:
        alone = Move(Control("cc", channel, number), value)
        if number < PAIRED:
            self._coarse[channel, number] = value
            return alone, Move(Control("cc14", channel, number), value << 7)
        coarse = self._coarse.get((channel, number - PAIRED))
        if coarse is None or number >= 2 * PAIRED:
            return (alone,)
        return alone, Move(Control("cc14", channel, number - PAIRED), coarse << 7 | value)
