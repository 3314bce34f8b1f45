"""Everything that can be asked of a show beside its parameters, declared once.

OSC addresses, OSCQuery nodes, what MIDI can be bound to and the reference page are made from ``ACTIONS``; nothing else
lists actions.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from visualizer.parameters import OSC_ROOT


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to ask for.

    kind: "trigger" takes nothing, "numbered" is a trigger that may say a whole number, "bool" is on or off, "number" takes
    one, "text" takes words. doc: one line. low, high: inclusive range of a number. unit: "" when it has none.
    """

    name: str
    kind: str
    doc: str
    low: float = 0.0
    high: float = 1.0
    unit: str = ""

    @property
    def is_trigger(self) -> bool:
        """Whether it happens at a moment and has no value."""
        return self.kind in ("trigger", "numbered")

    @property
    def osc_address(self) -> str:
        """The address under which OSC reaches this action."""
        return f"{OSC_ROOT}/{self.name}"


_DECLARED = (
    Action("tempo/tap", "trigger", "A beat is now; one tap sets the phase, two are a tempo."),
    Action("tempo/flip", "trigger", "Move the beat by half a beat, or back."),
    Action("tempo/downbeat", "trigger", "The beat nearest to now is the first of its bar."),
    Action("tempo/bpm", "number", "A tempo that is held until it is let go; 0 lets go, below 20 is 20.", 0, 400, "BPM"),
    Action("tempo/beat", "numbered", "A beat is now, by a clock; with a number, that one of its bar.", 1, 16),
    Action("tempo/release", "trigger", "Let go of the tempo that tempo/bpm and tempo/beat hold."),
    Action("preset", "text", "Change to the preset of that name."),
    Action("preset/next", "trigger", "Change to the next preset in alphabetical order."),
    Action("preset/previous", "trigger", "Change to the preset before."),
    Action("output/blackout", "bool", "Show black."),
    Action("output/freeze", "bool", "Hold the picture as it is."),
    Action("record", "bool", "Record to a file."),
)

ACTIONS: MappingProxyType[str, Action] = MappingProxyType({action.name: action for action in _DECLARED})
