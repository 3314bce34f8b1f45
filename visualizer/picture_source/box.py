"""The mailbox in which the newest source picture lies: who shows it writes, who paints reads.

A message is a picture's width and height and its bytes, or nothing at all where there is nothing to be seen. Pictures have
their own form there, so that renderers of any size see, one after the other or two at once.
"""

from __future__ import annotations

import struct
import time
from pathlib import Path

import numpy as np

from visualizer.picture_source.fitting import LONGEST_SIDE, fitted
from visualizer.renderer.mailbox import Mailbox
from visualizer.snapshots import Picture

PICTURE_BOX = "picture.box"
STALE_S = 1.0
"""A picture whose writer has given no sign of life for so long is painted over no more."""
_SIZE = struct.Struct("<II")


def create_box(folder: Path) -> Mailbox:
    """The box in a show's folder."""
    return Mailbox.create(folder / PICTURE_BOX, _SIZE.size + 3 * LONGEST_SIDE**2)


def show(box: Mailbox, picture: Picture) -> None:
    """Put a picture, ``bounded``, into the box."""
    box.write(_SIZE.pack(picture.shape[1], picture.shape[0]), picture)


class Sight:
    """The view of the box in a show's ``folder`` that a renderer of ``size`` (width, height) has."""

    def __init__(self, folder: Path, size: tuple[int, int]) -> None:
        self._box, self._size = Mailbox(folder / PICTURE_BOX), size
        self._read = 0
        self._picture: Picture | None = None

    def picture(self) -> Picture | None:
        """The newest, RGB (height, width, 3), the very array again as long as there is no other; None for nothing."""
        message = self._box.read(self._read)
        if message is not None:
            self._read, content = message
            self._picture = None
            if content:
                width, height = _SIZE.unpack_from(content)
                shown = np.frombuffer(content, np.uint8, 3 * width * height, _SIZE.size)
                self._picture = fitted(shown.reshape(height, width, 3), self._size)
        return self._picture if time.perf_counter() - self._box.heartbeat <= STALE_S else None

    def close(self) -> None:
        """Let go of the box."""
        self._box.close()
