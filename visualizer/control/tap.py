"""Tempo tapped by hand: when it holds, and when it is forgotten."""

from __future__ import annotations

from itertools import pairwise
from statistics import median_low

from visualizer.control.lasting import Lasting
from visualizer.control.line import fit
from visualizer.snapshots import SAMPLE_RATE, Beat, Heard

PAUSE_S = 2.5
"""A tap later than this after the last begins anew: slower than 24 BPM nobody taps."""

SHORTEST_S = 0.2
"""A tap sooner than this after the last is a bounce and is left out."""

REMEMBERED = 9
"""Taps that count, the newest."""

MOST_MISSED = 3
"""Between two taps so many beats at most were left out; a longer gap is one slow beat."""

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
    """A tempo source that is tapped. Two taps set the phase and a first tempo; from three on it is the line through all
    taps, those that were left out counted. The first tap is the first beat of a bar.

    ``at`` may be called from any thread: what it reads is replaced in one piece.
    """

    name = "tap"
    placed = True

    def __init__(self) -> None:
        self._taps: tuple[tuple[int, int], ...] = ()  # beat number and sample of each
        self._against, self._silent = Lasting(DISAGREES_S), Lasting(SILENT_S)

    def tap(self, sample: int) -> None:
        """A tap at ``sample``; one that lies before the last is left out."""
        taps = self._taps
        if taps:
            gap = (sample - taps[-1][1]) / SAMPLE_RATE
            if gap < SHORTEST_S:
                return
            if gap > PAUSE_S:
                taps = ()
        self._taps = _numbered([*(at for _, at in taps), sample], taps[0][0] if taps else 0)[-REMEMBERED:]
        self._against.restart()
        self._silent.restart()

    @property
    def alone(self) -> int | None:
        """The sample of the only tap so far; None where there is none or more than one."""
        taps = self._taps
        return taps[0][1] if len(taps) == 1 else None

    def forget(self) -> None:
        """As if nothing had been tapped."""
        self._taps = ()

    def push(self, heard: Heard) -> None:
        """Take a hop; forget the taps where the sound has long disagreed or been silent."""
        tapped = self.at(heard.sample)
        if tapped is None:
            return
        disagrees = heard.beat is not None and heard.beat.confidence >= SURE and differ(tapped, heard.beat)
        silent = self._silent.push(heard.sample, heard.level < SILENT_LEVEL)
        if self._against.push(heard.sample, disagrees) or silent:
            self.forget()

    def at(self, sample: int) -> Beat | None:
        """The beat at ``sample``; None before two taps."""
        taps = self._taps
        if len(taps) < 2:
            return None
        line = fit([number for number, _ in taps], [at for _, at in taps])
        now = line.at(sample)
        confidence = 1.0 if len(taps) >= STEADY_TAPS else 0.5
        return Beat(60 * SAMPLE_RATE / line.length, now % 1.0, now / METER % 1.0, confidence, self.name, METER)


def _numbered(taps: list[int], first: int) -> tuple[tuple[int, int], ...]:
    """Each tap with its beat's number from ``first`` on: a gap of about two beats is a beat that was left out."""
    gaps = [later - sooner for sooner, later in pairwise(taps)]
    if not gaps:
        return ((first, taps[0]),)
    usual = median_low(gaps)
    numbers = [first]
    for gap in gaps:
        missed = max(1, round(gap / usual))
        numbers.append(numbers[-1] + (missed if missed <= MOST_MISSED + 1 else 1))
    return tuple(zip(numbers, taps, strict=True))


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
