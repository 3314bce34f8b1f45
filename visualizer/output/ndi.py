"""Picture and sound over the network: NDI®, through cyndilib.

cyndilib is MIT; the NDI library in its wheels is proprietary (Vizrt NDI AB, ndi.link/ndisdk_license), so the program never
needs it: it is the extra ``ndi``. An NDI source can be watched by everyone on the network, from the moment it is opened.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from visualizer.output.pixels import Pixels, rgba
from visualizer.output.port import PortError
from visualizer.snapshots import SAMPLE_RATE, FloatArray, Picture

BLOCK = 480
"""Samples of sound in each NDI frame. Always as many: cyndilib 0.1.3 tells NDI a wrong place for the second channel of
blocks that are shorter than the frame they are written to."""

MOST_SOURCES = 8
"""Copies of the program that may send from one computer: NDI gives a name once, so they are "TPoS Live 2" and so on."""


class NdiPort:
    """An NDI source called ``source``: pictures of any size, and 48 kHz stereo float sound.

    size: (width, height) the source begins with; pictures of another size open it anew, under the same name. fps: the
    rate it states; pictures leave when they come.
    """

    name = "NDI"
    takes_sound = True

    def __init__(self, size: tuple[int, int], fps: float, source: str = "TPoS Live") -> None:
        self._size, self._fps, self._source = size, fps, source
        self._sender: Any = None
        self._pixels: Pixels | None = None
        self._rest = np.zeros((0, 2), np.float32)

    def open(self) -> str:
        """Load NDI and be seen; return the name other programs list, "COMPUTER (TPoS Live)". Raises PortError."""
        try:
            from cyndilib.audio_frame import AudioSendFrame
            from cyndilib.sender import Sender
            from cyndilib.video_frame import VideoSendFrame
            from cyndilib.wrapper.ndi_structs import FourCC
        except ImportError as failure:
            raise PortError(f'NDI cannot be loaded ({failure}): pip install "tpos-live[ndi]" adds it.') from None
        for number in range(1, MOST_SOURCES + 1):
            video, sound = VideoSendFrame(), AudioSendFrame(BLOCK)
            video.set_resolution(*self._size)
            video.set_frame_rate(Fraction(self._fps).limit_denominator(1001))
            video.set_fourcc(FourCC.RGBX)
            sound.sample_rate, sound.num_channels = SAMPLE_RATE, 2
            # NDI's own clocks would hold each call until the next frame is due.
            source = self._source if number == 1 else f"{self._source} {number}"
            sender = Sender(source, clock_video=False, clock_audio=False)
            sender.set_video_frame(video)
            sender.set_audio_frame(sound)
            try:
                sender.open()
            except MemoryError:  # how cyndilib says that NDI gave no source: another copy of the program has the name
                continue
            self._sender = sender
            return str(sender.source.name)
        raise PortError(f"NDI gives no source called {self._source}: end other copies of the program on this computer.")

    def picture(self, picture: Picture) -> None:
        """Send one picture; its codec halves the colours' resolution across (4:2:2)."""
        size = (picture.shape[1], picture.shape[0])
        if size != self._size:
            self.close()
            self._size = size
            self.open()
        self._pixels = rgba(picture, self._pixels)
        self._sender.write_video(self._pixels.reshape(-1))

    def sound(self, block: FloatArray) -> None:
        """Send sound, in blocks of 10 ms: what is left of the last waits for the next. Full scale ±1 arrives as ±1."""
        sound = np.concatenate([self._rest, block])
        whole = len(sound) - len(sound) % BLOCK
        for start in range(0, whole, BLOCK):
            self._sender.write_audio(np.ascontiguousarray(sound[start : start + BLOCK].T, np.float32))
        self._rest = sound[whole:].copy()

    def close(self) -> None:
        """Disappear from the network."""
        if self._sender is not None:
            self._sender.close()
            self._sender = None
