"""The sources of tempo that come from outside: Ableton Link, MIDI clock, and OSC."""

from __future__ import annotations

from collections.abc import Callable

from visualizer.control.link import Link
from visualizer.control.message_tempo import MessageTempo
from visualizer.control.midi_clock import MidiClock
from visualizer.control.tempo import TempoSource


class Outside:
    """One of each, silent until something is played into it, and until it follows a show's time."""

    def __init__(self) -> None:
        self._clock: Callable[[float], int | None] = lambda seconds: None
        self.link = Link(self._sample_of)
        self.midi = MidiClock(self._sample_of)
        self.osc = MessageTempo(self._sample_of)

    def follow(self, clock: Callable[[float], int | None]) -> None:
        """Take a show's time. clock: the sample that is captured at a time (``time.perf_counter``); None before there is
        any."""
        self._clock = clock

    def _sample_of(self, seconds: float) -> int | None:
        return self._clock(seconds)

    @property
    def sources(self) -> tuple[TempoSource, ...]:
        """For ``Tempo``."""
        return self.link, self.midi, self.osc

    def close(self) -> None:
        """Leave the network."""
        self.link.turn(False)
