"""The flash limiter: the last step that may alter a pixel.

After WCAG 2.3.1 (three flashes or below threshold) with the general and red flash thresholds of WCAG 2.2, in
the linear light of sRGB and the primaries of ITU-R BT.709. It guides, it does not certify.

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

import itertools
import math
from collections import deque
from collections.abc import Callable
from typing import Literal, get_args

import cv2
import numpy as np
import numpy.typing as npt

from visualizer.snapshots import Picture

Mode = Literal["wcag", "strict", "off"]

COLUMNS, ROWS = 32, 18
TILES = COLUMNS * ROWS
MOST_TRANSITIONS = {"wcag": 6, "strict": 3}
MOST_TILES = TILES // 4
SWING = 0.1
DARK = 0.8
RED_RATIO = 0.8
RED_SWING = 0.2
WINDOW_S = 1.0
EVENT_GATHER_S = 0.025
EVENT_S = 0.1
STEPS = 256
"""α is a multiple of 1/256: an 8-bit blend cannot show less."""

_MARGIN = 1e-3
"""Thresholds are tightened by this much against float32 and the previous frame's change when resized."""
_SWING, _DARK = np.float32(SWING - _MARGIN), np.float32(DARK + _MARGIN)
_TICK_S = 1e-6
"""Times nearer than this are the same, so that a frame clock's rounding cannot open the window early."""
_PROXY_SIZE = (4 * COLUMNS, 4 * ROWS)
"""α is first looked for on the two frames thinned to this (width, height): whole pixels in each tile."""

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


def _srgb_to_linear() -> Floats:
    code = np.arange(256) / 255
    linear = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    return linear.astype(np.float32).reshape(1, 256)


_LINEAR = _srgb_to_linear()
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


def tile_means(frame: Picture) -> Floats:
    """Exact area means of linear R, G, B: (H, W, 3) uint8 sRGB → (576, 3) float32 in 0–1, row by row."""
    height, width = frame.shape[:2]
    if height < 2 * ROWS or width < COLUMNS:  # no whole row in each tile, or a resize that does not shrink
        times_x, times_y = (COLUMNS if width < COLUMNS else 1), (ROWS if height < 2 * ROWS else 1)
        return tile_means(np.repeat(np.repeat(frame, times_y, 0), times_x, 1))
    bands = np.empty((ROWS, width, 3), np.float32)
    edges = [divmod(row * height, ROWS) for row in range(ROWS + 1)]  # whole rows, and eighteenths of the next
    for row, ((top, part), (bottom, _)) in enumerate(itertools.pairwise(edges)):
        linear = cv2.LUT(frame[top + (part > 0) : bottom], _LINEAR)
        cv2.reduce(linear.reshape(len(linear), -1), 0, cv2.REDUCE_SUM, bands[row].reshape(1, -1))
    cut = cv2.LUT(frame[[whole for whole, _ in edges[1:-1]]], _LINEAR)
    share = np.array([part / ROWS for _, part in edges[1:-1]], np.float32).reshape(-1, 1, 1)
    bands[:-1] += share * cut
    bands[1:] += np.where(share > 0, 1 - share, np.float32(0)) * cut
    tiles = cv2.resize(bands, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA)
    return np.asarray(tiles, np.float32).reshape(TILES, 3) * np.float32(ROWS / height)


def _rough_means(frame: Picture) -> Floats:
    """``tile_means``, for frames whose tiles are whole pixels."""
    tiles = cv2.resize(cv2.LUT(frame, _LINEAR), (COLUMNS, ROWS), interpolation=cv2.INTER_AREA)
    return np.asarray(tiles, np.float32).reshape(TILES, 3)


class _Ends:
    """When each tile's newest transitions ended: seconds, newest first, shape (7, 576)."""

    def __init__(self) -> None:
        self.times = np.full((max(MOST_TRANSITIONS.values()) + 1, TILES), -np.inf)

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

    def __init__(self) -> None:
        self.ends = _Ends()
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

    def __init__(self) -> None:
        self.ends = _Ends()
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

    def __init__(self) -> None:
        most = max(MOST_TRANSITIONS.values())
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


