"""Strength of a frequency band: absolute, and after an automatic gain that fits it to the last seconds.

Both follow the band within the hop: a rise shows at once, a fall takes ``RELEASE_S``.
"""

from __future__ import annotations

import math

from visualizer.analysis.filters import Biquad, butterworth
from visualizer.snapshots import HOP_SAMPLES, SAMPLE_RATE

HOP_S = HOP_SAMPLES / SAMPLE_RATE

BANDS_HZ: dict[str, tuple[float, float]] = {
    "bass": (20.0, 150.0),
    "mid": (150.0, 2000.0),
    "treble": (2000.0, 16_000.0),
}
"""Edges (−3 dB); 24 dB an octave outside, so that a voice does not count as bass."""

RELEASE_S = 0.05
"""The held power falls by 1/e in this time (87 dB a second)."""

RANGE_DB = 60.0
"""``level`` spreads −60…0 dB over 0–1; 0 dB is the power of a full-scale sine (AES17)."""

GAIN_RANGE_DB = 24.0
"""The automatic gain spreads this much below its top over 0–1: about what a drummer and a fade-out differ by."""

HEADROOM_DB = 4.0
"""A sound that never changes rests this far below 1, so that an accent on it still shows."""

TOP_FLOOR_DB = -36.0
"""The gain's top never falls below this: what lies under −56 dB stays 0, and silence is not blown up to a show."""

BELOW_ENERGY_DB = 18.0
"""Nor does a band's top fall further than this below the whole sound's: what another band masks is not blown up."""

TOP_RISE_S, TOP_FALL_S = 0.3, 8.0
"""A loud second pulls the top up, one click hardly does; after a drop to a quiet part it takes seconds to come down."""


def band_pass(low: float, high: float) -> list[Biquad]:
    """Fourth-order Butterworth high-pass and low-pass, Hz."""
    return butterworth("high", low, 4) + butterworth("low", high, 4)


def level(power: float) -> float:
    """A power re a full-scale sine (1.0) on an absolute scale, 0–1."""
    return min(1.0, max(0.0, 10 * math.log10(max(power, 1e-12)) / RANGE_DB + 1))


class BandStrength:
    """Follows one band from its power in each hop."""

    _RELEASE = math.exp(-HOP_S / RELEASE_S)
    _RISE = 1 - math.exp(-HOP_S / TOP_RISE_S)
    _FALL = 1 - math.exp(-HOP_S / TOP_FALL_S)

    def __init__(self) -> None:
        self._held = 0.0
        self._top = TOP_FLOOR_DB

    @property
    def top(self) -> float:
        """What the automatic gain takes as loud now, dB."""
        return self._top

    def push(self, power: float, floor_db: float = TOP_FLOOR_DB) -> tuple[float, float]:
        """Take the hop's power re a full-scale sine (1.0); return strength after automatic gain and level, 0–1.

        floor_db: where the gain's top stops falling.
        """
        self._held = max(power, self._held * self._RELEASE)
        decibels = 10 * math.log10(max(self._held, 1e-12))
        goal = max(decibels, floor_db)
        self._top += (goal - self._top) * (self._RISE if goal > self._top else self._FALL)
        strength = (decibels - self._top - HEADROOM_DB) / GAIN_RANGE_DB + 1
        return min(1.0, max(0.0, strength)), level(self._held)
