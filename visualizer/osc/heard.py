"""What is heard as OSC messages: one table of addresses, and what is sent at each tick.

No thread, no clock: the caller says what there is to hear. An onset between two ticks is in the next one, at its strongest;
beats and bars are sent once each, however the phase is put right meanwhile.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from visualizer.analysis.loudness import SILENCE_LUFS
from visualizer.control.pulse import DOUBTFUL
from visualizer.osc.codec import Message
from visualizer.osc.wishes import HEARD
from visualizer.snapshots import Beat, Heard

WORDS = 5
"""Texts that are sent, the heaviest first."""

MOST_SIGNS = 100
"""Of a text, so that five fit into one packet of a network."""

SILENT_TICKS = 15
"""After so many ticks without a hop the sound is gone, and silence is sent."""


class Hearing(Protocol):
    """What is heard; a ``LiveShow`` is one. Read from another thread than the one that hears."""

    @property
    def hops(self) -> Sequence[Heard]:
        """The newest hops, in order."""
        ...

    @property
    def beat(self) -> Beat | None:
        """The beat now."""
        ...

    def words(self, count: int) -> list[tuple[str, float]]:
        """What the sound means, (text, weight), the heaviest first."""
        ...


@dataclass(frozen=True, slots=True)
class Said:
    """One kind of message. types: its type tags."""

    name: str
    types: str
    doc: str

    @property
    def osc_address(self) -> str:
        """Where it is sent to."""
        return f"{HEARD}/{self.name}"


_PEAKS = {
    "onset": "Strength of an onset, the strongest since the last tick, 0–1.",
    "onset_low": "The same in the bass.",
    "onset_mid": "The same in the middle.",
    "onset_high": "The same in the treble.",
}
_LEVELS = {
    "bass": "Bass after automatic gain, 0–1.",
    "mid": "Middle after automatic gain, 0–1.",
    "treble": "Treble after automatic gain, 0–1.",
    "bass_level": "Bass, 0–1 over −60 to 0 dB.",
    "mid_level": "Middle, 0–1 over −60 to 0 dB.",
    "treble_level": "Treble, 0–1 over −60 to 0 dB.",
    "level": "Loudness of 400 ms, 0–1 evenly in LU.",
    "loudness": "The same as it sounds, 0–1: 10 LU more are twice as much.",
    "energy": "All of it after automatic gain, 0–1.",
    "flux": "All that rises in the spectrum above its average, 0–1.",
    "brightness": "Centre of the spectrum, 0–1.",
}
_DECLARED = (
    *(Said(name, "f", doc) for name, doc in (*_LEVELS.items(), *_PEAKS.items())),
    Said("lufs", "f", "Loudness of 400 ms in LUFS; −120 is silence."),
    Said("beat", "i", "A beat, once each: its number in the bar, from 1 on."),
    Said("bar", "i", "A bar, once each: how many beats it has."),
    Said("beat/phase", "f", "How far within the beat, 0–1."),
    Said("beat/bar_phase", "f", "How far within the bar, 0–1."),
    Said("beat/bpm", "f", "Beats a minute; 0 where there is no beat."),
    Said("beat/confidence", "f", "How sure the beat is, 0–1."),
    *(
        Said(f"word/{n}", "sf", f"What the sound means, and its weight: number {n}. Nothing is an empty text and 0.")
        for n in range(1, WORDS + 1)
    ),
)

SAID: MappingProxyType[str, Said] = MappingProxyType({said.name: said for said in _DECLARED})


class Wraps:
    """Tells once when a phase passes zero, even where it trembles there or is put right by less than half a turn."""

    def __init__(self) -> None:
        self._place: float | None = None
        self._told = 0

    def push(self, phase: float) -> bool:
        """Take the phase now, 0–1; whether it has passed zero."""
        if self._place is None:
            self._place, self._told = phase, 0
            return False
        self._place += (phase - self._place + 0.5) % 1.0 - 0.5
        turns = math.floor(self._place)
        passed = turns > self._told
        if passed or self._place < self._told - 0.5:
            self._told = turns
        return passed

    def forget(self) -> None:
        """There is no phase."""
        self._place = None


class HeardMessages:
    """Makes the messages of each tick."""

    def __init__(self) -> None:
        self._sample = -1
        self._idle = 0  # ticks without a hop
        self._beats, self._bars = Wraps(), Wraps()

    def at_tick(self, hops: Sequence[Heard], beat: Beat | None) -> list[Message]:
        """Levels, onsets and beat. hops: in order; those of former ticks may be among them."""
        fresh = [hop for hop in hops if hop.sample > self._sample]
        if fresh:
            self._sample = fresh[-1].sample
        self._idle = 0 if fresh else self._idle + 1
        values: dict[str, float] = {}
        if fresh:
            values = {name: float(getattr(fresh[-1], name)) for name in _LEVELS}
            values |= {name: max(float(getattr(hop, name)) for hop in fresh) for name in _PEAKS}
            values["lufs"] = fresh[-1].loudness_lufs
        elif self._idle >= SILENT_TICKS:
            values = {**dict.fromkeys((*_LEVELS, *_PEAKS), 0.0), "lufs": SILENCE_LUFS}
        return [_message(name, value) for name, value in values.items()] + self._beat(beat)

    def _beat(self, beat: Beat | None) -> list[Message]:
        if beat is None:
            self._beats.forget()
            self._bars.forget()
            return [_message("beat/bpm", 0.0), _message("beat/confidence", 0.0)]
        messages = []
        on_beat, on_bar = self._beats.push(beat.phase), self._bars.push(beat.bar_phase)
        if beat.confidence >= DOUBTFUL:  # a guessed beat is worse than none
            if on_bar:
                messages.append(_message("bar", beat.meter))
            if on_beat:
                messages.append(_message("beat", 1 + round(beat.bar_phase * beat.meter) % beat.meter))
        numbers = {"phase": beat.phase, "bar_phase": beat.bar_phase, "bpm": beat.bpm, "confidence": beat.confidence}
        return messages + [_message(f"beat/{name}", float(value)) for name, value in numbers.items()]


def word_messages(words: Sequence[tuple[str, float]]) -> list[Message]:
    """What the sound means; places that are not filled are sent empty."""
    filled = [*words[:WORDS], *[("", 0.0)] * (WORDS - len(words))]
    return [_message(f"word/{n}", text[:MOST_SIGNS], float(weight)) for n, (text, weight) in enumerate(filled, 1)]


def _message(name: str, *values: int | float | str) -> Message:
    return Message(SAID[name].osc_address, values)
