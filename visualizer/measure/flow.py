"""Dense optical flow between two pictures."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from visualizer.snapshots import Picture

Field = npt.NDArray[np.float32]
"""Shape (height, width, 2): how far each pixel moves to the right and down, pixels."""

Grey = npt.NDArray[np.uint8]


def grey(picture: Picture) -> Grey:
    """An RGB picture's brightness, shape (height, width)."""
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)


def flow(before: Grey, now: Grey) -> Field:
    """Where the pixels of ``before`` have gone, after Farnebäck (SCIA 2003), with the settings of TempoTokens' metric."""
    found = cv2.calcOpticalFlowFarneback(before, now, None, 0.5, 3, 15, 3, 5, 1.2, 0)  # type: ignore[call-overload]
    return np.asarray(found, np.float32)


def moved(field: Field) -> float:
    """The mean length of the flow, in picture diagonals, so that the picture's size does not matter."""
    height, width = field.shape[:2]
    return float(np.hypot(field[..., 0], field[..., 1]).mean()) / math.hypot(height, width)
