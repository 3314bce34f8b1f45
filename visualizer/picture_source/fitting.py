"""Pictures of any size in the one that is painted, or in the box."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from visualizer.snapshots import Picture

Shape = Callable[[Picture], Picture]
"""What is made of every picture of a source."""

LONGEST_SIDE = 1024
"""Of pictures in the box."""


def bounded(picture: Picture) -> Picture:
    """A picture, uint8 (h, w, 3), brought down to ``LONGEST_SIDE``; a smaller one is left as it is."""
    height, width = picture.shape[:2]
    scale = LONGEST_SIDE / max(height, width)
    if scale >= 1:
        return np.ascontiguousarray(picture)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def to_size(size: tuple[int, int]) -> Shape:
    """``fitted`` to (width, height)."""
    return lambda picture: fitted(picture, size)


def fitted(picture: Picture, size: tuple[int, int]) -> Picture:
    """The middle of a picture, uint8 (h, w, 3), of the form of ``size`` (width, height), scaled to it."""
    height, width = picture.shape[:2]
    scale = max(size[0] / width, size[1] / height)
    across, down = min(width, round(size[0] / scale)), min(height, round(size[1] / scale))
    left, top = (width - across) // 2, (height - down) // 2
    middle = picture[top : top + down, left : left + across]
    scaled = cv2.resize(middle, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    return np.ascontiguousarray(scaled)
