"""Pitch and speed of a sound changed in its mel: bands and frames read at other places, which costs almost nothing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from visualizer.analysis.mel import MelConfig, edges
from visualizer.snapshots import FloatArray


class Warp:
    """Resamples mels of one configuration."""

    def __init__(self, config: MelConfig) -> None:
        self._floor = np.float32(config.floor_db)
        self._centres = edges(config)[1:-1]

    def frames(self, count: int, speed: float) -> int:
        """How many frames of a sound become ``count`` at this speed."""
        return max(1, round(count * speed))

    def __call__(self, mel: FloatArray, semitones: float, speed: float) -> FloatArray:
        """Mel (n, bands) in dB, higher by so many semitones, and played so many times as fast: (about n / speed, bands).

        Where the sound of another pitch would come from above the bands there is silence; its level stays what it was but
        for what leaves the bands.
        """
        out = mel
        if speed != 1:
            count = max(1, round(len(mel) / speed))
            out = _between(out, np.linspace(0, len(mel) - 1, count))
        if semitones:
            wanted = self._centres * 2 ** (-semitones / 12)
            places = np.interp(wanted, self._centres, np.arange(len(self._centres)))
            out = _between(out.T, places).T.copy()
            out[:, wanted > self._centres[-1]] = self._floor
        return np.ascontiguousarray(out, np.float32)


def _between(rows: FloatArray, places: npt.NDArray[np.float64]) -> FloatArray:
    """Rows at places between them, linear in dB."""
    first = np.minimum(places.astype(int), len(rows) - 1)
    after = np.minimum(first + 1, len(rows) - 1)
    share = (places - first).astype(np.float32)[:, None]
    return np.asarray(rows[first] * (1 - share) + rows[after] * share, np.float32)
