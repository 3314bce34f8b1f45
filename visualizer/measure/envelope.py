"""Onset envelope: how much the spectrum rises in each hop."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from visualizer.analysis.flux import rise
from visualizer.analysis.mel import MelConfig
from visualizer.snapshots import FloatArray

MEL = MelConfig(window="hann")
"""The show's mel, but with librosa's symmetric window: under the show's own, which answers sooner, a loud gliding tone
leaks into quiet bands by what looks like soft onsets, and over 80 dB they would count."""

RANGE_DB = 80.0
"""What lies so far below the loudest band of the whole sound counts as silence: librosa's ``power_to_db``. With it, a soft
recording gives the curve of a loud one, and a codec's noise none."""


class OnsetEnvelope:
    """Half-wave rectified spectral flux, mean over mel bands, as librosa's ``onset_strength`` (McFee et al., SciPy
    2015).

    s(t) = mean over bands b of max(0, M_b(t) − M_b(t − 1)), M in dB. Nothing is normalised by what was heard before, unlike
    the live analysis. top_db: the loudest band of the whole sound, dB.
    """

    def __init__(self, top_db: float) -> None:
        self._floor = top_db - RANGE_DB
        self._before: npt.NDArray[np.float32] | None = None

    def push(self, mel_db: FloatArray) -> float:
        """Take the mel bands of the next hop, dB, shape (bands,); return the rise in it, dB. The first hop gives 0."""
        before = mel_db if self._before is None else self._before
        self._before = mel_db
        return rise(mel_db, before, self._floor)
