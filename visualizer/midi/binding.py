"""What a control is bound to: a parameter or an action, and what its way means there."""

from __future__ import annotations

from dataclasses import dataclass, replace

from visualizer.actions import ACTIONS
from visualizer.midi.messages import CHANNELS, KINDS, MOST, PAIRED, Control
from visualizer.parameters import PARAMETERS


class BindingError(ValueError):
    """Something that no control can be bound to, or not so; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Binding:
    """A control and the name of a parameter or an action.

    low, high: what a number is at the two ends of the control's way, in its own unit; low may be the larger one. pick_up:
    a fader does nothing until it passes the value there is. hold: what is on or off is on while the control is pressed,
    rather than changed by each press. text: the words for an action that takes words.
    """

    control: Control
    name: str
    low: float = 0.0
    high: float = 1.0
    pick_up: bool = False
    hold: bool = False
    text: str = ""

    @property
    def kind(self) -> str:
        """What the name takes: "number", "trigger", "bool" or "text"."""
        return kind_of(self.name)


def kind_of(name: str) -> str:
    """What a name takes: "number", "trigger", "bool" or "text"; raises BindingError for what no control can move."""
    if name in ACTIONS:
        return "trigger" if ACTIONS[name].is_trigger else ACTIONS[name].kind
    if name not in PARAMETERS:
        raise BindingError(f"there is no parameter or action {name!r}; `visualizer osc` lists those that there are")
    if not PARAMETERS[name].is_number:
        raise BindingError(f"{name} takes words, which no control can say")
    return "number"


def span_of(name: str) -> tuple[float, float]:
    """The range of a name that takes a number, and (0, 1) for another."""
    declared = PARAMETERS.get(name) or ACTIONS.get(name)
    return (declared.low, declared.high) if declared is not None and kind_of(name) == "number" else (0.0, 1.0)


def bindable() -> tuple[str, ...]:
    """Every name that a control can be bound to."""
    return (*(name for name, parameter in PARAMETERS.items() if parameter.is_number), *ACTIONS)


def bound(control: Control, name: str) -> Binding:
    """A binding over the whole range; a parameter is picked up. Raises BindingError for what cannot be bound."""
    low, high = span_of(name)
    return checked(Binding(control, name, low, high, pick_up=name in PARAMETERS and control.kind != "note"))


def checked(binding: Binding) -> Binding:
    """The binding, its ends brought into range; raises BindingError where it makes no sense."""
    control = binding.control
    if control.kind not in KINDS:
        raise BindingError(f"there is no control of the kind {control.kind!r}, only {', '.join(KINDS)}")
    if not 1 <= control.channel <= CHANNELS:
        raise BindingError(f"channels are 1 to {CHANNELS}, not {control.channel}")
    most = {"bend": 0, "program": 0, "cc14": PAIRED - 1}.get(control.kind, MOST)
    if not 0 <= control.number <= most:
        raise BindingError(f"the number of a control of the kind {control.kind} is 0 to {most}, not {control.number}")
    low, high = span_of(binding.name)
    if binding.kind == "text" and not binding.text and control.kind != "program":
        raise BindingError(f"{binding.name} takes words; say which, or bind it to a program change")
    return replace(binding, low=min(high, max(low, binding.low)), high=min(high, max(low, binding.high)))
