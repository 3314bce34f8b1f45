"""Manifests: which stretch of which file is what.

A manifest is a CSV with a header, or JSON lines, with the keys ``path, start, duration, caption, class, level, source,
split``; only path and caption must be there. VGGSound's own CSV (YouTube id, start in s, label, split; no header) is read
as it is, with a folder of files named ``id_start``.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from visualizer.audio.files import READABLE

VGGSOUND_S = 10.0

YES, NO = ("1", "true"), ("", "0", "false")

Rows = list[tuple[int, list[str]]]

Wordings = dict[str, dict[str, tuple[str, ...]]]
"""By split and class: in what words a class is told there."""


class ManifestError(ValueError):
    """A manifest that cannot be used; the message is one sentence that names file and line."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A stretch of a sound file and what is heard in it.

    start, duration: s; a duration of 0 goes to the end. source: whom it came from, for splits that do not share one.
    split: "train", or any other name for what is held out. kind: its class; clips of one class have a caption each, and
    every caption of the class is right for all of them. level: loudness is a part of what it is, as of light rain.
    """

    path: Path
    caption: str
    start: float = 0.0
    duration: float = 0.0
    source: str = ""
    split: str = "train"
    kind: str = ""
    level: bool = False

    @property
    def label(self) -> str:
        """The class, or the caption where no class is told."""
        return self.kind or self.caption


def read_manifest(path: Path, folder: Path | None = None) -> list[Clip]:
    """The clips of a manifest; relative paths are taken from ``folder``, or else from the manifest's own.

    A clip's source is its path where the manifest names none. VGGSound rows whose file is not there are left out: much of
    it is no longer online. Raises ManifestError.
    """
    base = folder or path.parent
    text = _text(path)
    if path.suffix in (".jsonl", ".json"):
        clips = [_clip(path, line, entry, base) for line, entry in _json_lines(path, text)]
    else:
        rows = _csv_rows(path, text)
        if rows and {"path", "caption"} <= set(rows[0][1]):
            header = rows[0][1]
            clips = [_clip(path, line, dict(zip(header, row, strict=False)), base) for line, row in rows[1:]]
        else:
            clips = _vggsound(path, rows, base)
    if not clips:
        raise ManifestError(f"the manifest {path} names no clip whose file is in {base}; check folder and manifest")
    return clips


def read_wordings(path: Path) -> Wordings:
    """A CSV with the header ``class,split,caption``: all the words for each class in each split. Raises ManifestError."""
    rows = _csv_rows(path, _text(path))
    if not rows or rows[0][1] != ["class", "split", "caption"]:
        raise ManifestError(f"{path} does not begin with the line class,split,caption; write that above its rows")
    found: Wordings = {}
    for line, row in rows[1:]:
        if len(row) != 3 or not all(row):
            raise ManifestError(f"{path}, line {line} does not hold a class, a split and a caption")
        name, split, caption = row
        told = found.setdefault(split, {})
        told[name] = (*told.get(name, ()), caption)
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestError(f"the manifest {path} cannot be read ({error}); check the path") from None


def _csv_rows(path: Path, text: str) -> Rows:
    """The rows of a CSV that are not empty, each with the number of its line."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: Rows = []
    try:
        for row in reader:
            rows += [(reader.line_num, row)] if row else []
    except csv.Error as error:
        raise ManifestError(f"{path}, line {reader.line_num} is no CSV ({error}); check its quotation marks") from None
    for line, row in rows:
        if any(mark in value for value in row for mark in "\r\n\0"):
            raise ManifestError(f"{path}, line {line}: a value goes over several lines; write each clip in one line")
    return rows


def _json_lines(path: Path, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except ValueError:
            entry = None
        if not isinstance(entry, dict):
            raise ManifestError(f"{path}, line {number} is not a JSON object; write one object a line")
        yield number, entry


def _clip(path: Path, line: int, entry: Mapping[str, Any], base: Path) -> Clip:
    if not entry.get("path") or not entry.get("caption"):
        raise ManifestError(f"{path}, line {line} lacks a path or a caption")
    try:
        start, duration = float(entry.get("start") or 0), float(entry.get("duration") or 0)
    except (TypeError, ValueError):
        start = -1.0
    if not (0 <= start < 1e6 and 0 <= duration < 1e6):
        raise ManifestError(f"{path}, line {line}: start and duration are seconds, at least 0")
    level = str(entry.get("level") or "").lower()
    if level not in (*YES, *NO):
        raise ManifestError(f"{path}, line {line}: level is 1 where loudness tells the class, otherwise 0")
    sound = base / str(entry["path"])
    source, split = str(entry.get("source") or sound), str(entry.get("split") or "train")
    kind = str(entry.get("class") or "")
    return Clip(sound, str(entry["caption"]), start, duration, source, split, kind, level in YES)


def _vggsound(path: Path, rows: Rows, base: Path) -> list[Clip]:
    # Of files with one name, such as a sound and what was written about it, the sound counts.
    there = sorted(base.rglob("*"), key=lambda file: (file.suffix.lower() in READABLE, file))
    files = {file.stem: file for file in there if file.is_file()}
    clips = []
    for line, row in rows:
        if len(row) != 4 or not row[1].strip().isdigit():
            raise ManifestError(
                f"{path}, line {line} is neither VGGSound's 'id,start,label,split' nor under a header with path and caption"
            )
        name, start, label, split = (value.strip() for value in row)
        file = files.get(f"{name}_{int(start):06d}") or files.get(f"{name}_{int(start)}")
        if file is not None:
            clips.append(Clip(file, label, 0.0, VGGSOUND_S, name, split))
    return clips
