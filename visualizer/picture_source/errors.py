"""What is said of a source of pictures that cannot be used."""

from __future__ import annotations

from pathlib import Path


class PictureError(ValueError):
    """No such camera or file, or none that can be read; the message is one sentence that says what to do."""


def missing(path: Path) -> PictureError:
    """What is said of a file that is not there, or no longer."""
    return PictureError(f"there is no file {path}; check the path, or write camera: for a camera")
