"""Transitions: what the flash limiter counts in the pictures that were shown.

The rule, as counted here
-------------------------
Picture: 32 × 18 tiles of equal area; each has the exact area mean of linear R, G, B, from that its relative
luminance Y and its chromaticity u′v′ (CIE 1976).

Transition of a tile: a swing between two successive opposite extremes of Y of at least 0.1 with the darker
one below 0.80, counted in both ways in use: smaller reversals do not end a swing, so noise cannot hide a
flash; and an unbroken rise or fall of 0.1 counts, so rising in steps is not free. A slow fade is one
transition. Red: a change of more than 0.2 in u′v′ into or out of saturated red, R/(R+G+B) ≥ 0.8; black has
u′v′ (0, 0).

Moment: a transition has *begun* once it has swung the 0.1, and lasts until it last reached further. A second
is closed at both ends, and a tile has too many transitions (over 6; strict: over 3) when the end of the first
and the beginning of the last lie within one. That is the safe one of the readings in use: it holds as well
when a counter dates a transition by its beginning or by its extreme, and when it looks at one second of
frames at a time. The price: pulses made of slow ramps are softened from about 2.5 Hz on, hard ones from 3 Hz.

Area: in no second may more than a quarter of the tiles have too many, for Y and for red apart. Nor may a
quarter of the picture flash here and there (a jumping block): more than 6 (strict: 3) *events* in a second
are too many, an event being more than a quarter of the tiles beginning a transition, whichever way, within 25
ms. What begins in the 100 ms after an event belongs to the same flash, so that a fade over a picture of many
shades is one event.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np
import numpy.typing as npt

from visualizer.output.tiles import TILES, Floats

MOST_TILES = TILES // 4
SWING = 0.1
DARK = 0.8
RED_RATIO = 0.8
RED_SWING = 0.2
WINDOW_S = 1.0
EVENT_GATHER_S = 0.025
EVENT_S = 0.1

_MARGIN = 1e-3
"""Thresholds are tightened by this much against float32 and the previous frame's change when resized."""
_SWING, _DARK = np.float32(SWING - _MARGIN), np.float32(DARK + _MARGIN)
_TICK_S = 1e-6
"""Times nearer than this are the same, so that a frame clock's rounding cannot open the window early."""

Mask = npt.NDArray[np.bool_]

_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)
# Columns: 4X, 9Y and X + 15Y + 3Z of linear BT.709 RGB; u′ = 4X / sum, v′ = 9Y / sum.
_UV = np.array(
    [
        [4 * 0.4124, 9 * 0.2126, 0.4124 + 15 * 0.2126 + 3 * 0.0193],
        [4 * 0.3576, 9 * 0.7152, 0.3576 + 15 * 0.7152 + 3 * 0.1192],
        [4 * 0.1805, 9 * 0.0722, 0.1805 + 15 * 0.0722 + 3 * 0.9505],
    ],
    np.float32,
)


class Transitions:
    """All that counts of the pictures shown so far, which are given by their tile means. most: that is ever allowed."""

    def __init__(self, most: int) -> None:
        self._luminance, self._red, self._events = _Luminance(most), _Red(most), _Events(most)

    def begun(self, rgb: Floats) -> tuple[Mask, Mask]:
        """The tiles that would begin a transition, of Y and of red, were ``rgb`` shown."""
        return self._luminance.begun(rgb), self._red.begun(rgb)

    def fit(self, begun: tuple[Mask, Mask], most: int, time: float) -> bool:
        """Whether these tiles may begin one at ``time``, where ``most`` a second are allowed now."""
        luminance, red = begun
        either = luminance | red
        if not either.any():
            return True
        since = time - WINDOW_S - _TICK_S
        if self._luminance.ends.crowded(luminance, most, since) or self._red.ends.crowded(red, most, since):
            return False
        return not (self._events.full(most, since) and self._events.fires(either, time))

    def push(self, rgb: Floats, begun: tuple[Mask, Mask], time: float) -> None:
        """``rgb`` is shown at ``time``; begun: of it."""
        luminance, red = begun
        self._luminance.push(rgb, luminance, time)
        self._red.push(rgb, red, time)
        self._events.push(luminance | red, time)


class _Ends:
    """When each tile's newest transitions ended: seconds, newest first, shape (most + 1, 576)."""

    def __init__(self, most: int) -> None:
        self.times = np.full((most + 1, TILES), -np.inf)

    def push(self, begun: Mask, extended: Mask, time: float) -> None:
        if begun.any():
            self.times[1:, begun] = self.times[:-1, begun]
            self.times[0, begun] = time
        self.times[0, extended] = time

    def crowded(self, begun: Mask, most: int, since: float) -> bool:
        """Whether ``begun`` adds to more than a quarter of tiles with over ``most`` transitions after
        ``since``.
        """
        adding = begun & (self.times[most - 1] >= since)
        over = adding | (self.times[most] >= since)
        return bool(adding.any()) and int(np.count_nonzero(over)) > MOST_TILES


