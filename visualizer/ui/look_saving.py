"""A look made on the desk becomes a preset file of the user's, with the picture that was shown."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage, QImageWriter

from visualizer.parameters import PARAMETERS
from visualizer.preset import Preset, save_preset
from visualizer.snapshots import Picture
from visualizer.ui.changes import Changes

LONGEST_NAME = 60
THUMBNAIL_PX, JPEG_QUALITY = 320, 88
# Names that Windows keeps for devices, whatever the ending.
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))}


def name_of(title: str) -> str:
    """The file name, without its ending, of a look called ``title``: letters, digits, dashes.

    Raises ValueError in one sentence.
    """
    signs = unicodedata.normalize("NFC", title).strip().lower()
    name = "".join(sign if sign.isalnum() else "-" if sign in " -_" else "" for sign in signs).strip("-")
    while "--" in name:
        name = name.replace("--", "-")
    if not name:
        raise ValueError("A look needs a name of letters or digits.")
    if len(title.strip()) > LONGEST_NAME:
        raise ValueError(f"A look’s name has at most {LONGEST_NAME} signs.")
    if name in _DEVICES:
        raise ValueError(f"“{title.strip()}” cannot be the name of a file on every system: take another one.")
    return name


def present_look(changes: Changes, named: Preset | None, fitted: Callable[[Preset], Preset], title: str) -> Preset:
    """The look as it is now, without the sound, under another title.

    It holds what differs from a look that sets nothing, and what the file of the running look (``named``, None for none)
    sets. fitted: a preset as the show's model wants it; what it adds by itself is left to the model.
    """
    bare = fitted(Preset("", "", {})).complete()
    set_there = set() if named is None else set(named.values)
    values = {
        name: value
        for name, value in changes.values.items()
        if PARAMETERS[name].look and (value != bare[name] or name in set_there or name == "picture/prompt")
    }
    return replace(changes.look, name=name_of(title), title=title.strip(), values=values, routes=changes.routes)


def thumbnail(picture: Picture) -> QImage:
    """A small picture of a frame, in its aspect."""
    height, width = picture.shape[:2]
    image = QImage(picture.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
    size = QSize(THUMBNAIL_PX, THUMBNAIL_PX)
    return image.scaled(size, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)


def save_look(look: Preset, folder: Path, picture: Picture | None) -> Path:
    """Write a look and, where a frame was shown, its picture; the preset's file. Raises OSError."""
    path = folder / f"{look.name}.toml"
    save_preset(look, path)
    if picture is not None:
        beside = path.with_suffix(".jpg")
        part = beside.with_name(beside.name + ".part")
        writer = QImageWriter(str(part), b"jpg")
        writer.setQuality(JPEG_QUALITY)
        if not writer.write(thumbnail(picture)):
            raise OSError(f"{beside}: {writer.errorString()}")
        del writer  # it holds the file open, which Windows would not rename
        part.replace(beside)
    return path
