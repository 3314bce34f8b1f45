"""What a hearing part under test must do: take sound hop by hop and say, at once, what it makes of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from visualizer.analysis.beat.crossings import crossings
from visualizer.snapshots import HOP_SAMPLES, SAMPLE_RATE, FloatArray

Times = npt.NDArray[np.float64]
"""Seconds from the start of a stream, ascending, shape (n,)."""

HOP_S = HOP_SAMPLES / SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Onset:
    """One onset. time: seconds from the start of the stream. band: "any" (the whole sound), "low", "mid" or "high"."""

    time: float
    band: str = "any"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a tracker says after a hop, of the moment at the hop's end.

    phase: 0–1 within the beat, None for no idea; a beat counts where it passes zero, so a beat must be foreseen to be on
    time. bar_phase: the same within the bar. bpm: beats a minute, None for no idea. confidence: 0–1, how far the
    phase is to be trusted. onsets: those found in this hop, each with where it lies. loudness_lufs: momentary loudness
    of the sound played on both channels of a stereo pair, None where it is not measured.
    """

    phase: float | None = None
    bar_phase: float | None = None
    bpm: float | None = None
    confidence: float = 0.0
    onsets: tuple[Onset, ...] = ()
    loudness_lufs: float | None = None


class Tracker(Protocol):
    """A hearing part. It knows only what has been pushed, and nothing it has said can be taken back."""

    def push(self, block: FloatArray) -> Reading:
        """Take the next hop of 48 kHz sound, float32, shape (480,); return what is heard by now."""
        ...


Factory = Callable[[], Tracker]
"""Makes a tracker that has heard nothing yet: one a stream."""


@dataclass(frozen=True, slots=True)
class Log:
    """All a tracker said about one stream; nan where it said nothing.

    time: each hop's end, s. The others have the shape of time. onsets: (onset, when it was said), in that order.
    hop_us: the time each push took, µs.
    """

    time: Times
    phase: Times
    bar_phase: Times
    bpm: Times
    confidence: Times
    loudness_lufs: Times
    onsets: tuple[tuple[Onset, float], ...]
    hop_us: Times

    @property
    def beats(self) -> Times:
        """When the phase passed zero."""
        return crossings(self.time, self.phase)

    @property
    def downbeats(self) -> Times:
        """When the phase of the bar passed zero."""
        return crossings(self.time, self.bar_phase)


def listen(tracker: Tracker, sound: FloatArray) -> Log:
    """Play mono 48 kHz ``sound``, shape (n,), to a fresh tracker hop by hop; an unfinished last hop is left out.

    When something became known is stamped here, by the hops pushed, and is nothing that a tracker could say.
    """
    hops = len(sound) // HOP_SAMPLES
    said = np.full((5, hops), np.nan)
    taken = np.zeros(hops)
    onsets = []
    for i in range(hops):
        block = sound[i * HOP_SAMPLES : (i + 1) * HOP_SAMPLES]
        begun = time.perf_counter_ns()
        reading = tracker.push(block)
        taken[i] = (time.perf_counter_ns() - begun) / 1000
        values = reading.phase, reading.bar_phase, reading.bpm, reading.confidence, reading.loudness_lufs
        said[:, i] = [np.nan if value is None else value for value in values]
        onsets += [(onset, (i + 1) * HOP_S) for onset in reading.onsets]
    phase, bar_phase, bpm, confidence, loudness = said
    return Log(np.arange(1.0, hops + 1) * HOP_S, phase, bar_phase, bpm, confidence, loudness, tuple(onsets), taken)
