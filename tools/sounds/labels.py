"""The two tables that say what is heard where: ``classes.toml`` (words) and ``packages.toml`` (patterns)."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

HERE = Path(__file__).parent

ENDINGS = (".ogg", ".oga", ".wav", ".flac", ".aiff", ".mp3")

# Numbered or graded takes of one recording session belong together.
_GRADES = "hard(est)?|soft(est)?|med(ium)?|loud|faint|moderate|huge|large|small|tiny|open|close"
# Digits are taken as a whole: else a long number could be split in thousands of ways.
_TAKE = re.compile(rf"([-_. ~]?(\d+(?!\d)[a-z]?|{_GRADES}))+$", re.I)


class TableError(ValueError):
    """A table does not say what it must; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A class of sounds. programs, keys, effects: where General MIDI has it. range: its notes, MIDI numbers. level: it is
    told from another class by its loudness alone, or in the first place."""

    name: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    programs: tuple[int, ...] = ()
    keys: tuple[int, ...] = ()
    effects: tuple[tuple[int, int], ...] = ()
    range: tuple[int, int] = (48, 84)
    struck: bool = False
    level: bool = False


@dataclass(frozen=True, slots=True)
class Pack:
    """A package. classes: (class, pattern), the first that matches wins; the rest as packages.toml says."""

    name: str
    classes: tuple[tuple[str, re.Pattern[str]], ...]
    source: str = "file"
    client: str = "apt"
    version: str = ""
    licence: str = ""
    unpack: str = ""
    archives: str = ""
    readme: str = ""
    split: str = ""
    tests: re.Pattern[str] | None = None
    clips: int = 40

    def label(self, path: str) -> str | None:
        """The class of a file by its path below the package's root, or None: such a file is not used."""
        if not path.lower().endswith(ENDINGS):
            return None
        return next((name for name, pattern in self.classes if pattern.search("/" + path)), None)

    def part(self, path: str) -> str:
        """The split that the table tells for a file, "" where it is drawn: the same for all of a source."""
        return "test" if self.tests and self.tests.search(self.origin(path)) else self.split

    def origin(self, path: str) -> str:
        """The source of a file: what must not fall into two splits."""
        place = PurePosixPath(path)
        # OpenSFX tells what a sound was cut from: two sounds of one recording are one source, whoever passes them on.
        if original := re.search(r'Original ["_](.+?)["_]*$', place.stem):
            return f"original/{original[1]}"
        if self.source == "package":
            return self.name
        if self.source == "folder":
            return f"{self.name}/{place.parent.name}"
        return f"{self.name}/{place.parent.name}/{_TAKE.sub('', place.stem) or place.stem}"


def classes(path: Path = HERE / "classes.toml") -> dict[str, Sound]:
    """Every class by name. Raises TableError where captions are missing, or one is both in training and in tests."""
    found = {}
    texts: dict[str, str] = {}
    for name, row in _read(path).items():
        low, high = row.get("range", (48, 84))
        sound = Sound(
            name,
            tuple(row["train"]),
            tuple(row["test"]),
            tuple(row.get("programs", ())),
            tuple(row.get("keys", ())),
            tuple((bank, program) for bank, program in row.get("effects", ())),
            (low, high),
            row.get("struck", False),
            row.get("level", False),
        )
        if len(sound.train) < 6 or len(sound.test) < 3:
            raise TableError(f"{path.name}: {name} needs six captions to train and three to test.")
        for text in (*sound.train, *sound.test):
            if text.lower() in texts:
                raise TableError(f"{path.name}: “{text}” is a caption of {texts[text.lower()]} and of {name}.")
            texts[text.lower()] = name
        found[name] = sound
    return found


def packages(path: Path = HERE / "packages.toml") -> dict[str, Pack]:
    """Every package by name. Raises TableError at a class that is not known or a pattern that cannot be read."""
    known = classes()
    found = {}
    for name, row in _read(path).items():
        rows = []
        if "tests" in row and "split" not in row:
            raise TableError(f"{path.name}: {name} tells its tests, but not what the others are for.")
        if "classes" not in row:
            raise TableError(f"{path.name}: {name} has no classes; a name with dots wants quotation marks.")
        for label, pattern in row.pop("classes").items():
            if label not in known:
                raise TableError(f"{path.name}: {name} has a class {label} that classes.toml lacks.")
            try:
                rows.append((label, re.compile(pattern, re.I)))
            except re.error as error:
                raise TableError(f"{path.name}: {name}: the pattern of {label} cannot be read: {error}.") from None
        if "tests" in row:
            row["tests"] = re.compile(row["tests"], re.I)
        found[name] = Pack(name, tuple(rows), **row)
    return found


def _read(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return tomllib.load(file)
