"""The sources of tempo that come from outside: Ableton Link, MIDI clock, and OSC."""

from __future__ import annotations

from collections.abc import Callable

from visualizer.control.link import Link
from visualizer.control.midi_clock import MidiClock
from visualizer.control.played import Played
from visualizer.control.tempo import TempoSource


class Outside:
    """One of each, silent until something is played into it. sample_of: the sample that is captured at a time
    (``time.perf_counter``); None before there is any."""

    def __init__(self, sample_of: Callable[[float], int | None]) -> None:
        self.link = Link(sample_of)
        self.midi = MidiClock(sample_of)
        self.played = Played(sample_of)

    @property
    def sources(self) -> tuple[TempoSource, ...]:
        """For ``Tempo``."""
        return self.link, self.midi, self.played

    def close(self) -> None:
        """Leave the network."""
        self.link.turn(False)
