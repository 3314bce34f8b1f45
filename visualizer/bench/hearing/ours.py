"""The program's own analysis as a tracker under test."""

from __future__ import annotations

import numpy as np

from visualizer.analysis.analyzer import CHANNELS, Analyzer
from visualizer.bench.hearing.tracker import HOP_S, Onset, Reading
from visualizer.snapshots import HOP_SAMPLES, SAMPLE_RATE, FloatArray

ONSET = 0.3
"""The strength from which on a rise is taken as an onset."""

APART_S = 0.05
"""The next onset comes no sooner."""


class Ours:
    """``Analyzer`` on a mono stream played on both channels; its beat is what stands in ``Heard.beat``."""

    def __init__(self) -> None:
        self._analyzer = Analyzer()
        self._last, self._before = -1.0, 0.0

    def push(self, block: FloatArray) -> Reading:
        """See ``tracker.Tracker``. An onset lies in the middle of the hop in which the strength rises."""
        if block.shape != (HOP_SAMPLES,):
            raise ValueError(f"a hop has the shape ({HOP_SAMPLES},), not {block.shape}")
        (heard,) = self._analyzer.push(np.repeat(block[:, None], CHANNELS, axis=1))
        now = heard.sample / SAMPLE_RATE
        onsets: tuple[Onset, ...] = ()
        if heard.onset >= ONSET and heard.onset > self._before and now - self._last >= APART_S - HOP_S / 2:
            onsets, self._last = (Onset(now - HOP_S / 2),), now
        self._before = heard.onset
        if heard.beat is None:
            return Reading(onsets=onsets, loudness_lufs=heard.loudness_lufs)
        beat = heard.beat
        return Reading(beat.phase, beat.bar_phase, beat.bpm, beat.confidence, onsets, heard.loudness_lufs)
