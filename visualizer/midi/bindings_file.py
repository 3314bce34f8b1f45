"""What MIDI remembers, as a JSON file: ports, bindings, and whether the clock counts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from visualizer.midi.binding import Binding, BindingError, checked
from visualizer.midi.messages import Control
from visualizer.resources import user_folder

LARGEST_BYTES = 2**20
_BINDING = {
    "kind": str, "channel": int, "number": int, "name": str, "low": float, "high": float, "pick_up": bool, "hold": bool,
    "text": str,
}  # fmt: skip
_NEEDED = ("kind", "channel", "name")


class BindingsFileError(ValueError):
    """A file that cannot be read or written; the message is one sentence that names the place."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """ports: names of those that are to be open. clock: whether their clock is a source of tempo. api: the system's way to
    MIDI, such as "jack"; "" for the usual one."""

    ports: tuple[str, ...] = ()
    clock: bool = True
    api: str = ""
    bindings: tuple[Binding, ...] = ()


def default_path() -> Path:
    """Where the user's own lies."""
    return user_folder("midi") / "midi.json"


def load(path: Path) -> Remembered:
    """What stands in the file; nothing where there is none. Raises BindingsFileError."""
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise BindingsFileError(f"{path} is no file of MIDI bindings: it is larger than {LARGEST_BYTES} bytes")
        said = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return Remembered()
    except OSError as error:
        raise BindingsFileError(f"{path} cannot be read ({error.strerror or error})") from None
    except json.JSONDecodeError as error:
        raise BindingsFileError(f"{path}, line {error.lineno}: this is no JSON ({error.msg})") from None
    except (UnicodeDecodeError, RecursionError):
        raise BindingsFileError(f"{path} is no JSON file in UTF-8") from None
    _known(path, "", said, {"ports": list, "clock": bool, "api": str, "bindings": list}, ())
    ports = said.get("ports", [])
    if not all(isinstance(port, str) for port in ports):
        raise BindingsFileError(f"{path}: ports takes names of ports")
    bindings = tuple(_binding(path, number, entry) for number, entry in enumerate(said.get("bindings", []), 1))
    return Remembered(tuple(ports), said.get("clock", True), said.get("api", ""), bindings)


def save(path: Path, remembered: Remembered) -> None:
    """Write the file whole or not at all; raises BindingsFileError."""
    bindings = []
    for binding in remembered.bindings:
        flat = asdict(binding)
        bindings.append({**flat.pop("control"), **flat})
    said = {"ports": remembered.ports, "clock": remembered.clock, "api": remembered.api, "bindings": bindings}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        part.write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", "utf-8")
        part.replace(path)
    except OSError as error:
        raise BindingsFileError(f"MIDI bindings cannot be kept in {path} ({error.strerror or error})") from None


def _binding(path: Path, number: int, entry: Any) -> Binding:
    place = f"binding {number}: "
    _known(path, place, entry, _BINDING, _NEEDED)
    control = Control(entry["kind"], entry["channel"], entry.get("number", 0))
    others = {key: value for key, value in entry.items() if key not in ("kind", "channel", "number")}
    try:
        others |= {end: float(others[end]) for end in ("low", "high") if end in others}
        return checked(Binding(control, **others))
    except (BindingError, OverflowError) as error:
        raise BindingsFileError(f"{path}: {place}{error}") from None


def _known(path: Path, place: str, entry: Any, types: Mapping[str, type], needed: tuple[str, ...]) -> None:
    """Refuse what is no table, an unknown or missing key, and a value of another type."""
    if not isinstance(entry, dict):
        raise BindingsFileError(f"{path}: {place}this is no table of keys and values")
    for key in needed:
        if key not in entry:
            raise BindingsFileError(f"{path}: {place}{key} is missing")
    for key, value in entry.items():
        wanted = types.get(key)
        if wanted is None:
            raise BindingsFileError(f"{path}: {place}there is no {key!r}, only {', '.join(types)}")
        fits = isinstance(value, (int, float) if wanted is float else wanted)
        if not fits or (isinstance(value, bool) and wanted is not bool) or value != value:
            raise BindingsFileError(f"{path}: {place}{key} = {value!r} is no {_WORDS[wanted]}")


_WORDS = {str: "text", int: "whole number", float: "number", bool: "true or false", list: "list"}
