"""A picture in 32 × 18 tiles of equal area, in the linear light of sRGB."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import numpy.typing as npt

from visualizer.snapshots import Picture

COLUMNS, ROWS = 32, 18
TILES = COLUMNS * ROWS

Floats = npt.NDArray[np.float32]


def _srgb_to_linear() -> Floats:
    code = np.arange(256) / 255
    linear = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    return linear.astype(np.float32).reshape(1, 256)


_LINEAR = _srgb_to_linear()


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


def rough_means(frame: Picture) -> Floats:
    """``tile_means``, of a frame whose tiles are whole pixels."""
    tiles = cv2.resize(cv2.LUT(frame, _LINEAR), (COLUMNS, ROWS), interpolation=cv2.INTER_AREA)
    return np.asarray(tiles, np.float32).reshape(TILES, 3)
