"""A camera as a source, through OpenCV, which numbers the cameras of every system alike.

It asks in the thread that opens it; macOS lets a program see only where that is the main one.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import cv2
import numpy as np

from visualizer.picture_source.errors import PictureError
from visualizer.picture_source.fitting import Shape
from visualizer.snapshots import Picture

CAMERA = "camera:"

BACKEND = cv2.CAP_DSHOW if sys.platform == "win32" else cv2.CAP_ANY
"""Media Foundation, which OpenCV prefers on Windows, takes up to half a minute to open a camera."""


def number_of(source: str) -> int:
    """The number of the camera in "camera:", "camera:1" or "camera:/dev/video1"; a link to a device does, too.

    Raises PictureError for what names none.
    """
    name = source.removeprefix(CAMERA)
    if not name:
        return 0
    found = re.fullmatch(r"\d{1,3}", name) or re.fullmatch(r"/dev/video(\d{1,3})", str(Path(name).resolve()))
    if found is None:
        raise PictureError(f"{name} is no camera here; write {CAMERA} for the first one, {CAMERA}1 for the next")
    return int(found[found.lastindex or 0])


class Camera:
    """A camera's pictures, every one made what ``shape`` says. Raises PictureError where there is no such camera."""

    def __init__(self, source: str, shape: Shape) -> None:
        self._shape = shape
        number = number_of(source)
        self._capture = cv2.VideoCapture(number, BACKEND)
        if not self._capture.isOpened():
            raise PictureError(f"there is no camera {number}, or another program has it; plug it in or close that program")
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # the newest picture, where a driver would keep several

    def read(self) -> Picture:
        """The next picture, RGB, when the camera has it. Raises PictureError where it is gone."""
        able, picture = self._capture.read()
        if not able or picture is None:
            raise PictureError("the camera gives no more pictures")
        return self._shape(np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8))

    def close(self) -> None:
        """Let go of the camera."""
        self._capture.release()
