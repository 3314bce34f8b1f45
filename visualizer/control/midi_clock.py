"""MIDI clock as a source of tempo: 24 ticks a beat, and where in the song they are.

Times are monotonic seconds (``time.perf_counter``); nothing here has a thread or reads a clock.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from visualizer.control.line import Line
from visualizer.control.ticks import TICKS, TickLine
from visualizer.snapshots import SAMPLE_RATE, Beat

TICKS_A_SIXTEENTH = 6
"""Song position is counted in sixteenths."""

METER = 4
HOLDS_S = 1.0
"""So long after the last tick, or after stop, there is still a beat."""

SLOWEST_BPM, FASTEST_BPM = 20.0, 400.0


@dataclass(frozen=True, slots=True)
class _Running:
    """What ``at`` reads, replaced in one piece. line: ticks over seconds; origin: the tick at the song's beginning;
    until: when it ends; steady: whether at least a beat of ticks stands behind it."""

    line: Line
    origin: int
    last: float
    until: float
    steady: bool


class MidiClock:
    """A tempo source that is fed by ticks. Without a start its ticks have a tempo, and beats somewhere; a start, or a song
    position and a continue, say where. Ticks are counted as they come: one that is lost moves the beat until the next
    start.

    sample_of: the sample that is captured at a time; None before there is any. Feed it from one thread; ``at`` and ``bpm``
    may be asked by any.
    """

    name = "midi"

    def __init__(self, sample_of: Callable[[float], int | None]) -> None:
        self._sample_of = sample_of
        self._ticks = TickLine()
        self._count = 0  # ticks so far
        self._last = math.inf  # when the newest came
        self._origin = 0
        self._stopped_at: int | None = None  # the song's position in ticks, while it is stopped
        self._starting = False  # a start came and its first tick did not yet
        self._until = math.inf
        self._placed = False
        self._running: _Running | None = None

    @property
    def placed(self) -> bool:
        """Whether it has been said where the beats are."""
        return self._placed

    def tick(self, seconds: float) -> None:
        """A tick came at ``seconds``."""
        if seconds - self._last > HOLDS_S:
            self._ticks = TickLine()
            self._running = None
            self._placed = self._starting
        self._starting = False
        self._ticks.push(self._count, seconds)
        self._count += 1
        self._last = seconds
        line = self._ticks.line
        until = min(self._until, seconds + HOLDS_S)
        self._running = None if line is None else _Running(line, self._origin, seconds, until, self._ticks.steady)

    def start(self) -> None:
        """The next tick is the first of the song."""
        self._stopped_at = 0
        self.resume()

    def resume(self) -> None:
        """Continue: the next tick is the one where it was stopped, or the song position was put."""
        if self._stopped_at is not None:
            self._origin = self._count - self._stopped_at
        self._stopped_at, self._until = None, math.inf
        self._starting = self._placed = True
        if self._running is not None:
            self._running = replace(self._running, origin=self._origin, until=self._running.last + HOLDS_S)

    def stop(self, seconds: float) -> None:
        """The song stops; where the ticks go on all the same, they count for nothing."""
        if self._stopped_at is None:
            self._stopped_at = self._count - self._origin
        self._until = min(self._until, seconds + HOLDS_S)
        if self._running is not None:
            self._running = replace(self._running, until=min(self._running.until, self._until))

    def position(self, sixteenths: int) -> None:
        """The song goes on from there."""
        ticks = sixteenths * TICKS_A_SIXTEENTH
        if self._stopped_at is None:
            self._origin = self._count - ticks
        else:
            self._stopped_at = ticks

    def bpm(self, seconds: float) -> float:
        """Beats a minute at a time; 0 where there is no clock."""
        running = self._running
        if running is None or seconds > running.until:
            return 0.0
        return 60 / (running.line.length * TICKS)

    def at(self, sample: int) -> Beat | None:
        """See ``TempoSource``."""
        running = self._running
        reference = None if running is None else self._sample_of(running.last)
        if running is None or reference is None:
            return None
        seconds = running.last + (sample - reference) / SAMPLE_RATE
        bpm = self.bpm(seconds)
        if not SLOWEST_BPM <= bpm <= FASTEST_BPM:
            return None
        beats = (running.line.at(seconds) - running.origin) / TICKS
        return Beat(bpm, beats % 1.0, beats / METER % 1.0, 1.0 if running.steady else 0.5, self.name, METER)
