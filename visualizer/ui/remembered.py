"""What the desk remembers from one evening to the next: its window, its input, what was played, and on which screen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from visualizer.control.route import Route
from visualizer.parameters import PARAMETERS
from visualizer.preset import Preset
from visualizer.resources import user_folder


class RememberedError(ValueError):
    """What was remembered cannot be read; the message is one sentence."""


@dataclass(slots=True)
class Remembered:
    """source: as in ``ShowSettings``, "" for none. look: as plain values (``plain_look``), None for none. own: the show's
    own values by parameter name. geometry: of the window, as Qt saves it, in hexadecimal. screen: the stage's. tab: of
    the desk's side. aspect: how the picture lies on the stage, "fit" or "fill". link: whether Ableton Link is on.
    model: the folder of what painted, "" for what ships. pixels: [width, height], empty for the model's own. backend: as
    chosen. styles: files. picture: what was painted over, as in ``ShowSettings``.
    """

    source: str = ""
    look: dict[str, Any] | None = None
    own: dict[str, float | str] = field(default_factory=dict)
    geometry: str = ""
    screen: str = ""
    tab: int = 0
    aspect: str = "fit"
    link: bool = False
    model: str = ""
    pixels: list[int] = field(default_factory=list)
    backend: str = ""
    styles: list[str] = field(default_factory=list)
    picture: str = ""


def default_file() -> Path:
    """Where it is kept."""
    return user_folder("settings") / "desk.json"


def plain_look(preset: Preset) -> dict[str, Any]:
    """A look as plain values."""
    routes = [route.as_json() for route in preset.routes]
    return {"name": preset.name, "title": preset.title, "values": dict(preset.values), "routes": routes}


def look_of(plain: Mapping[str, Any]) -> Preset:
    """The inverse of ``plain_look``; raises RememberedError in one sentence for what this version does not know."""
    try:
        values = {name: PARAMETERS[name].check(value) for name, value in plain["values"].items()}
        routes = tuple(Route.from_json(route) for route in plain["routes"])
        return Preset(str(plain["name"]), str(plain["title"]), values, routes)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RememberedError(f"The look played last cannot be taken up ({error}): the usual one plays.") from None


def load(path: Path) -> Remembered:
    """What was kept; fresh where there is nothing. Raises RememberedError in one sentence for a file that is broken."""
    try:
        kept = json.loads(path.read_text("utf-8"))
        if not isinstance(kept, dict):
            raise ValueError("it is no table")
        known = {name: kept[name] for name in Remembered.__dataclass_fields__ if name in kept}
        fresh = asdict(Remembered())
        for name, value in known.items():
            if fresh[name] is not None and not isinstance(value, type(fresh[name])):
                raise ValueError(f"{name} is {value!r}")
        return Remembered(**known)
    except FileNotFoundError:
        return Remembered()
    except (OSError, ValueError, TypeError) as error:
        raise RememberedError(f"What the desk remembered in {path} cannot be read ({error}): it begins anew.") from None


def save(remembered: Remembered, path: Path) -> None:
    """Keep it: the file is replaced whole or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(asdict(remembered), indent=1) + "\n", "utf-8")
    part.replace(path)