class _Luminance:
    """Every tile's running extremes of Y. direction: +1 rising, −1 falling, 0 before the first transition.

    A run is an unbroken rise or fall: way is its sign, turn where it started, counted whether it began a
    transition.
    """

    def __init__(self, most: int) -> None:
        self.ends = _Ends(most)
        self.direction, self.way = np.zeros(TILES, np.int8), np.zeros(TILES, np.int8)
        self.low, self.high = np.full(TILES, 2, np.float32), np.full(TILES, -1, np.float32)
        self.last = self.turn = np.full(TILES, np.nan, np.float32)  # until the first frame
        self.counted = np.zeros(TILES, np.bool_)

    def begun(self, rgb: Floats) -> Mask:
        """The tiles that would begin a transition, were ``rgb`` shown."""
        y = rgb @ _LUMINANCE
        rise = (y - self.low >= _SWING) & (self.low < _DARK) & (self.direction <= 0)
        fall = (self.high - y >= _SWING) & (y < _DARK) & (self.direction >= 0)
        turned = self._turned(y)
        start = np.where(turned, self.last, self.turn)
        plain = (np.abs(y - start) >= _SWING) & (np.minimum(y, start) < _DARK) & (turned | ~self.counted)
        return np.asarray(rise | fall | plain)

    def _turned(self, y: Floats) -> Mask:
        return np.asarray((y - self.last) * self.way < 0)

    def push(self, rgb: Floats, begun: Mask, time: float) -> None:
        y = rgb @ _LUMINANCE
        if np.isnan(self.last[0]):
            self.last = self.turn = y
        turned = self._turned(y)
        self.turn = np.where(turned, self.last, self.turn)
        self.counted = (self.counted & ~turned) | begun
        self.way = np.where(y == self.last, self.way, np.sign(y - self.last)).astype(np.int8)
        self.last = y
        further = ((self.direction > 0) & (y > self.high)) | ((self.direction < 0) & (y < self.low))
        self.ends.push(begun, further, time)
        np.maximum(self.high, y, out=self.high)
        np.minimum(self.low, y, out=self.low)
        if begun.any():
            up, down = begun & (self.way > 0), begun & (self.way < 0)
            self.high[up & (self.direction <= 0)] = y[up & (self.direction <= 0)]
            self.low[down & (self.direction >= 0)] = y[down & (self.direction >= 0)]
            self.direction[up], self.direction[down] = 1, -1


class _Box:
    """Per tile the smallest box in u′v′ round the chromaticities seen: (576, 2), empty where least > most."""

    def __init__(self) -> None:
        self.least = np.full((TILES, 2), 9, np.float32)
        self.most = np.full((TILES, 2), -9, np.float32)

    def far(self, uv: Floats) -> Mask:
        """Where the box's farthest corner is a red swing away: never less than the farthest point seen."""
        reach = np.maximum(np.maximum(uv - self.least, self.most - uv), 0)
        return np.asarray((reach * reach).sum(1) > (RED_SWING - _MARGIN) ** 2)

    def add(self, uv: Floats, where: Mask, afresh: Mask) -> Mask:
        """Take in the tiles of ``where``, those of ``afresh`` as the only ones; return which grew."""
        grew: Mask = where & ((uv < self.least) | (uv > self.most)).any(1)
        if grew.any():
            self.least[grew] = np.minimum(self.least, uv)[grew]
            self.most[grew] = np.maximum(self.most, uv)[grew]
        if afresh.any():
            self.least[afresh] = self.most[afresh] = uv[afresh]
        return grew


class _Red:
    """Every tile's way into and out of saturated red. direction: +1 went in, −1 went out, 0 neither yet."""

    def __init__(self, most: int) -> None:
        self.ends = _Ends(most)
        self.direction = np.zeros(TILES, np.int8)
        self.near = np.zeros(TILES, np.bool_)  # ever been red: most tiles never are
        self.inside, self.outside = _Box(), _Box()

    @staticmethod
    def _look(rgb: Floats) -> tuple[Floats, Mask]:
        sums = rgb @ _UV
        uv = sums[:, :2] / np.maximum(sums[:, 2:], np.float32(1e-12))
        total = rgb.sum(1)
        return uv, np.asarray((rgb[:, 0] >= (RED_RATIO - _MARGIN) * total) & (total > 0))

    def begun(self, rgb: Floats) -> Mask:
        """The tiles that would begin a transition, were ``rgb`` shown."""
        uv, red = self._look(rgb)
        enter = red & (self.direction <= 0)
        leave = self.near & ~red & (self.direction >= 0)
        if enter.any():
            enter &= self.outside.far(uv)
        if leave.any():
            leave &= self.inside.far(uv)
        return enter | leave

    def push(self, rgb: Floats, begun: Mask, time: float) -> None:
        uv, red = self._look(rgb)
        enter, leave = begun & red, begun & ~red
        redder = self.inside.add(uv, red, enter) & (self.direction > 0)
        other = self.outside.add(uv, ~red, leave) & (self.direction < 0)
        self.near |= red
        self.ends.push(begun, redder | other, time)
        self.direction[enter] = 1
        self.direction[leave] = -1


class _Events:
    """Times at which more than a quarter of the tiles began a transition together, newest first."""

    def __init__(self, most: int) -> None:
        self.times: deque[float] = deque([-math.inf] * most, most)
        self.newest = np.full(TILES, -np.inf)

    def fires(self, begun: Mask, time: float) -> bool:
        """Whether ``begun`` makes ``time`` an event."""
        since = max(time - EVENT_GATHER_S, self.times[0] + EVENT_S) - _TICK_S
        return time >= since and int(np.count_nonzero(begun | (self.newest >= since))) > MOST_TILES

    def full(self, most: int, since: float) -> bool:
        return self.times[most - 1] >= since

    def push(self, begun: Mask, time: float) -> None:
        if self.fires(begun, time):
            self.times.appendleft(time)
        self.newest[begun] = time
