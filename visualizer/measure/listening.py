"""A whole sound turned into curves: rises, level, beats, and its outline."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from visualizer.analysis.bands import BANDS_HZ, HOP_S, band_pass
from visualizer.analysis.beat.crossings import crossings
from visualizer.analysis.beat.tracker import BeatTracker
from visualizer.analysis.filters import FilterBank
from visualizer.analysis.mel import SHOW, LogMel
from visualizer.measure.curve import Array, Curve
from visualizer.measure.envelope import MEL, RANGE_DB, OnsetEnvelope
from visualizer.measure.errors import MeasureError
from visualizer.measure.picking import onset_hops
from visualizer.measure.soundtrack import Soundtrack
from visualizer.snapshots import HOP_SAMPLES

Progress = Callable[[str, float, float | None], None]
"""Is told what is being done, how many seconds of it are done, and of how many, where that is known."""

SHORTEST_S = 2.0
"""A shorter sound says too little: the lags alone span 0.7 s."""

NOTHING_DB = -90.0
"""A sound whose loudest band stays below this, re a full-scale sine, holds nothing: dither and codecs reach −95 dB."""

SURE = 0.5
"""The tracker's confidence, 0–1, from which on a beat counts."""

FEWEST_BEATS = 8
"""With fewer sure beats there is no steady beat to measure by."""


@dataclass(frozen=True, slots=True)
class Listened:
    """What a sound holds, in seconds on the clock of the video (0: its first picture).

    start, end: of the sound. rises: onset envelope, dB in each hop, shape (hops,); 0 where nothing sounds. level_dbfs: of
    each hop. outline: lowest and highest sample of each hop, shape (hops, 2). onsets, beats: moments, ascending; beats are
    the sure ones alone.
    """

    start: float
    end: float
    rises: Array
    level_dbfs: Array
    outline: Array
    onsets: Array
    beats: Array

    @property
    def hop_starts(self) -> Array:
        """When each hop begins."""
        return np.asarray(self.start + np.arange(len(self.rises)) * HOP_S, np.float64)

    @property
    def curve(self) -> Curve:
        """The onset envelope, dB per second; a rise is spread over the hop in which it lies."""
        return Curve(self.hop_starts, np.full(len(self.rises), HOP_S), self.rises)


def listen(track: Soundtrack, start: float, progress: Progress = lambda what, done, total: None) -> Listened:
    """Hear the whole sound, whose first sample sounds at ``start``, s. Raises MeasureError where it is too short.

    Reads it twice: the envelope needs to know first how loud it gets.
    """
    top_db = _loudest_db(track, progress)
    mel, envelope = LogMel(replace(MEL, floor_db=min(MEL.floor_db, top_db - RANGE_DB))), OnsetEnvelope(top_db)
    show, bass, tracker = LogMel(SHOW), FilterBank([band_pass(*BANDS_HZ["bass"])]), BeatTracker()
    rises, squares, outline, phase, sure = (array("d") for _ in range(5))  # a list takes five times the memory
    for count, hop in enumerate(track.hops()):
        rises.append(envelope.push(mel.decibels(mel.power(hop))))
        squares.append(float(np.mean(hop**2)))
        outline.extend((float(hop.min()), float(hop.max())))
        beat = tracker.push(show.power(hop), float((bass.filter(hop) ** 2).sum()) / HOP_SAMPLES)
        phase.append(math.nan if beat is None else beat.phase)
        sure.append(0.0 if beat is None else beat.confidence)
        if count % 100 == 0:
            progress("hearing", count * HOP_S, track.seconds)
    hops = len(rises)
    found = np.array(rises) if top_db > NOTHING_DB else np.zeros(hops)
    times = np.arange(1.0, hops + 1) * HOP_S
    beats = crossings(times, np.array(phase))
    beats = beats[np.array(sure)[np.minimum(hops - 1, (beats / HOP_S).astype(np.intp))] >= SURE]
    return Listened(
        start,
        start + hops * HOP_S,
        found,
        10 * np.log10(np.maximum(1e-12, squares)),
        np.array(outline).reshape(-1, 2),
        np.asarray(start + (onset_hops(found) + 0.5) * HOP_S, np.float64),
        start + beats if len(beats) >= FEWEST_BEATS else np.zeros(0),
    )


def _loudest_db(track: Soundtrack, progress: Progress) -> float:
    """The loudest mel band of the whole sound, dB re a full-scale sine."""
    mel, top, count = LogMel(MEL), 1e-20, 0
    for count, hop in enumerate(track.hops(), 1):
        top = max(top, float(mel.power(hop).max()))
        if count % 100 == 0:
            progress("levels", count * HOP_S, track.seconds)
    if count * HOP_S < SHORTEST_S:
        told = f"The sound of {track.path} lasts {count * HOP_S:.1f} s"
        raise MeasureError(f"{told}, and less than {SHORTEST_S:g} s cannot be measured; choose a longer one.")
    return 10 * math.log10(top)
