"""The program's own analysis as a tracker under test."""

from __future__ import annotations

import numpy as np

from visualizer.analysis.analyzer import CHANNELS, Analyzer
from visualizer.bench.hearing.tracker import HOP_S, Onset, Reading
from visualizer.snapshots import HOP_SAMPLES, SAMPLE_RATE, FloatArray

ONSET = 0.3
"""The strength from which on a rise is taken as an onset."""

APART_S = 0.05
"""The next onset of a band comes no sooner."""

STRENGTHS = {"any": "onset", "low": "onset_low", "mid": "onset_mid", "high": "onset_high"}
"""By band: the field of ``Heard`` that tells its onsets."""


class Ours:
    """``Analyzer`` on a mono stream played on both channels; its beat is what stands in ``Heard.beat``."""

    def __init__(self) -> None:
        self._analyzer = Analyzer()
        self._last = dict.fromkeys(STRENGTHS, -1.0)
        self._before = dict.fromkeys(STRENGTHS, 0.0)

    def push(self, block: FloatArray) -> Reading:
        """See ``tracker.Tracker``. An onset lies in the middle of the hop in which the strength rises."""
        if block.shape != (HOP_SAMPLES,):
            raise ValueError(f"a hop has the shape ({HOP_SAMPLES},), not {block.shape}")
        (heard,) = self._analyzer.push(np.repeat(block[:, None], CHANNELS, axis=1))
        now = heard.sample / SAMPLE_RATE
        onsets = []
        for band, name in STRENGTHS.items():
            strength = getattr(heard, name)
            if strength >= ONSET and strength > self._before[band] and now - self._last[band] >= APART_S - HOP_S / 2:
                onsets.append(Onset(now - HOP_S / 2, band))
                self._last[band] = now
            self._before[band] = strength
        if heard.beat is None:
            return Reading(onsets=tuple(onsets), loudness_lufs=heard.loudness_lufs)
        beat = heard.beat
        return Reading(beat.phase, beat.bar_phase, beat.bpm, beat.confidence, tuple(onsets), heard.loudness_lufs)
