"""From onset strength to onsets: when a rise is one event that something may be hung on.

``Heard`` tells strengths, for whatever follows them; who counts, flashes or measures single onsets picks them here, so
that all find the same ones.
"""

from __future__ import annotations

from visualizer.snapshots import HOP_SAMPLES, SAMPLE_RATE, Heard

ONSET = 0.3
"""The strength from which on a rise is an onset."""

APART_S = 0.05
"""The next onset of a band comes no sooner."""

STRENGTHS = {"any": "onset", "low": "onset_low", "mid": "onset_mid", "high": "onset_high"}
"""By band: the field of ``Heard`` that tells its onsets."""


class OnsetPicker:
    """Picks the onsets of one band in the hop in which the strength rises; it waits for no later sound."""

    _APART = round(APART_S * SAMPLE_RATE) - HOP_SAMPLES // 2

    def __init__(self) -> None:
        self._last: int | None = None
        self._before = 0.0

    def push(self, strength: float, sample: int) -> bool:
        """Take the strength of the hop that ends at ``sample``, 0–1; return whether an onset lies in that hop."""
        rises = strength >= ONSET and strength > self._before
        self._before = strength
        if not rises or (self._last is not None and sample - self._last < self._APART):
            return False
        self._last = sample
        return True


class OnsetPickers:
    """One picker for each band of ``STRENGTHS``."""

    def __init__(self) -> None:
        self._pickers = {band: OnsetPicker() for band in STRENGTHS}

    def push(self, heard: Heard) -> tuple[str, ...]:
        """Take a hop; return the bands in which an onset lies in it, in the order of ``STRENGTHS``."""
        return tuple(
            band for band, picker in self._pickers.items() if picker.push(getattr(heard, STRENGTHS[band]), heard.sample)
        )
