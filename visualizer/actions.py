"""Everything that can be asked of a show beside its parameters, declared once.

OSC addresses, OSCQuery nodes and the reference page are made from ``ACTIONS``; nothing else lists actions.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from visualizer.parameters import OSC_ROOT


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to ask for.

    kind: "trigger" takes nothing, "bool" is on or off, "text" takes words. doc: one line.
    """

    name: str
    kind: str
    doc: str

    @property
    def osc_address(self) -> str:
        """The address under which OSC reaches this action."""
        return f"{OSC_ROOT}/{self.name}"


_DECLARED = (
    Action("tempo/tap", "trigger", "A beat is now; one tap sets the phase, two are a tempo."),
    Action("tempo/flip", "trigger", "Move the beat by half a beat, or back."),
    Action("tempo/downbeat", "trigger", "The beat nearest to now is the first of its bar."),
    Action("preset", "text", "Change to the preset of that name."),
    Action("preset/next", "trigger", "Change to the next preset in alphabetical order."),
    Action("preset/previous", "trigger", "Change to the preset before."),
    Action("output/blackout", "bool", "Show black."),
    Action("output/freeze", "bool", "Hold the picture as it is."),
    Action("record", "bool", "Record to a file."),
)

ACTIONS: MappingProxyType[str, Action] = MappingProxyType({action.name: action for action in _DECLARED})
