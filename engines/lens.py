"""The lens: the finished picture zoomed, turned, shifted, bent and mirrored, for one frame.

What the network paints follows a knob over some frames; the lens follows it in the frame that is being painted, exactly,
whatever the model. Nothing of it is fed back, so a lens that is let go shows the picture as it was. Mirrors alone take half
a second to come: there is no half a mirror, so the picture with the old ones goes over into that with the new.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from engines.state import State, number
from engines.warp import Motion

Picture = npt.NDArray[np.uint8]
Points = npt.NDArray[np.complex64]

MIRROR_FADE_S = 0.5
COARSE = 64
"""A swirl is smooth: it is computed at so many points a side, and between them drawn straight."""


class Lens:
    """Looks at pictures of one size through a movement and mirrors."""

    def __init__(self, width: int, height: int) -> None:
        self._size, self._aspect = (width, height), width / height
        y, x = np.meshgrid(_middles(height), _middles(width) * np.float32(self._aspect), indexing="ij")
        self._points = x + 1j * y  # about the centre, in half heights
        y, x = np.meshgrid(_middles(COARSE), _middles(COARSE) * np.float32(self._aspect), indexing="ij")
        self._swirl = np.exp(-2.0 * (x * x + y * y))
        self._folded: dict[int, Points] = {}
        self._mirrors = self._before = -1  # wedges, and those before them
        self._share = 1.0  # how much of the new ones is seen

    def state(self) -> State:
        """Which mirrors come, which go, and how far they are."""
        return {"mirrors": number(self._mirrors), "before": number(self._before), "share": number(self._share)}

    def restore(self, state: State) -> None:
        """Go on from a state."""
        self._mirrors, self._before = int(state["mirrors"]), int(state["before"])
        self._share = float(state["share"])

    def look(self, picture: Picture, motion: Motion, mirrors: int = 0, dt: float = MIRROR_FADE_S) -> Picture:
        """The picture (height, width, 3) through the lens; nothing to do returns the picture itself.

        motion: as in ``warp``. mirrors: wedges of a kaleidoscope about the centre; fewer than 2 are none. The picture is
        mirrored at its edges. dt: seconds since the picture before.
        """
        mirrors = mirrors if mirrors >= 2 else 0
        if mirrors != self._mirrors:
            self._before, self._share = self._mirrors, 0.0 if self._mirrors >= 0 else 1.0
            self._mirrors = mirrors
        self._share = min(1.0, self._share + dt / MIRROR_FADE_S)
        seen = self._through(picture, motion, mirrors)
        if self._share >= 1.0:
            return seen
        before = self._through(picture, motion, self._before)
        return np.asarray(cv2.addWeighted(seen, self._share, before, 1.0 - self._share, 0.0), np.uint8)

    def _through(self, picture: Picture, motion: Motion, mirrors: int) -> Picture:
        if motion.none and mirrors < 2:
            return picture
        source = self._fold(mirrors) * self._turn(motion)
        width, height = self._size
        column = source.real * np.float32(width / 2 / self._aspect) + np.float32((1 - 2 * motion.pan_x) * width / 2 - 0.5)
        row = source.imag * np.float32(height / 2) + np.float32((1 - 2 * motion.pan_y) * height / 2 - 0.5)
        found = cv2.remap(picture, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        return np.asarray(found, np.uint8)

    def _fold(self, mirrors: int) -> Points:
        """Every point's place in half a wedge, counted from straight up: each half is its neighbours' mirror image."""
        if mirrors < 2:
            return self._points
        if mirrors not in self._folded:
            wedge = 2 * math.pi / mirrors
            angle = np.abs((np.angle(self._points) + math.pi / 2 + wedge / 2) % wedge - wedge / 2) - math.pi / 2
            while len(self._folded) > 1:
                self._folded.pop(next(iter(self._folded)))
            self._folded[mirrors] = (np.abs(self._points) * np.exp(1j * angle)).astype(np.complex64)
        return self._folded[mirrors]

    def _turn(self, motion: Motion) -> Points | np.complex64:
        """What points are multiplied with: a turn and a scale, and a swirl that depends on the distance alone."""
        turn = np.complex64(2.0**-motion.zoom * np.exp(-1j * math.radians(motion.rotate)))
        if not motion.swirl:
            return turn
        twist = np.exp(1j * np.float32(motion.swirl) * self._swirl) * turn
        real, imaginary = (cv2.resize(np.ascontiguousarray(part), self._size) for part in (twist.real, twist.imag))
        return np.asarray(real + np.complex64(1j) * imaginary, np.complex64)


def _middles(count: int) -> npt.NDArray[np.float32]:
    """Middles of so many cells, −1 to 1 from edge to edge."""
    return (np.arange(count, dtype=np.float32) + 0.5) * np.float32(2 / count) - 1
