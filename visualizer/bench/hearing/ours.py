"""The program's own analysis as a tracker under test."""

from __future__ import annotations

import numpy as np

from visualizer.analysis.analyzer import CHANNELS, Analyzer
from visualizer.analysis.onset_picker import OnsetPickers
from visualizer.bench.hearing.tracker import HOP_S, Onset, Reading, Times
from visualizer.snapshots import HOP_SAMPLES, SAMPLE_RATE, FloatArray


class Ours:
    """``Analyzer`` on a mono stream played on both channels; its beat is what stands in ``Heard.beat``."""

    def __init__(self) -> None:
        self._analyzer = Analyzer()
        self._pickers = OnsetPickers()

    def push(self, block: FloatArray) -> Reading:
        """See ``tracker.Tracker``. An onset lies in the middle of the hop in which the strength rises."""
        if block.shape != (HOP_SAMPLES,):
            raise ValueError(f"a hop has the shape ({HOP_SAMPLES},), not {block.shape}")
        (heard,) = self._analyzer.push(np.repeat(block[:, None], CHANNELS, axis=1))
        middle = heard.sample / SAMPLE_RATE - HOP_S / 2
        onsets = tuple(Onset(middle, band) for band in self._pickers.push(heard))
        if heard.beat is None:
            return Reading(onsets=onsets, loudness_lufs=heard.loudness_lufs)
        beat = heard.beat
        return Reading(beat.phase, beat.bar_phase, beat.bpm, beat.confidence, onsets, heard.loudness_lufs)


def loudness(sound: FloatArray) -> Times:
    """Momentary loudness after each hop of stereo ``sound``, shape (n, 2), LUFS; shape (n // HOP_SAMPLES,)."""
    return np.array([heard.loudness_lufs for heard in Analyzer().push(sound)])
