"""Tempo tapped by hand: when it holds, and when it is forgotten."""

from __future__ import annotations

from statistics import median

from visualizer.snapshots import SAMPLE_RATE, Beat, Heard

PAUSE_S = 2.5
"""A tap later than this after the last begins anew: slower than 24 BPM nobody taps."""

SHORTEST_S = 0.2
"""A tap sooner than this after the last is a bounce and is left out."""

REMEMBERED = 9
"""Taps that count, the newest."""

OUTLIER = 0.25
"""An interval that differs from the median by a larger share is left out: a tap was missed, or doubled."""

STEADY_TAPS = 4
"""From so many taps on the tempo is sure; until then it stands with half the confidence."""

METER = 4

DISAGREES_S = 8.0
"""Taps are forgotten when for so long the sound has had another tempo or phase, and has been sure of it …"""

SURE, TEMPO_OFF, PHASE_OFF = 0.7, 0.04, 0.2
"""… with this confidence; a tempo this share away (at any octave), or the phase so many beats (at half beats too)."""

SILENT_S = 10.0
"""And when there has been silence for so long: a new song has a new tempo."""

SILENT_LEVEL = 0.02


class Tap:
    """A tempo source that is tapped. Two taps set the phase and a first tempo; from three on the tempo is the
    mean of the intervals near their median. The first tap is the first beat of a bar.
    """

    name = "tap"

    def __init__(self) -> None:
        self._taps: list[int] = []
        self._number = 0  # of the last tap, from 0
        self._against_s = self._silent_s = 0.0
        self._sample: int | None = None

    def tap(self, sample: int) -> None:
        """A tap at ``sample``; one that lies before the last is left out."""
        if self._taps:
            gap = (sample - self._taps[-1]) / SAMPLE_RATE
            if gap < SHORTEST_S:
                return
            if gap > PAUSE_S:
                self._taps.clear()
        self._number = self._number + 1 if self._taps else 0
        self._taps = [*self._taps, sample][-REMEMBERED:]
        self._against_s = self._silent_s = 0.0

    def forget(self) -> None:
        """As if nothing had been tapped."""
        self._taps.clear()

    def push(self, heard: Heard) -> None:
        """Take a hop; forget the taps where the sound has long disagreed or been silent."""
        passed = 0.0 if self._sample is None else max(0, heard.sample - self._sample) / SAMPLE_RATE
        self._sample = heard.sample
        tapped = self.at(heard.sample)
        if tapped is None:
            return
        self._silent_s = self._silent_s + passed if heard.level < SILENT_LEVEL else 0.0
        against = heard.beat is not None and heard.beat.confidence >= SURE and differ(tapped, heard.beat)
        self._against_s = self._against_s + passed if against else 0.0
        if self._silent_s >= SILENT_S or self._against_s >= DISAGREES_S:
            self.forget()

    def at(self, sample: int) -> Beat | None:
        """The beat at ``sample``; None before two taps."""
        if len(self._taps) < 2:
            return None
        gaps = [later - sooner for sooner, later in zip(self._taps, self._taps[1:], strict=False)]
        middle = median(gaps)
        kept = [gap for gap in gaps if abs(gap - middle) <= OUTLIER * middle]
        length = sum(kept) / len(kept) if kept else middle
        # The phase is the mean of all taps', each carried to the last by whole beats, so that one uneven tap weighs little.
        last = self._taps[-1]
        off = [((tap - last) / length + 0.5) % 1.0 - 0.5 for tap in self._taps]
        beats = (sample - last) / length - sum(off) / len(off)
        confidence = 1.0 if len(self._taps) >= STEADY_TAPS else 0.5
        bar_phase = (beats + self._number) / METER % 1.0
        return Beat(60 * SAMPLE_RATE / length, beats % 1.0, bar_phase, confidence, self.name, METER)


def differ(one: Beat, other: Beat) -> bool:
    """Whether two beats are surely not the same one, octaves and half beats apart."""
    ratio = other.bpm / one.bpm
    octave = min((0.5, 1.0, 2.0), key=lambda wanted: abs(ratio / wanted - 1))
    if abs(ratio / octave - 1) > TEMPO_OFF:
        return True
    if octave != 1.0:
        return False
    off = (one.phase - other.phase + 0.25) % 0.5 - 0.25
    return abs(off) > PHASE_OFF
