"""Warping error: what remains between two pictures once motion is taken out."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from visualizer.measure.flow import Field
from visualizer.snapshots import Picture

LEAST_SEEN = 0.01
"""A pair of which less than this share can be followed is a cut, and says nothing."""


def visible(forth: Field, back: Field) -> npt.NDArray[np.bool_]:
    """Which pixels of the later picture were there in the earlier one, shape (height, width).

    forth, back: flow from the earlier to the later picture, and the other way. Followed back and forth again, a pixel must
    come out where it was: abs(w_f(x + w_b) + w_b)² ≤ 0.01 (abs(w_f)² + abs(w_b)²) + 0.5 px² (Sundaram, Brox and Keutzer,
    ECCV 2010, as Lai et al. use it).
    """
    height, width = back.shape[:2]
    x, y = _sources(back)
    inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    again = cv2.remap(forth, x, y, cv2.INTER_LINEAR)
    apart = ((again + back) ** 2).sum(axis=2)
    return inside & (apart <= 0.01 * ((again**2).sum(axis=2) + (back**2).sum(axis=2)) + 0.5)


def warping_error(before: Picture, now: Picture, forth: Field, back: Field) -> float | None:
    """Mean squared difference, RGB 0–1, between ``now`` and ``before`` warped by the flow, over the pixels seen in both.

    After Lai et al., Learning blind video temporal consistency (ECCV 2018), eq. 8. None where next to nothing is seen in
    both.
    """
    seen = visible(forth, back)
    if seen.mean() < LEAST_SEEN:
        return None
    x, y = _sources(back)
    warped = cv2.remap(before.astype(np.float32), x, y, cv2.INTER_LINEAR)
    return float(np.mean(((warped - now) / 255)[seen] ** 2))


def _sources(back: Field) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    height, width = back.shape[:2]
    x = np.arange(width, dtype=np.float32)[None, :] + back[..., 0]
    y = np.arange(height, dtype=np.float32)[:, None] + back[..., 1]
    return x, y
