"""Two slow measures of timbre: brightness (where the spectrum sits) and tension (how noise-like it is)."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from visualizer.analysis.bands import HOP_S
from visualizer.analysis.mel import MelConfig, edges

BRIGHTNESS_HZ = (200.0, 6000.0)
"""Centroids that give brightness 0 and 1; linear in octaves between."""

TENSION_DB = (-20.0, -2.0)
"""Spectral flatness that gives tension 0 (a chord) and 1 (noise)."""

BRIGHTNESS_S, TENSION_S = 0.1, 0.25
"""Time constants of the smoothing."""

QUIET_DB = (-70.0, -60.0)
"""Below the first no timbre is read (both measures fall to 0); above the second it counts fully."""

REST = 1e-4
"""Below this a measure is 0."""


class Timbre:
    """Brightness and tension, 0–1, from mel band powers, one pair a hop.

    Brightness: centroid of band amplitudes over the logarithm of frequency. Tension: spectral flatness (geometric over
    arithmetic mean) of the power per octave, so that pink noise is flat, as the average of music is.
    """

    _BRIGHTNESS = 1 - math.exp(-HOP_S / BRIGHTNESS_S)
    _TENSION = 1 - math.exp(-HOP_S / TENSION_S)

    def __init__(self, config: MelConfig) -> None:
        corners = edges(config)
        centres = corners[1:-1]
        low, high = (math.log2(hertz) for hertz in BRIGHTNESS_HZ)
        self._place = (np.log2(centres) - low) / (high - low)
        self._per_octave = centres / (corners[2:] - corners[:-2])
        self._brightness = self._tension = 0.0

    def push(self, power: npt.NDArray[np.float64]) -> tuple[float, float]:
        """Take band powers, shape (bands,), re a full-scale sine; return (brightness, tension)."""
        total = float(power.sum())
        loud = 10 * math.log10(total) if total > 1e-12 else -120.0
        present = min(1.0, max(0.0, (loud - QUIET_DB[0]) / (QUIET_DB[1] - QUIET_DB[0])))
        bright = tense = 0.0
        if present > 0:
            amplitude = np.sqrt(power)
            bright = present * min(1.0, max(0.0, float(self._place @ amplitude) / float(amplitude.sum())))
            octave = self._per_octave * power
            mean = float(octave.sum()) / len(octave)
            flat = 10 * float(np.log10(octave / mean + 1e-5).sum()) / len(octave)
            tense = present * min(1.0, max(0.0, (flat - TENSION_DB[0]) / (TENSION_DB[1] - TENSION_DB[0])))
        self._brightness += self._BRIGHTNESS * (bright - self._brightness)
        self._tension += self._TENSION * (tense - self._tension)
        if self._brightness < REST:
            self._brightness = 0.0
        if self._tension < REST:
            self._tension = 0.0
        return self._brightness, self._tension
