"""A route: from one measure of the sound to one parameter, with its envelope's times, its bounds and its curve."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Any

from visualizer.control.pulse import PULSES
from visualizer.parameters import NUMBERS, PARAMETERS
from visualizer.snapshots import Heard

_MEASURES = tuple(f.name for f in fields(Heard) if f.type == "float" and not f.name.endswith("_lufs"))

SOURCES: tuple[str, ...] = (*_MEASURES, *PULSES)
"""What a route can listen to: the fields of ``Heard`` that run over 0–1, and the beat's pulses."""

HIGHEST_GAIN = 1e6

LONGEST_S = 60.0
"""The longest attack or release."""


WORDS = {
    "source": "source",
    "target": "target",
    "gain": "gain",
    "attack_s": "attack",
    "release_s": "release",
    "low": "min",
    "high": "max",
    "curve": "curve",
}
"""What presets and messages call the fields of ``Route``."""

_FIELDS = {word: field for field, word in WORDS.items()}


class RouteError(ValueError):
    """A route that cannot be; the message is one sentence for the user. field: the field of ``Route`` at fault."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint for a mistyped name: ", did you mean …?", or what names there are when none is near."""
    known = list(known)
    close = get_close_matches(word, known, 1, 0.5)
    return f"; did you mean {close[0]}?" if close else f"; there are {', '.join(known)}"


@dataclass(frozen=True, slots=True)
class Route:
    """From ``source`` (a name in SOURCES) to ``target`` (a numeric parameter that sound may move).

    gain: the target's unit for a source of 1; negative lowers. attack_s, release_s: time constants of the envelope's
    rise and fall (63 % of a step), 0 follows at once. low, high: what the target may reach by this route, in its unit
    (a base outside is brought inside); None is the parameter's own range. curve: −1 to 1, the envelope to the power of
    4 to the curve: below 0 the quiet counts more, above 0 the loud alone. Raises RouteError.
    """

    source: str
    target: str
    gain: float
    attack_s: float = 0.01
    release_s: float = 0.3
    low: float | None = None
    high: float | None = None
    curve: float = 0.0

    def __post_init__(self) -> None:
        if self.source not in SOURCES:
            raise RouteError("source", f"{self.source!r} is nothing that is heard{nearest(str(self.source), SOURCES)}")
        movable = [name for name in NUMBERS if PARAMETERS[name].modulated]
        if self.target not in movable:
            if self.target in PARAMETERS:
                raise RouteError("target", f"{self.target!r} is not moved by sound; use another parameter")
            raise RouteError("target", f"{self.target!r} is no parameter{nearest(str(self.target), movable)}")
        parameter = PARAMETERS[self.target]
        for field, low, high in (
            ("gain", -HIGHEST_GAIN, HIGHEST_GAIN),
            ("attack_s", 0.0, LONGEST_S),
            ("release_s", 0.0, LONGEST_S),
            ("low", parameter.low, parameter.high),
            ("high", parameter.low, parameter.high),
            ("curve", -1.0, 1.0),
        ):
            value = getattr(self, field)
            if value is None and field in ("low", "high"):
                continue
            word = WORDS[field]
            if isinstance(value, bool) or not isinstance(value, (int, float)) or math.isnan(value):
                raise RouteError(field, f"a route's {word} is a number, not {value!r}")
            if not low <= value <= high:
                raise RouteError(field, f"{word} = {value:g} is out of range: it takes {low:g} to {high:g} here")
            object.__setattr__(self, field, float(value))
        if self.low is not None and self.high is not None and self.low > self.high:
            raise RouteError("low", f"a route's min {self.low:g} is above its max {self.high:g}")

    def as_json(self) -> dict[str, str | float | None]:
        """The route as plain values, in presets' words."""
        return {word: getattr(self, field) for field, word in WORDS.items()}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Route:
        """The inverse of ``as_json``; raises KeyError, TypeError or RouteError."""
        return cls(**{_FIELDS[word]: value for word, value in plain.items()})

    def push_from(self, base: float, envelope: float) -> float:
        """What the route adds to ``base`` for an envelope of 0–1."""
        parameter = PARAMETERS[self.target]
        low = parameter.low if self.low is None else self.low
        high = parameter.high if self.high is None else self.high
        curved = envelope ** 4.0**self.curve if self.curve else envelope
        return min(high, max(low, base + self.gain * curved)) - base
