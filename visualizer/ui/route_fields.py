"""What can be chosen and typed in a route, read off ``Route`` itself, and how it is called."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import MISSING, Field, dataclass, fields

from visualizer.control.route import SOURCES, WORDS, Route
from visualizer.parameters import NUMBERS, PARAMETERS
from visualizer.ui import theme


@dataclass(frozen=True, slots=True)
class RouteField:
    """A number of a route. name: the field of ``Route``. label: as it is called. seconds: whether it is a time.

    of_target: whether it is in the target's unit. empty: what an empty field means; "" where there must be a number.
    """

    name: str
    label: str
    seconds: bool
    of_target: bool
    empty: str

    def unit(self, target: str) -> str:
        """The unit it is counted in, for a target."""
        return "s" if self.seconds else PARAMETERS[target].unit if self.of_target else ""

    def step(self, target: str) -> float:
        """How far an arrow key goes."""
        span = PARAMETERS[target].high - PARAMETERS[target].low
        return 0.01 if self.seconds else span / 100 if self.of_target else 0.1


def _read(field: Field[object]) -> RouteField:
    optional = field.default is not MISSING and field.default is None
    seconds = field.name.endswith("_s")
    empty = "range" if optional else ""
    return RouteField(field.name, WORDS[field.name], seconds, optional or field.name == "gain", empty)


ROUTE_FIELDS: tuple[RouteField, ...] = tuple(_read(f) for f in fields(Route) if f.name not in ("source", "target"))
"""The numbers of a route, in order."""

_FAMILIES = {
    "Loudness": ("loudness", "level", "energy"),
    "Bands": ("bass", "mid", "treble", "bass_level", "mid_level", "treble_level"),
    "Hits": ("flux", "onset", "onset_low", "onset_mid", "onset_high"),
    "Hits, absolute": ("onset_level", "onset_low_level", "onset_mid_level", "onset_high_level"),
    "Tone": ("brightness", "tension", "harmonic"),
    "Beat": ("beat", "bar"),
}


def source_groups() -> dict[str, list[str]]:
    """Everything a route can listen to, under headings; what has no family stands at the end."""
    groups = {heading: [name for name in family if name in SOURCES] for heading, family in _FAMILIES.items()}
    known = {name for family in groups.values() for name in family}
    groups["More"] = [name for name in SOURCES if name not in known]
    return {heading: names for heading, names in groups.items() if names}


def target_groups() -> dict[str, list[str]]:
    """Everything that sound may move, by group."""
    groups: dict[str, list[str]] = {}
    for name in NUMBERS:
        if PARAMETERS[name].modulated:
            groups.setdefault(name.split("/", 1)[0].capitalize(), []).append(name)
    return groups


def labels(names: Iterable[str]) -> dict[str, str]:
    """Names as they are read."""
    return {name: name.replace("_", " ").replace("/", " / ") for name in names}


def colour_of(source: str) -> str:
    """The colour of a source's meter: that of its band, where it has one."""
    words = source.split("_")
    for word, colour in zip((("bass", "low"), ("mid",), ("treble", "high")), theme.LOW_MID_HIGH, strict=True):
        if any(part in word for part in words):
            return colour
    return theme.YELLOW if source in ("beat", "bar") else theme.ACCENT
