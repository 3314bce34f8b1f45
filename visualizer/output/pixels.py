"""Pictures in the layouts other programs take."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from visualizer.snapshots import Picture

Pixels = npt.NDArray[np.uint8]


def rgba(picture: Picture, out: Pixels | None = None) -> Pixels:
    """The picture with an opaque alpha, shape (H, W, 4), written into ``out`` where that has this shape."""
    shape = (*picture.shape[:2], 4)
    if out is None or out.shape != shape:
        out = np.empty(shape, np.uint8)
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA, dst=out), np.uint8)


def fitted(picture: Picture, size: tuple[int, int], out: Picture | None = None) -> Picture:
    """The picture as large as it fits into ``size`` (width, height), in the middle of black, its proportions kept.

    Written into ``out`` where that has this size.
    """
    width, height = size
    if picture.shape[:2] == (height, width):
        return picture
    scale = min(width / picture.shape[1], height / picture.shape[0])
    wide, high = (max(1, round(side * scale)) for side in (picture.shape[1], picture.shape[0]))
    if out is None or out.shape != (height, width, 3):
        out = np.empty((height, width, 3), np.uint8)
    left, top = (width - wide) // 2, (height - high) // 2
    out[:top], out[top + high :] = 0, 0
    out[:, :left], out[:, left + wide :] = 0, 0
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    out[top : top + high, left : left + wide] = cv2.resize(picture, (wide, high), interpolation=way)
    return out
