"""Presets: one look of the show as a TOML file, checked against ``PARAMETERS`` and ``Route``.

::

    title = "Deep nebula"
    [values]
    "picture/prompt" = "glowing violet nebula"
    [[routes]]
    source = "bass"
    target = "motion/zoom"
    gain = 0.6
    attack = 0.01   # s
    release = 0.3   # s
    min = 0.0       # in the target's unit, as max; both may be left out
    max = 1.0

A parameter that is not named has its default.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from visualizer import resources
from visualizer.control.route import WORDS, Route, RouteError, nearest
from visualizer.parameters import PARAMETERS, ParameterError, defaults

if TYPE_CHECKING:
    from engines.model import ModelInfo

NOT_OF_A_LOOK = "this belongs to the show, not to a look"


class PresetError(ValueError):
    """A preset that cannot be used; the message is one sentence that names file, line and key."""


@dataclass(frozen=True, slots=True)
class Preset:
    """One look. name: the file's stem. values: by parameter name, only those that the preset sets."""

    name: str
    title: str
    values: Mapping[str, float | str]
    routes: tuple[Route, ...] = ()

    def complete(self) -> dict[str, float | str]:
        """The value of every parameter of a look, those the preset leaves out at their defaults."""
        return {**defaults(), **self.values}

    def on(self, info: ModelInfo) -> Preset:
        """The look on a model: steps, change and guidance that it leaves open are as the model is made for."""
        made_for = {"picture/steps": float(info.steps), "picture/change": info.change, "picture/guidance": info.text_scale}
        return replace(self, values={**made_for, **self.values})

    @property
    def prompt(self) -> str:
        """What the look paints, in words."""
        return str(self.complete()["picture/prompt"])

    @property
    def prompts(self) -> tuple[str, str]:
        """What it paints at both ends of its mix."""
        return self.prompt, str(self.complete()["picture/prompt_b"])

    def numbers(self) -> dict[str, float]:
        """Every numeric parameter's value: the base of a ``Modulator``."""
        return {name: float(value) for name, value in self.complete().items() if PARAMETERS[name].is_number}


class _Source:
    """A preset's text and where in it a key stands."""

    def __init__(self, path: Path, text: str) -> None:
        self._path, self._lines = path, text.splitlines()

    def line(self, table: str, number: int, key: str | None) -> int:
        """The line, from 1, of ``key`` in the ``number``-th table of that name ("" is the top), or of the table."""
        seen, current, head = 0 if table == "" else -1, "", 1
        for at, text in enumerate(self._lines, 1):
            if header := re.match(r"\s*\[+\s*([^\]]*?)\s*\]", text):
                current = header[1].strip("\"'")
                if current == table:
                    seen += 1
                    head = at if seen == number else head
            elif current == table and seen == number and key is not None:
                name = re.match(r"""\s*("(?:[^"\\]|\\.)*"|'[^']*'|[^\s="'.]+)\s*[=.]""", text)
                if name and name[1].strip("\"'") == key:
                    return at
            elif current == "" and seen == -1 and re.match(rf"""\s*["']?{re.escape(table)}["']?\s*[=.]""", text):
                head = at  # written in one line, without a header
        return head

    def refuse(self, table: str, number: int, key: str | None, message: str) -> PresetError:
        """The error for that place."""
        place = f"{self._path}, line {self.line(table, number, key)}"
        return PresetError(f"{place}, {key}: {message}" if key else f"{place}: {message}")


def _read(path: Path) -> tuple[_Source, dict[str, Any]]:
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise PresetError(f"{path}: byte {error.start} is not UTF-8 text") from None
    except OSError as error:
        raise PresetError(f"{path} cannot be read: {error.strerror or error}") from None
    try:
        return _Source(path, text), tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line (\d+)", str(error))
        line = int(place[1]) if place else len(text.splitlines())
        what = re.sub(r"\s*\(at .*\)$", "", str(error))
        raise PresetError(f"{path}, line {line}: this is not TOML ({what})") from None
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, brackets in brackets
        raise PresetError(f"{path}: this is not TOML that a preset needs ({error})") from None


