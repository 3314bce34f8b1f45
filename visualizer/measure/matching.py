"""Events of two kinds brought together, one to one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.float64]


def pairs(truth: Times, found: Times, window: float) -> list[tuple[int, int]]:
    """The most pairs (index in truth, index in found) no further apart than ``window``, each index once."""
    out, i, j = [], 0, 0
    while i < len(truth) and j < len(found):
        if abs(truth[i] - found[j]) <= window:
            out.append((i, j))
            i, j = i + 1, j + 1
        elif truth[i] < found[j]:
            i += 1
        else:
            j += 1
    return out
