"""Moves: what a hand changes while the show runs, from the desk, OSC or MIDI, each at its place in the sound.

A move is kept as plain values (``as_json``, ``from_json``), so that a live set can be played again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from visualizer.control.route import Route
from visualizer.parameters import PARAMETERS


@dataclass(frozen=True, slots=True)
class SetValue:
    """Give a parameter a value, or one of the prompts a text."""

    name: str
    value: float | str

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", PARAMETERS[self.name].check(self.value))


@dataclass(frozen=True, slots=True)
class SetRoutes:
    """Replace all routes."""

    routes: tuple[Route, ...]


@dataclass(frozen=True, slots=True)
class ChangeLook:
    """Go over to a look in ``fade_s`` seconds. values: of all its parameters, by name."""

    values: Mapping[str, float | str]
    routes: tuple[Route, ...]
    fade_s: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", {name: PARAMETERS[name].check(value) for name, value in self.values.items()})


@dataclass(frozen=True, slots=True)
class LimitSteps:
    """Paint so many steps at most, whatever the look asks for; None for as many as it asks for. The time a frame may take
    says so, and it counts among the moves because the pictures of a set depend on it."""

    most: int | None


Move = SetValue | SetRoutes | ChangeLook | LimitSteps


def as_json(move: Move) -> dict[str, Any]:
    """The move as plain values."""
    if isinstance(move, SetValue):
        return {"set": move.name, "value": move.value}
    if isinstance(move, LimitSteps):
        return {"most_steps": move.most}
    routes = [route.as_json() for route in move.routes]
    if isinstance(move, SetRoutes):
        return {"routes": routes}
    return {"look": dict(move.values), "routes": routes, "fade": move.fade_s}


def from_json(plain: Mapping[str, Any]) -> Move:
    """The inverse of ``as_json``; raises KeyError, TypeError, ParameterError or RouteError for what is no move."""
    if "set" in plain:
        return SetValue(plain["set"], plain["value"])
    if "most_steps" in plain:
        return LimitSteps(None if plain["most_steps"] is None else int(plain["most_steps"]))
    routes = tuple(Route.from_json(route) for route in plain["routes"])
    return ChangeLook(plain["look"], routes, float(plain["fade"])) if "look" in plain else SetRoutes(routes)
