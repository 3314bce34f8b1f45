"""Spectral flux without look-ahead: how much of the spectrum rises, small rises and all.

What ``onset`` leaves out, a chord that swells or a voice that moves on, counts here; what never stops rising, as noise
does, is the average and does not.
"""

from __future__ import annotations

import math

import numpy as np

from visualizer.analysis.bands import HOP_S
from visualizer.snapshots import FloatArray

FLOOR_DB, MASKED_DB = -80.0, 50.0
"""What rises below the floor, or so far below the loudest band, is not heard: a tone's leakage through the window does."""

AVERAGE_S = 2.0

PEAK_FALL_S, PEAK_FLOOR_DB = 4.0, 4.0
"""The greatest flux is forgotten with this time constant, and never taken as less than the floor, a mean of all bands."""


def rise(now: FloatArray, before: FloatArray, floor_db: float) -> float:
    """How far the bands (bands,) of a hop, dB, lie above those of the hop before: the mean over all, in dB. What falls, and
    what lies below the floor, counts 0."""
    floor = np.float32(floor_db)
    return float(np.maximum(np.maximum(now, floor) - np.maximum(before, floor), 0).mean())


class SpectralFlux:
    """Half-wave rectified rise of the mel bands in dB, mean over bands, above its average and over its greatest of late."""

    _AVERAGE = 1 - math.exp(-HOP_S / AVERAGE_S)
    _FALL = math.exp(-HOP_S / PEAK_FALL_S)

    def __init__(self) -> None:
        self._before: FloatArray | None = None
        self._average = 0.0
        self._most = PEAK_FLOOR_DB

    def push(self, mel: FloatArray) -> float:
        """Take the next hop's mel bands, dB re a full-scale sine, shape (bands,); return the flux, 0–1."""
        before = mel if self._before is None else self._before
        self._before = mel
        risen = rise(mel, before, max(FLOOR_DB, float(mel.max()) - MASKED_DB))
        over = max(0.0, risen - self._average)
        self._average += self._AVERAGE * (risen - self._average)
        self._most = max(over, PEAK_FLOOR_DB, self._most * self._FALL)
        return over / self._most
