"""Events in curves: onsets in the onset envelope, and local maxima in the motion."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from visualizer.measure.curve import Array
from visualizer.snapshots import HOP_SAMPLES, SAMPLE_RATE

Indices = npt.NDArray[np.intp]

HOPS_A_SECOND = SAMPLE_RATE / HOP_SAMPLES

MAX_BEFORE = int(0.03 * HOPS_A_SECOND)
MEAN_AROUND = int(0.1 * HOPS_A_SECOND)
WAIT = int(0.03 * HOPS_A_SECOND)
DELTA = 0.07
"""librosa's defaults in ``onset_detect``: an onset is the highest of the last 30 ms, at least this (of the envelope's
range) above the mean of 100 ms on either side, and more than 30 ms after the one before."""


def onset_hops(envelope: Array) -> Indices:
    """Hops in which an onset lies, after Böck, Krebs and Schedl (ISMIR 2012) with librosa's settings.

    envelope: rise in each hop, shape (hops,). It is first brought to 0–1 by its least and greatest value.
    """
    if not len(envelope) or np.all(envelope == envelope[0]):
        return np.zeros(0, np.intp)
    least, most = float(envelope.min()), float(envelope.max())
    scaled = (envelope - least) / (most - least)
    sums = np.concatenate([[0.0], np.cumsum(scaled)])
    found: list[int] = []
    for at in np.flatnonzero(scaled >= DELTA).tolist():  # the mean is never below 0
        low, high = max(0, at - MEAN_AROUND), min(len(scaled), at + MEAN_AROUND + 1)
        if scaled[at] < scaled[max(0, at - MAX_BEFORE) : at + 1].max():
            continue
        if scaled[at] < (sums[high] - sums[low]) / (high - low) + DELTA:
            continue
        if not found or at > found[-1] + WAIT:
            found.append(at)
    return np.array(found, np.intp)


def peak_cells(curve: Array, least: float) -> Indices:
    """Where ``curve`` (n,) is greater than on both sides, as TempoTokens' metric has it, and at least ``least``."""
    middle = curve[1:-1]
    return np.flatnonzero((middle > curve[:-2]) & (middle > curve[2:]) & (middle >= least)) + 1
