"""Tempo that comes as messages, such as OSC's: a number of beats a minute, beats, or both.

Times are monotonic seconds (``time.perf_counter``); nothing here has a thread or reads a clock.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from visualizer.control.line import Line, fit
from visualizer.snapshots import SAMPLE_RATE, Beat

SLOWEST_BPM, FASTEST_BPM = 20.0, 400.0
METER = 4
REMEMBERED = 8
"""Beats that the line goes through, the newest; with a tempo that is said, half as many."""

OFF_BEATS = 0.2
"""A beat farther than this from where it was awaited is another tempo or place, and what was before is left."""

HOLDS_BEATS = 4.0
"""Without a tempo that is said, there is a beat for so long after the last one."""

STEADY_BEATS = 4


@dataclass(frozen=True, slots=True)
class _State:
    """bpm: what was said; 0 for nothing. line: None as long as there is no tempo; beats: number and seconds of each that
    counts. bar: by how many beats the bar's first lies off the multiples of the meter."""

    bpm: float = 0.0
    line: Line | None = None
    beats: tuple[tuple[int, float], ...] = ()
    meter: int = METER
    bar: int = 0
    number: int = 0  # that the last beat had in its bar, 0 for none


class MessageTempo:
    """A tempo source. A tempo that was said is held until ``release``; beats alone are a tempo from two on, and hold for
    four more. sample_of: the sample that is captured at a time; None before there is any. Any thread may call anything.
    """

    name = "osc"

    def __init__(self, sample_of: Callable[[float], int | None]) -> None:
        self._sample_of = sample_of
        self._state = _State()
        self._lock = threading.Lock()

    @property
    def placed(self) -> bool:
        """Whether a beat was played."""
        return bool(self._state.beats)

    @property
    def bpm(self) -> float:
        """The tempo that was said; 0 for none."""
        return self._state.bpm

    def set_bpm(self, bpm: float, seconds: float) -> None:
        """Hold this tempo from ``seconds`` on, brought to 20–400 BPM; the beat goes on where it was. 0 or less lets go."""
        if bpm <= 0:
            self.release()
            return
        bpm = min(FASTEST_BPM, max(SLOWEST_BPM, bpm))
        with self._lock:
            state = self._state
            if bpm == state.bpm:
                return
            now = 0.0 if state.line is None else state.line.at(seconds)
            if state.line is None and state.beats:
                number, at = state.beats[-1]
                now = number + (seconds - at) * bpm / 60
            # The last beat, as if it had come at this tempo: those that come now are compared with it.
            beats = tuple((number, seconds - (now - number) * 60 / bpm) for number, _ in state.beats[-1:])
            self._state = replace(state, bpm=bpm, line=Line(seconds, now, 60 / bpm), beats=beats)

    def beat(self, seconds: float, number: int = 0) -> None:
        """A beat is at ``seconds``. number: which one of its bar, from 1 on; 0 does not say."""
        with self._lock:
            state = self._state
            count, earlier = self._counted(state, seconds)
            keep = REMEMBERED // 2 if state.bpm else REMEMBERED
            state = replace(state, beats=(*earlier, (count, seconds))[-keep:])
            self._state = replace(_in_bar(state, count, number), line=_through(state), number=number)

    def _counted(self, state: _State, seconds: float) -> tuple[int, tuple[tuple[int, float], ...]]:
        """The number of a beat now, and the beats before it that still count."""
        if state.line is not None and state.beats and self._holds(state, seconds):
            awaited = state.line.at(seconds)
            count = round(awaited)
            if abs(awaited - count) <= OFF_BEATS and count > state.beats[-1][0]:
                return count, state.beats
        if not state.beats:
            return (0 if state.line is None else round(state.line.at(seconds))), ()
        last, at = state.beats[-1]
        if state.bpm and state.line is not None:
            return max(last + 1, round(state.line.at(seconds))), ()
        is_beat = 60 / FASTEST_BPM <= seconds - at <= 60 / SLOWEST_BPM
        return last + 1, state.beats[-1:] if is_beat else ()

    def release(self) -> None:
        """Let go of tempo and beats."""
        with self._lock:
            self._state = _State()

    def at(self, sample: int) -> Beat | None:
        """See ``TempoSource``."""
        state = self._state
        line = state.line
        reference = None if line is None else self._sample_of(line.middle)
        if line is None or reference is None:
            return None
        seconds = line.middle + (sample - reference) / SAMPLE_RATE
        if not self._holds(state, seconds):
            return None
        now = line.at(seconds)
        sure = 1.0 if state.bpm or len(state.beats) >= STEADY_BEATS else 0.5
        return Beat(60 / line.length, now % 1.0, (now - state.bar) / state.meter % 1.0, sure, self.name, state.meter)

    def _holds(self, state: _State, seconds: float) -> bool:
        if state.bpm or state.line is None:
            return state.line is not None
        return seconds - state.beats[-1][1] <= HOLDS_BEATS * state.line.length


def _through(state: _State) -> Line | None:
    """The line through the beats that count."""
    numbers, times = zip(*state.beats, strict=True)
    if state.bpm:
        return Line(sum(times) / len(times), sum(numbers) / len(numbers), 60 / state.bpm)
    return fit(numbers, times) if len(times) > 1 else None


def _in_bar(state: _State, count: int, number: int) -> _State:
    """A beat whose number in the bar is known says where the bar begins, and a first beat how long the last bar was."""
    if number < 1:
        return state
    meter = max(state.meter, number)
    if number == 1 and state.number > 1 and len(state.beats) > 1 and count == state.beats[-2][0] + 1:
        meter = state.number
    return replace(state, meter=meter, bar=(count - number + 1) % meter)
