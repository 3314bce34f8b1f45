"""What a message asks of the show: the one table of addresses, made from parameters and actions.

An address is looked up as it stands. Patterns (``*``, ``?``, ``[]``, ``{}``) are refused: matching them by regular
expressions is how one packet can hold a server for minutes, and a show has few enough addresses to name them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from visualizer.actions import ACTIONS, Action
from visualizer.osc.codec import Message, Value
from visualizer.parameters import OSC_ROOT, PARAMETERS, Parameter
from visualizer.remote.inbox import Wish

PING, PONG, ERROR, HEARD = (f"{OSC_ROOT}/{name}" for name in ("ping", "pong", "error", "heard"))

OURS = (PONG, ERROR, f"{HEARD}/")
"""What the program itself says. It is passed over without an answer: two programs that answer each other never stop."""

NORM = "/norm"
"""After a numeric parameter's address: 0–1 over its range."""

LONGEST_TEXT = 1000
"""Signs."""

_PATTERN = frozenset("*?[]{}")


class Refused(ValueError):
    """A message that asks for nothing that can be done; one sentence for its sender."""


def wish(message: Message) -> Wish | None:
    """What a message asks for, brought into range; None for nothing. Raises Refused."""
    if message.fault:
        raise Refused(message.fault)
    reader = _READERS.get(message.address)
    if reader is not None:
        return reader(message.values)
    if message.address.startswith(OURS):
        return None
    if _PATTERN.intersection(message.address):
        raise Refused("patterns are not expanded; send to each address by its name")
    raise Refused("nothing listens at this address; `visualizer osc` lists those that are")


def share(parameter: Parameter, value: float) -> float:
    """Where in its range a numeric parameter's value lies, 0–1."""
    return (value - parameter.low) / (parameter.high - parameter.low)


def _one(name: str, what: str, values: tuple[Value, ...]) -> Value:
    if len(values) != 1:
        raise Refused(f"{name} takes {what}; this message has {len(values)} values")
    return values[0]


def _number(name: str, values: tuple[Value, ...]) -> float:
    value = _one(name, "one number", values)
    if value is None or isinstance(value, str):
        raise Refused(f"{name} takes a number")
    if math.isnan(value):
        raise Refused(f"{name} takes a number, not NaN")
    return float(value)


def _text(name: str, values: tuple[Value, ...]) -> str:
    value = _one(name, "one text", values)
    if not isinstance(value, str):
        raise Refused(f"{name} takes text")
    if len(value) > LONGEST_TEXT:
        raise Refused(f"{name} takes {LONGEST_TEXT} signs at most, not {len(value)}")
    return value


def _parameter(parameter: Parameter, values: tuple[Value, ...]) -> Wish:
    if parameter.is_number:
        return Wish(parameter.name, parameter.clamp(_number(parameter.name, values)), False)
    text = _text(parameter.name, values)
    if parameter.choices and text not in parameter.choices:
        raise Refused(f"{parameter.name} takes one of {', '.join(parameter.choices)}")
    return Wish(parameter.name, text, False)


def _norm(parameter: Parameter, values: tuple[Value, ...]) -> Wish:
    place = min(1.0, max(0.0, _number(parameter.name + NORM, values)))
    return Wish(parameter.name, parameter.clamp(parameter.low + place * (parameter.high - parameter.low)), False)


def _amount(action: Action, values: tuple[Value, ...]) -> Wish:
    return Wish(action.name, min(action.high, max(action.low, _number(action.name, values))), True)


def _numbered(action: Action, values: tuple[Value, ...]) -> Wish | None:
    """A trigger that may say which; less than a half is a button that is let go."""
    if values in ((), (None,)):
        return Wish(action.name, None, True)
    number = _number(action.name, values)
    return None if number < 0.5 else Wish(action.name, float(round(min(action.high, max(action.low, number)))), True)


def _trigger(action: Action, values: tuple[Value, ...]) -> Wish | None:
    """A button says 1 when it is pressed and 0 when it is let go: only the first counts."""
    if values not in ((), (None,)) and _number(action.name, values) < 0.5:
        return None
    return Wish(action.name, None, True)


def _switch(action: Action, values: tuple[Value, ...]) -> Wish:
    return Wish(action.name, _number(action.name, values) >= 0.5, True)


def _words(action: Action, values: tuple[Value, ...]) -> Wish:
    return Wish(action.name, _text(action.name, values), True)


_ACTION_READERS: dict[str, Callable[[Action, tuple[Value, ...]], Wish | None]] = {
    "trigger": _trigger, "numbered": _numbered, "bool": _switch, "number": _amount, "text": _words,
}  # fmt: skip


def _readers() -> dict[str, Callable[[tuple[Value, ...]], Wish | None]]:
    readers: dict[str, Callable[[tuple[Value, ...]], Wish | None]] = {}
    for parameter in PARAMETERS.values():
        readers[parameter.osc_address] = partial(_parameter, parameter)
        if parameter.is_number:
            readers[parameter.osc_address + NORM] = partial(_norm, parameter)
    for action in ACTIONS.values():
        readers[action.osc_address] = partial(_ACTION_READERS[action.kind], action)
    return readers


_READERS = _readers()
