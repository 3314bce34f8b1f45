"""A picture file as a source that does not move."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from visualizer.picture_source.errors import PictureError
from visualizer.picture_source.fitting import Shape
from visualizer.snapshots import Picture

ENDINGS = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
"""Of files that hold one picture."""


class Still:
    """A picture file, turned as the camera was held, and made what ``shape`` says. Raises PictureError."""

    def __init__(self, path: Path, shape: Shape) -> None:
        self.path = path
        try:
            read = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
        except (OSError, cv2.error):
            read = None
        if read is None:
            raise PictureError(f"{path} is no picture that can be read; save it as PNG or JPEG")
        self._picture = shape(np.asarray(cv2.cvtColor(read, cv2.COLOR_BGR2RGB), np.uint8))

    def at(self, time: float) -> Picture:
        """The picture, RGB (height, width, 3), which is the same at all times."""
        return self._picture

    def close(self) -> None:
        """Nothing is open."""