class FlashLimiter:
    """Hold flashing below the threshold of WCAG 2.3.1, as counted in this module, by slowing the picture.

    mode: ``"wcag"`` (three flashes a second), ``"strict"`` (three transitions) or ``"off"``; may be set at
    any time. What was shown is counted in every mode, so the rule holds from the first frame after a change,
    except that a second already too lively for the new mode stays so: nothing is added to it.
    Pure: no thread, clock or I/O; the same frames and times give the same frames.

    >>> limiter = FlashLimiter()
    >>> frame = np.zeros((360, 640, 3), np.uint8)
    >>> limiter.limit(frame, 0.0) is frame
    True
    """

    def __init__(self, mode: Mode = "wcag") -> None:
        self.mode = mode
        self.reset()

    @property
    def mode(self) -> Mode:
        """``"wcag"``, ``"strict"`` or ``"off"``; ValueError for anything else."""
        return self._mode

    @mode.setter
    def mode(self, mode: Mode) -> None:
        if mode not in get_args(Mode):
            raise ValueError(f"flash limiter mode {mode!r} is unknown: use 'wcag', 'strict' or 'off'")
        self._mode: Mode = mode

    @property
    def alpha(self) -> float:
        """How much of the newest frame was let through: 1 when untouched, 0 when the picture was held."""
        return self._alpha

    def reset(self) -> None:
        """Forget what was shown, as at the start: the next frame passes, and time may start anew."""
        self._luminance, self._red, self._events = _Luminance(), _Red(), _Events()
        self._shown: Picture | None = None
        self._shown_rgb: Floats = np.zeros((TILES, 3), np.float32)
        self._time = -math.inf
        self._alpha = 1.0

    def limit(self, frame: Picture, time: float) -> Picture:
        """Return ``shown + α (frame − shown)`` with the largest α in [0, 1] that keeps the rule.

        frame: uint8 RGB, shape (H, W, 3), any H, W ≥ 1. time: seconds, never less than before; gaps are fine.
        Returns ``frame`` itself where nothing must be limited, else a new array of its shape. α is a multiple
        of 1/256 and one step more would break the rule; it is judged on the 8-bit pixels. After a change of
        size the frame shown before is resized to the new one; only where even that would break the rule (its
        tiles changed a little at a threshold) is it returned once more in its old size.
        Raises ValueError for another type or shape and for a time that runs backwards or is not finite.
        """
        if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or 0 in frame.shape:
            found = f"{frame.dtype} {frame.shape}"
            raise ValueError(f"the flash limiter takes uint8 RGB frames (H, W, 3), not {found}")
        if not math.isfinite(time) or time < self._time:
            raise ValueError(f"frame time {time} s comes after {self._time} s: call reset() to start anew")
        out, self._alpha = frame, 1.0
        rgb = tile_means(frame)
        luminance, red = self._luminance.begun(rgb), self._red.begun(rgb)
        if self._shown is not None and not self._fits(luminance, red, time):
            out, rgb = self._blend(frame, rgb, self._shown, time)
            luminance, red = self._luminance.begun(rgb), self._red.begun(rgb)
        self._luminance.push(rgb, luminance, time)
        self._red.push(rgb, red, time)
        self._events.push(luminance | red, time)
        self._time, self._shown_rgb = time, rgb
        if self._shown is not None and self._shown.shape == out.shape:
            np.copyto(self._shown, out)
        else:
            self._shown = out.copy()
        return out

    def _fits(self, luminance: Mask, red: Mask, time: float) -> bool:
        """Whether these tiles may begin a transition of Y and of red now."""
        begun = luminance | red
        if self._mode == "off" or not begun.any():
            return True
        most, since = MOST_TRANSITIONS[self._mode], time - WINDOW_S - _TICK_S
        if self._luminance.ends.crowded(luminance, most, since) or self._red.ends.crowded(red, most, since):
            return False
        return not (self._events.full(most, since) and self._events.fires(begun, time))

    def _keeps(self, rgb: Floats, time: float) -> bool:
        """Whether a frame of these tile means, shown now, keeps the rule."""
        return self._fits(self._luminance.begun(rgb), self._red.begun(rgb), time)

    def _blend(self, frame: Picture, rgb: Floats, shown: Picture, time: float) -> tuple[Picture, Floats]:
        """The nearest picture to ``frame`` (tile means ``rgb``) that keeps the rule, and its tile means."""
        height, width = frame.shape[:2]
        before = shown
        if shown.shape != frame.shape:
            shrinks = height * width < shown.shape[0] * shown.shape[1]
            way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
            before = np.asarray(cv2.resize(shown, (width, height), interpolation=way), np.uint8)
        rgb_before = self._shown_rgb if before is shown else tile_means(before)
        thin, thin_before = (np.asarray(cv2.resize(p, _PROXY_SIZE), np.uint8) for p in (frame, before))
        off, off_before = rgb - _rough_means(thin), rgb_before - _rough_means(thin_before)
        trial = np.empty_like(before)  # one for all trials: fresh pages cost more than the blend

        def guess_fits(step: int) -> bool:
            part = np.float32(step / STEPS)
            thinned = _rough_means(_mix(thin, thin_before, step))
            return self._keeps(thinned + part * off + (1 - part) * off_before, time)

        means: dict[int, Floats] = {}

        def fits(step: int) -> bool:
            means[step] = tile_means(_mix(frame, before, step, trial))
            return self._keeps(means[step], time)

        step = _border(fits, _coarse_border(guess_fits))
        self._alpha = step / STEPS
        if step > 0:
            return _mix(frame, before, step, trial), means[step]
        return (
            (before.copy(), rgb_before)
            if self._keeps(rgb_before, time)
            else (shown.copy(), tile_means(shown))
        )


def _coarse_border(fits: Callable[[int], bool]) -> int:
    """The largest fitting step: down from the top in eighths, then halving; 0 if none fits."""
    stride = STEPS // 8
    low = next((step for step in range(STEPS - stride, 0, -stride) if fits(step)), 0)
    return _halve(fits, low, low + stride)


def _border(fits: Callable[[int], bool], guess: int) -> int:
    """The fitting step nearest ``guess`` whose next does not fit; 0 if none does. 0 and 256 are not asked."""
    stride = 1
    if guess > 0 and fits(guess):
        low = guess
        while low + stride < STEPS and fits(low + stride):
            low, stride = low + stride, 2 * stride
        return _halve(fits, low, min(low + stride, STEPS))
    high = max(guess, 1)
    if guess == 0 and fits(high):
        return _border(fits, high)
    while high > stride and not fits(high - stride):
        high, stride = high - stride, 2 * stride
    return _halve(fits, max(high - stride, 0), high)


def _halve(fits: Callable[[int], bool], low: int, high: int) -> int:
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def _mix(frame: Picture, shown: Picture, step: int, out: Picture | None = None) -> Picture:
    """``shown + step/256 (frame − shown)``, rounded to 8 bit, into ``out`` if given."""
    part = step / STEPS
    return np.asarray(cv2.addWeighted(frame, part, shown, 1 - part, 0, out), np.uint8)
