"""Pictures to other programs on the same Windows machine, through its graphics card: Spout, by SpoutGL (BSD).

Written from SpoutGL 0.1.1 and the Spout SDK 2.007 it wraps; **it has not been run**: no Windows machine was at hand.
"""

from __future__ import annotations

import platform
from typing import Any

from visualizer.output.pixels import Pixels, rgba
from visualizer.output.port import PortError
from visualizer.snapshots import FloatArray, Picture


class SpoutPort:
    """A Spout sender called ``sender``; takes pictures of any size."""

    name = "Spout"
    takes_sound = False

    def __init__(self, sender: str = "TPoS Live") -> None:
        self._name = sender
        self._sender: Any = None
        self._format = 0
        self._pixels: Pixels | None = None

    def open(self) -> str:
        """Make a sender with an OpenGL context of this thread's own. Raises PortError."""
        if platform.system() != "Windows":
            raise PortError("Spout is for Windows.")
        try:
            import SpoutGL
        except ImportError as failure:
            raise PortError(f'Spout cannot be loaded ({failure}): pip install "tpos-live[spout]" adds it.') from None
        self._sender, self._format = SpoutGL.SpoutSender(), int(SpoutGL.enums.GL_RGBA)
        if not self._sender.createOpenGL():
            raise PortError("Spout finds no OpenGL on this machine: install the graphics card's own driver.")
        self._sender.setSenderName(self._name)
        return self._name

    def picture(self, picture: Picture) -> None:
        """Share one picture; its first row is the top one, as Spout has it when nothing is inverted."""
        self._pixels = rgba(picture, self._pixels)
        height, width = picture.shape[:2]
        if not self._sender.sendImage(self._pixels, width, height, self._format, False, 0):
            raise PortError("Spout does not take the picture: update the graphics card's driver and switch it on again.")
        self._sender.setFrameSync(self._name)

    def sound(self, block: FloatArray) -> None:
        """Spout takes no sound."""

    def close(self) -> None:
        """Disappear from the other programs' lists."""
        if self._sender is not None:
            self._sender.releaseSender()
            self._sender.closeOpenGL()
            self._sender = None
