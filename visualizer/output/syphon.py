"""Pictures to other programs on the same Mac, through its graphics card: Syphon, by syphon-python (MIT).

Written from syphon-python 0.2.0; **it has not been run**: no Mac was at hand. Other programs find a Syphon server while the
main thread serves Cocoa's events, as Qt's does behind a window.
"""

from __future__ import annotations

import platform
from typing import Any

from visualizer.output.pixels import Pixels, rgba
from visualizer.output.port import PortError
from visualizer.snapshots import FloatArray, Picture


class SyphonPort:
    """A Syphon server called ``server``, on Metal; takes pictures of any size."""

    name = "Syphon"
    takes_sound = False

    def __init__(self, server: str = "TPoS Live") -> None:
        self._name = server
        self._server: Any = None
        self._objc: Any = None
        self._make: Any = None
        self._copy: Any = None
        self._texture: Any = None
        self._pixels: Pixels | None = None

    def open(self) -> str:
        """Make a server on the default graphics card. Raises PortError."""
        if platform.system() != "Darwin":
            raise PortError("Syphon is for macOS.")
        try:
            import objc
            import syphon
            from syphon.utils.numpy import copy_image_to_mtl_texture
            from syphon.utils.raw import create_mtl_texture
        except ImportError as failure:
            raise PortError(f'Syphon cannot be loaded ({failure}): pip install "tpos-live[syphon]" adds it.') from None
        self._objc, self._make, self._copy = objc, create_mtl_texture, copy_image_to_mtl_texture
        self._server = syphon.SyphonMetalServer(self._name)
        return self._name

    def picture(self, picture: Picture) -> None:
        """Publish one picture; flipped, because Syphon's first row is the bottom one."""
        pixels = rgba(picture, self._pixels)
        with self._objc.autorelease_pool():  # a thread of Python's has none, and Cocoa's objects would pile up
            if self._texture is None or self._pixels is not pixels:
                self._texture = self._make(self._server.device, picture.shape[1], picture.shape[0])
            self._pixels = pixels
            self._copy(pixels, self._texture)
            self._server.publish_frame_texture(self._texture, is_flipped=True)

    def sound(self, block: FloatArray) -> None:
        """Syphon takes no sound."""

    def close(self) -> None:
        """Disappear from the other programs' lists."""
        if self._server is not None:
            self._server.stop()
            self._server = self._texture = None