def _route(source: _Source, number: int, table: object) -> Route:
    if not isinstance(table, dict):
        raise source.refuse("", 0, "routes", "each route is a table that begins with [[routes]]")
    for key in table:
        if key not in WORDS.values():
            raise source.refuse("routes", number, key, f"no such key in a route{nearest(key, WORDS.values())}")
    for key in ("source", "target", "gain"):
        if key not in table:
            raise source.refuse("routes", number, None, f"this route has no {key}")
    try:
        return Route.from_json(table)
    except RouteError as error:
        raise source.refuse("routes", number, WORDS[error.field], str(error)) from None
    except OverflowError:
        raise source.refuse("routes", number, None, "a number in this route is far out of range") from None


def load_preset(path: str | os.PathLike[str]) -> Preset:
    """Read a preset; raises PresetError for whatever the show could not use as it stands."""
    path = Path(path)
    source, content = _read(path)
    for key in content:
        if key not in (known := ("title", "values", "routes")):
            hint = f'; it belongs under [values], quoted: "{key}"' if key in PARAMETERS else nearest(key, known)
            # An unknown table has its header for a line, an unknown key its own.
            table, inner = (key, None) if isinstance(content[key], (dict, list)) else ("", key)
            raise source.refuse(table, 0, inner, f"no such key {key} in a preset{hint}")
    title = content.get("title", path.stem)
    if not isinstance(title, str):
        raise source.refuse("", 0, "title", f"a title is text, not {title!r}")
    given, routes = content.get("values", {}), content.get("routes", [])
    if not isinstance(given, dict):
        raise source.refuse("", 0, "values", "the values are a table that begins with [values]")
    if not isinstance(routes, list):
        raise source.refuse("routes", 0, None, "routes are tables that each begin with [[routes]]")
    values: dict[str, float | str] = {}
    for key, value in given.items():
        if key not in PARAMETERS:
            raise source.refuse("values", 0, key, f"there is no such parameter{nearest(key, PARAMETERS)}")
        if not PARAMETERS[key].look:
            raise source.refuse("values", 0, key, f"{NOT_OF_A_LOOK}: leave it out")
        try:
            values[key] = PARAMETERS[key].check(value)
        except ParameterError as error:
            raise source.refuse("values", 0, key, str(error)) from None
    return Preset(path.stem, title, values, tuple(_route(source, i, table) for i, table in enumerate(routes)))


def list_presets() -> dict[str, Path]:
    """The files of all presets by name, in alphabetical order; the user's own come before the shipped of that name."""
    found = {path.stem: path for path in resources.presets_folder().glob("*.toml")}
    found |= {path.stem: path for path in resources.user_folder("presets").glob("*.toml")}
    return dict(sorted(found.items()))


def find_preset(name: str) -> Preset:
    """The preset of that name or in that .toml file; raises PresetError with the nearest known name."""
    if Path(name).suffix == ".toml":
        return load_preset(name)
    known = list_presets()
    if name not in known:
        raise PresetError(f"there is no preset {name!r}{nearest(name, known)}")
    return load_preset(known[name])


_ESCAPES = {"\\": "\\\\", '"': '\\"', "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def _text(value: str) -> str:
    """A TOML basic string; control characters are escaped, half a surrogate pair becomes U+FFFD."""
    out = []
    for sign in value:
        code = ord(sign)
        if 0xD800 <= code <= 0xDFFF:
            sign = "\ufffd"
        elif sign not in _ESCAPES and (code < 0x20 or code == 0x7F):
            sign = f"\\u{code:04X}"
        out.append(_ESCAPES.get(sign, sign))
    return '"' + "".join(out) + '"'


def _toml(value: float | str) -> str:
    if isinstance(value, str):
        return _text(value)
    return repr(int(value)) if float(value).is_integer() else repr(float(value))


def save_preset(preset: Preset, path: str | os.PathLike[str]) -> None:
    """Write a preset that ``load_preset`` reads back as it is, under the name of the file.

    The file is replaced whole or not at all. Raises ParameterError or KeyError for values that no preset may hold, and
    OSError when the file cannot be written.
    """
    path = Path(path)
    for name in preset.values:
        if not PARAMETERS[name].look:
            raise ParameterError(f"{name}: {NOT_OF_A_LOOK}")
    lines = [f"title = {_text(preset.title)}", "", "[values]"]
    lines += [f"{_text(name)} = {_toml(PARAMETERS[name].check(value))}" for name, value in preset.values.items()]
    for route in preset.routes:
        lines += ["", "[[routes]]"]
        lines += [f"{word} = {_toml(value)}" for word, value in route.as_json().items() if value is not None]
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(("\n".join(lines) + "\n").encode())
    part.replace(path)
