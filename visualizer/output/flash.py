"""The flash limiter: the last step that may alter a pixel.

After WCAG 2.3.1 (three flashes or below threshold) with the general and red flash thresholds of WCAG 2.2, in
the linear light of sRGB and the primaries of ITU-R BT.709. It guides, it does not certify. The rule, as it is
counted, stands in ``transitions``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, get_args

import cv2
import numpy as np

from visualizer.output.tiles import COLUMNS, ROWS, TILES, Floats, rough_means, tile_means
from visualizer.output.transitions import Mask, Transitions
from visualizer.snapshots import Picture

Mode = Literal["wcag", "strict", "off"]

MOST_TRANSITIONS = {"wcag": 6, "strict": 3}
STEPS = 256
"""α is a multiple of 1/256: an 8-bit blend cannot show less."""

_PROXY_SIZE = (4 * COLUMNS, 4 * ROWS)
"""α is first looked for on the two frames thinned to this (width, height): whole pixels in each tile."""


class FlashLimiter:
    """Hold flashing below the threshold of WCAG 2.3.1, as ``transitions`` counts it, by slowing the picture.

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
        self._transitions = Transitions(max(MOST_TRANSITIONS.values()))
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
        begun = self._transitions.begun(rgb)
        if self._shown is not None and not self._fits(begun, time):
            out, rgb = self._blend(frame, rgb, self._shown, time)
            begun = self._transitions.begun(rgb)
        self._transitions.push(rgb, begun, time)
        self._time, self._shown_rgb = time, rgb
        if self._shown is not None and self._shown.shape == out.shape:
            np.copyto(self._shown, out)
        else:
            self._shown = out.copy()
        return out

    def _fits(self, begun: tuple[Mask, Mask], time: float) -> bool:
        """Whether these tiles may begin a transition of Y and of red now."""
        return self._mode == "off" or self._transitions.fit(begun, MOST_TRANSITIONS[self._mode], time)

    def _keeps(self, rgb: Floats, time: float) -> bool:
        """Whether a frame of these tile means, shown now, keeps the rule."""
        return self._fits(self._transitions.begun(rgb), time)

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
        off, off_before = rgb - rough_means(thin), rgb_before - rough_means(thin_before)
        trial = np.empty_like(before)  # one for all trials: fresh pages cost more than the blend

        def guess_fits(step: int) -> bool:
            part = np.float32(step / STEPS)
            thinned = rough_means(_mix(thin, thin_before, step))
            return self._keeps(thinned + part * off + (1 - part) * off_before, time)

        means: dict[int, Floats] = {}

        def fits(step: int) -> bool:
            means[step] = tile_means(_mix(frame, before, step, trial))
            return self._keeps(means[step], time)

        step = _border(fits, _coarse_border(guess_fits))
        self._alpha = step / STEPS
        if step > 0:
            return _mix(frame, before, step, trial), means[step]
        return (before.copy(), rgb_before) if self._keeps(rgb_before, time) else (shown.copy(), tile_means(shown))


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
