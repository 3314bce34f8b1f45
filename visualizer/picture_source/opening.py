"""Which kind of source a name means, and whether it can be opened."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Protocol

from visualizer.picture_source.camera import CAMERA, number_of
from visualizer.picture_source.errors import PictureError, missing
from visualizer.picture_source.fitting import Shape, to_size
from visualizer.picture_source.still import ENDINGS, Still
from visualizer.picture_source.video import Video
from visualizer.snapshots import Picture


class PictureFile(Protocol):
    """A file that tells the picture of every time."""

    path: Path

    def at(self, time: float) -> Picture:
        """The picture of ``time`` s, RGB (height, width, 3): the very array again as long as it does not change."""
        ...

    def close(self) -> None: ...


def is_camera(source: str) -> bool:
    """Whether a source is a camera, and no file."""
    return source.startswith(CAMERA)


def open_file(source: str, shape: Shape) -> PictureFile:
    """A video or picture file, every picture made what ``shape`` says. Raises PictureError, in one sentence."""
    path = Path(source)
    if not path.exists():
        raise missing(path)
    if path.is_dir():
        raise PictureError(f"{source} is a folder; name a video or a picture file in it")
    return (Still if path.suffix.lower() in ENDINGS else Video)(path, shape)


def check(source: str) -> str:
    """The source itself if a show may begin with it: a file that can be read, or any camera, which may still be plugged in.

    Raises PictureError.
    """
    if is_camera(source):
        number_of(source)
    else:
        open_file(source, to_size((16, 16))).close()
    return source


def digest_of(file: PictureFile) -> str:
    """A digest of its bytes."""
    with file.path.open("rb") as bytes_:
        return hashlib.file_digest(bytes_, "sha256").hexdigest()
