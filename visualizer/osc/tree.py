"""The OSCQuery tree: every address that can be sent to, with type, range and the value now.

After the OSCQuery proposal (Vidvox). A node is a dictionary ready for JSON; a trigger has no value, and takes an impulse
("I") or nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from visualizer.actions import ACTIONS, Action
from visualizer.osc.endpoint import Endpoint
from visualizer.osc.wishes import NORM, PING, share
from visualizer.parameters import PARAMETERS, Parameter
from visualizer.remote.target import Target

READ_WRITE, WRITE, NOTHING = 3, 2, 0

ATTRIBUTES = ("FULL_PATH", "CONTENTS", "TYPE", "ACCESS", "RANGE", "VALUE", "DESCRIPTION", "CLIPMODE")
"""What a node may have; the first two every reader must know, the others are the proposal's options."""

NAME = "TPoS Live"


@dataclass(frozen=True, slots=True)
class _Method:
    """One address. value: asks for what it is now, None where it has none."""

    fixed: dict[str, Any]
    value: Callable[[], float | str | bool] | None

    def attributes(self) -> dict[str, Any]:
        """All but FULL_PATH and CONTENTS. TYPE of a switch is T or F, as its value is."""
        if self.value is None:
            return self.fixed
        value = self.value()
        kind = {"TYPE": "T" if value else "F"} if isinstance(value, bool) else {}
        return {**self.fixed, **kind, "VALUE": [int(value) if self.fixed["TYPE"] == "i" else value]}


class Tree:
    """The tree of a target's addresses. Any thread may ask."""

    def __init__(self, target: Target) -> None:
        self._methods: dict[str, _Method] = {
            PING: _Method(_fixed("s", WRITE, "Answers with the same text, and the version."), None)
        }
        for parameter in PARAMETERS.values():
            self._add_parameter(target, parameter)
        for action in ACTIONS.values():
            self._methods[action.osc_address] = _action(target, action)
        self._below: dict[str, list[str]] = {}  # the names under each path
        for address in self._methods:
            parts = address.split("/")[1:]
            for depth, name in enumerate(parts):
                names = self._below.setdefault("/" + "/".join(parts[:depth]), [])
                if name not in names:
                    names.append(name)

    def _add_parameter(self, target: Target, parameter: Parameter) -> None:
        ask = _asks(target, parameter.name)
        doc = f"{parameter.doc} ({parameter.unit})" if parameter.unit else parameter.doc
        if not parameter.is_number:
            span = {"RANGE": [{"VALS": list(parameter.choices)}]} if parameter.choices else {}
            self._methods[parameter.osc_address] = _Method({**_fixed("s", READ_WRITE, doc), **span}, ask)
            return
        kind = "i" if parameter.kind == "int" else "f"
        ends = [int(end) if kind == "i" else end for end in (parameter.low, parameter.high)]
        fixed = {**_fixed(kind, READ_WRITE, doc), **_ranged(*ends)}
        self._methods[parameter.osc_address] = _Method(fixed, ask)
        fixed = {**_fixed("f", READ_WRITE, f"{parameter.doc} (0–1 over its range)"), **_ranged(0.0, 1.0)}
        self._methods[parameter.osc_address + NORM] = _Method(fixed, lambda: share(parameter, float(ask())))

    def node(self, path: str) -> dict[str, Any] | None:
        """The node at ``path`` with all beneath it; None where there is none."""
        path = "/" + path.strip("/")
        method, below = self._methods.get(path), self._below.get(path, ())
        if method is None and not below:
            return None
        node: dict[str, Any] = {"FULL_PATH": path, "ACCESS": NOTHING}
        if method is not None:
            node |= method.attributes()
        if below:
            node["CONTENTS"] = {name: self.node(f"{path}/{name}") for name in below}
        return node


def _action(target: Target, action: Action) -> _Method:
    kind = {"trigger": "I", "numbered": "i", "bool": "T", "number": "f", "text": "s"}[action.kind]
    value = None if action.is_trigger else _asks(target, action.name)
    span = _ranged(*(int(end) if kind == "i" else end for end in (action.low, action.high))) if kind in "if" else {}
    return _Method({**_fixed(kind, WRITE if value is None else READ_WRITE, action.doc), **span}, value)


def host_info(osc: Endpoint) -> dict[str, Any]:
    """What HOST_INFO answers. osc: where OSC listens; where that is every address, the asker knows one of them."""
    info: dict[str, Any] = {"NAME": NAME, "OSC_PORT": osc.port, "OSC_TRANSPORT": "UDP"}
    if not osc.is_every:
        info["OSC_IP"] = osc.host
    return {**info, "EXTENSIONS": {**dict.fromkeys(ATTRIBUTES[2:], True), "LISTEN": False}}


def _asks(target: Target, name: str) -> Callable[[], float | str | bool]:
    return lambda: target.get(name)


def _fixed(kind: str, access: int, doc: str) -> dict[str, Any]:
    return {"TYPE": kind, "ACCESS": access, "DESCRIPTION": doc}


def _ranged(low: float, high: float) -> dict[str, Any]:
    return {"RANGE": [{"MIN": low, "MAX": high}], "CLIPMODE": ["both"]}
