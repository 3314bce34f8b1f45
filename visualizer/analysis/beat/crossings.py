"""From a phase to beats: the moments at which it begins anew."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.float64]

BACK = 0.25
"""A phase that falls by more than this has begun a new beat; one that falls by less was put right."""


def crossings(time: Times, phase: Times) -> Times:
    """When a phase that is given at the times ``time`` begins anew; within a hop it is taken to run evenly.

    A fall by more than ``BACK`` is a new beat. A smaller fall is a correction. One that leads back over zero gives the
    beat that it undoes no second time.
    """
    found = []
    again = False  # the next beat has been counted already
    for i in range(1, len(time)):
        before, now = phase[i - 1], phase[i]
        if np.isnan(before) or np.isnan(now):
            again = False
        elif now - before > 1 - BACK:
            again = True
        elif now - before < -BACK:
            if not again:
                left = 1 - before
                found.append(time[i - 1] + (time[i] - time[i - 1]) * left / max(left + now, 1e-9))
            again = False
    return np.array(found)
