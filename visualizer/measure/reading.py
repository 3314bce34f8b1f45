"""Open a media file that is to be measured, and its first frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av

from visualizer.measure.errors import MeasureError
from visualizer.media import best_stream, decode


def open_media(path: Path) -> Any:
    """An open PyAV container. Raises MeasureError where the file is not there or is no media file."""
    if not path.exists():
        raise MeasureError(f"There is no file {path}; check the path.")
    if path.is_dir():
        raise MeasureError(f"{path} is a folder; name a file in it.")
    try:
        return av.open(str(path))
    except (av.FFmpegError, OSError, ValueError) as error:
        if isinstance(error, PermissionError):
            raise MeasureError(f"{path} may not be read; change its permissions.") from None
        raise MeasureError(f"{path} is no video or sound that can be read; choose another file.") from None


def opening(path: Path, kind: str, lacks: str, broken: str) -> tuple[Any, float, float | None]:
    """The first frame of a kind ("video", "audio") that holds anything, its time on the file's own clock in s, and the
    file's length in s as it says itself, or None.

    Raises MeasureError that says ``lacks`` without such a stream, ``broken`` without such a frame.
    """
    with open_media(path) as container:
        stream = best_stream(container, kind)
        if stream is None:
            raise MeasureError(lacks)
        length = container.duration
        first = next((frame for frame in decode(container, stream) if kind == "video" or frame.samples), None)
        if first is None:
            raise MeasureError(broken)
        return first, float(first.time or 0.0), length / 1e6 if length else None
