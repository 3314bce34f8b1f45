"""The archives that games keep their sounds in, laid out as files. What an archive tells of a sound goes into its path."""

from __future__ import annotations

import gzip
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

Files = Iterator[tuple[str, bytes]]
"""Place and content."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of archive. endings: of the files that are one. wanted: of the files in it that are laid out."""

    endings: tuple[str, ...]
    files: Callable[[bytes], Files]
    wanted: tuple[str, ...]


def lay_out(name: str, root: Path, folder: Path) -> None:
    """The sounds in all archives of a kind below ``root``, as files below ``folder``."""
    kind = KINDS[name]
    for archive in sorted(path for path in root.rglob("*") if path.suffix.lower() in kind.endings and path.is_file()):
        for place, content in kind.files(archive.read_bytes()):
            # What comes from outside must not lead out of the folder.
            parts = [part for part in PurePosixPath(place).parts if part not in ("/", "..")]
            if place.lower().endswith(kind.wanted):
                path = folder.joinpath(*parts)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)


def _zip(data: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        for name in file.namelist():
            yield name, file.read(name)


def _opensfx(data: bytes) -> Files:
    """OpenTTD's sound catalogue: a table of offsets and sizes; at each a name, which tells its licence, and a WAV file."""
    count = (struct.unpack_from("<I", data)[0] & 0x7FFFFFFF) // 8
    for index in range(count):
        offset, length = struct.unpack_from("<II", data, 8 * index)
        offset &= 0x7FFFFFFF
        start = offset + 1 + data[offset]
        name = data[offset + 1 : start].rstrip(b"\0").decode("latin-1")
        told = re.match(r'"([^"]+)"\.(.*?)License: (.*)', name)
        if not told or length < 1000:
            continue
        licence = told[3].replace("Creative Commons ", "").replace(" Unported", "")
        for long, short in (("Attribution-ShareAlike ", "CC-BY-SA-"), ("Attribution ", "CC-BY-"), ("Zero ", "CC0-")):
            licence = licence.replace(long, short)
        original = re.search(r'Original "([^"]+)"', told[2])
        stem = told[1] + (f'. Original "{original[1]}' if original else "")
        place = re.sub(r"[^\w.-]+$", "", licence.split(". ")[0].rstrip("."))
        # The name goes into paths and patterns: nothing in it that a file system minds.
        yield f"{place}/" + re.sub(r'[/:"?*]', "_", stem) + ".wav", data[start : start + length]


def _clonk(data: bytes) -> Files:
    """OpenClonk's groups: gzip with another mark; a scrambled head, a table of names, then the files and inner groups."""
    yield from _group(gzip.decompress(b"\x1f\x8b" + data[2:]), "")


def _group(data: bytes, folder: str) -> Files:
    head = bytearray(byte ^ 237 for byte in data[:_HEAD])
    for place in range(0, _HEAD - 2, 3):
        head[place], head[place + 2] = head[place + 2], head[place]
    (count,) = struct.unpack_from("<i", head, 36)
    for index in range(count):
        entry = data[_HEAD + _ENTRY * index : _HEAD + _ENTRY * (index + 1)]
        name = entry[:_NAME].split(b"\0")[0].decode("latin-1")
        inner, size, offset = struct.unpack_from("<4xii4xi", entry, _NAME)
        start = _HEAD + _ENTRY * count + offset
        if inner:
            yield from _group(data[start : start + size], f"{folder}{name}/")
        else:
            yield folder + name, data[start : start + size]


_HEAD, _ENTRY, _NAME = 204, 316, 260
"""Bytes of a group's head, of a line of its table and of the name in it."""


def _rcc(data: bytes) -> Files:
    """Qt's resources: a tree of folders and files, their names and their contents, in three tables."""
    version, tree, contents, names = struct.unpack_from(">4I", data, 4)
    yield from _node(data, (tree, contents, names, 14 if version < 2 else 22), 0, "")


def _node(data: bytes, tables: tuple[int, int, int, int], number: int, folder: str) -> Files:
    tree, contents, names, size = tables
    at = tree + size * number
    name, flags, first, second = struct.unpack_from(">IHII", data, at)
    (length,) = struct.unpack_from(">H", data, names + name)
    told = data[names + name + 6 : names + name + 6 + 2 * length].decode("utf-16-be") if number else ""
    if flags & _FOLDER:
        for inner in range(second, second + first):
            yield from _node(data, tables, inner, f"{folder}{told}/" if told else folder)
        return
    (length,) = struct.unpack_from(">I", data, contents + second)
    start = contents + second + 4
    content = data[start : start + length]
    # Another compression than zlib is not used for sounds.
    yield folder + told, zlib.decompress(content[4:]) if flags & _ZLIB else content


_ZLIB, _FOLDER = 1, 2

_SOUNDS = (".ogg", ".wav", ".mp3", ".flac")

KINDS = {
    "zip": Kind((".pk3", ".zip"), _zip, _SOUNDS),
    "opensfx": Kind((".cat",), _opensfx, _SOUNDS),
    "clonk": Kind((".ocg", ".ocd", ".ocf"), _clonk, _SOUNDS),
    "rcc": Kind((".rcc",), _rcc, _SOUNDS),
}
