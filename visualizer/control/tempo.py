"""Where tempo and beat come from: the most trusted source that has an answer, and what the hand puts right on top of it.

Time is a sample index at 48 kHz; nothing here has a thread or reads a clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from visualizer.control.correction import Correction, Forgetting
from visualizer.control.tap import Tap
from visualizer.snapshots import SAMPLE_RATE, Beat, Heard

TRUST = ("link", "midi", "osc", "tap", "sound")
"""Sources, the most trusted first."""

SOUND_HOLDS_S = 0.5
"""When no hop has come for this long (the device is gone), the sound has no beat."""


class TempoSource(Protocol):
    """One source of tempo."""

    @property
    def name(self) -> str:
        """One of ``TRUST``."""
        ...

    @property
    def placed(self) -> bool:
        """Whether it knows where the beats are; if not, a tap puts them right."""
        ...

    def at(self, sample: int) -> Beat | None:
        """The beat at a time; None when the source has nothing to say. Changes nothing."""
        ...


class Sound:
    """The beat that the analysis hears, carried on from its newest hop."""

    name = "sound"
    placed = False

    def __init__(self) -> None:
        self._heard: Heard | None = None

    def push(self, heard: Heard) -> None:
        """Take the newest hop."""
        self._heard = heard

    def at(self, sample: int) -> Beat | None:
        """See ``TempoSource``."""
        heard = self._heard  # one read: another thread may push meanwhile
        if heard is None or heard.beat is None:
            return None
        late = (sample - heard.sample) / SAMPLE_RATE
        return None if late > SOUND_HOLDS_S else moved(heard.beat, late * heard.beat.bpm / 60)


class Tempo:
    """Chooses among sources and applies the corrections made by hand. Each source keeps its own: what was put right on the
    beat heard in the sound is not put right again on a clock that takes over from it, and is forgotten with its piece.

    others: sources beside tap and sound, in any order. Raises ValueError for an unknown or doubled name.
    """

    def __init__(self, others: Sequence[TempoSource] = ()) -> None:
        self.tap, self._sound = Tap(), Sound()
        sources: list[TempoSource] = [*others, self.tap, self._sound]
        names = [source.name for source in sources]
        if len(set(names)) < len(names) or not set(names) <= set(TRUST):
            raise ValueError(f"tempo comes from each of {', '.join(TRUST)} at most once, not from {', '.join(names)}")
        self._sources = sorted(sources, key=lambda source: TRUST.index(source.name))
        self._corrections = dict.fromkeys(names, Correction())
        self._forgetting = Forgetting()

    def push(self, heard: Heard) -> None:
        """Take a hop: the beat in the sound, and what makes taps be forgotten."""
        self._sound.push(heard)
        self.tap.push(heard)
        if self._forgetting.push(heard):
            self._corrections[self._sound.name] = Correction()

    def at(self, sample: int) -> Beat | None:
        """The beat at a time, from the most trusted source that has one, put right by hand; None when none has."""
        source, beat = self._chosen(sample)
        if source is None or beat is None:
            return None
        correction = self._corrections[source.name]
        return moved(beat, (replace(correction, shift=0.0) if source.placed else correction).total)

    def beat_now(self, sample: int) -> None:
        """A tap at ``sample``: one alone sets the phase of the beat in the sound, two are a tempo of their own. Of a source
        that is trusted more and does not know its beats' place, each tap sets the phase."""
        self.tap.tap(sample)
        source, _ = self._chosen(sample)
        beat = self.at(sample)
        if source is None or beat is None or source.placed:
            return
        if source is not self._sound or self.tap.alone == sample:
            correction = self._corrections[beat.source]
            off = correction.shift - (beat.phase + 0.5) % 1 + 0.5
            self._correct(beat, replace(correction, shift=(off + 0.5) % 1 - 0.5))

    def flip(self, sample: int) -> None:
        """Move the beat of the source in use at ``sample`` by half a beat, or back."""
        _, beat = self._chosen(sample)
        if beat is not None:
            correction = self._corrections[beat.source]
            self._correct(beat, replace(correction, flipped=not correction.flipped))

    def downbeat(self, sample: int) -> None:
        """Make the beat nearest to ``sample`` the first of its bar; beats stay where they are."""
        beat = self.at(sample)
        if beat is not None:
            nearest = round(beat.bar_phase * beat.meter)
            correction = self._corrections[beat.source]
            self._correct(beat, replace(correction, beats=(correction.beats - nearest) % beat.meter))

    def _correct(self, beat: Beat, correction: Correction) -> None:
        self._corrections[beat.source] = correction
        if beat.source == self._sound.name:
            self._forgetting.begin(beat)

    def _chosen(self, sample: int) -> tuple[TempoSource | None, Beat | None]:
        """The source in use, and what it says."""
        said = ((source, beat) for source in self._sources if (beat := source.at(sample)) is not None)
        return next(said, (None, None))


def moved(beat: Beat, beats: float) -> Beat:
    """The beat, so many beats on."""
    phase, bar_phase = (beat.phase + beats) % 1.0, (beat.bar_phase + beats / beat.meter) % 1.0
    # A tiny negative number's remainder rounds to 1.
    return replace(beat, phase=phase if phase < 1.0 else 0.0, bar_phase=bar_phase if bar_phase < 1.0 else 0.0)
