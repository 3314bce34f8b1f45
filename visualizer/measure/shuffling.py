"""What chance gives: the same events, turned round in a circle, so that they keep their rhythm and lose their place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.float64]

SHUFFLES = 50
LEAST_SHIFT_S = 1.0
"""How many offsets are tried, and how far from no offset each is at least."""

Score = Callable[[Times], float]


def shuffled(events: Times, span: tuple[float, float], score: Score) -> float | None:
    """The mean score of the sound's events turned round in a circle by chance offsets, from a fixed seed.

    span: (begin, end) of the circle, s. Every offset is at least a second either way; None where the span has no room.
    """
    begin, length = span[0], span[1] - span[0]
    if length <= 2 * LEAST_SHIFT_S:
        return None
    offsets = np.random.default_rng(0).uniform(LEAST_SHIFT_S, length - LEAST_SHIFT_S, SHUFFLES)
    return float(np.mean([score(np.sort(begin + (events - begin + offset) % length)) for offset in offsets]))
