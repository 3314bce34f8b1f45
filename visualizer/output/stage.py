"""The stage: the last steps of every frame, and all who take it. Blackout and freeze, the flash limiter, then the outputs.

Blackout and freeze come before the limiter, so that a nervous finger cannot flash; and they work while nothing is painted:
``idle`` then gives the frames.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from visualizer.output.flash import FlashLimiter
from visualizer.output.sink import Sink
from visualizer.snapshots import FloatArray, Frame, Picture

IDLE_AFTER_S = 0.05
"""With nothing painted for so long, what the hand asks for is shown all the same, so often."""


class Stage:
    """Takes the painted frames of one show. size: (width, height) of black where nothing was painted yet.

    blackout, frozen, limiter.mode: may be set from any thread; the rest belongs to the thread that shows.
    """

    def __init__(self, size: tuple[int, int], sinks: tuple[Sink, ...] = ()) -> None:
        self.blackout = self.frozen = False
        self.limiter = FlashLimiter()
        self.sinks: tuple[Sink, ...] = sinks
        self._black: Picture = np.zeros((size[1], size[0], 3), np.uint8)
        self._painted = Frame(self._black, 0, 0)
        self._held: Picture | None = None
        self._shown = self._painted.picture
        self._shown_at = 0.0

    def present(self, frame: Frame, now: float) -> Frame:
        """The frame as the audience may see it, handed to every output. now: monotonic seconds."""
        self._painted = frame
        return self._hand_on(frame, now)

    def idle(self, now: float) -> Frame | None:
        """While nothing is painted: a frame, where what is shown is not yet what is asked for."""
        if now - self._shown_at < IDLE_AFTER_S or self._wanted() is self._shown:
            return None
        trace = replace(self._painted.trace, painted=now)
        return self._hand_on(replace(self._painted, trace=trace), now)

    def sound(self, block: FloatArray, sample: int) -> None:
        """Hand sound (n, 2) at 48 kHz to every output; ``sample`` is the index of its first sample."""
        for sink in self.sinks:
            sink.sound(block, sample)

    def _wanted(self) -> Picture:
        """What the hand asks for: black, the picture that was held, or what is painted."""
        painted = self._painted.picture
        if not self.frozen:
            self._held = None
        elif self._held is None:
            self._held = painted
        if not self.blackout:
            return painted if self._held is None else self._held
        if self._black.shape != painted.shape:
            self._black = np.zeros_like(painted)
        return self._black

    def _hand_on(self, frame: Frame, now: float) -> Frame:
        wanted = self._wanted()
        safe = self.limiter.limit(wanted, now)
        self._shown, self._shown_at = safe, now
        shown = replace(frame, picture=safe)
        for sink in self.sinks:
            sink.frame(shown)
        return shown
