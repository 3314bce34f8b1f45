"""What the hand puts right on a beat, and when that is forgotten."""

from __future__ import annotations

from dataclasses import dataclass

from visualizer.control.lasting import Lasting
from visualizer.control.tap import SILENT_LEVEL, SILENT_S, SURE
from visualizer.snapshots import Beat, Heard

UNSURE, UNSURE_S = 0.3, 30.0
"""With less confidence for so long, longer than most breaks, the beat that was put right is gone and is found anew."""

METER_S = 4.0
"""Another meter that has been sure for so long is another piece."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What the hand puts right on one source. shift: −½ to ½ beat, by a tap. flipped: half a beat. beats: whole
    beats, which move the bar alone."""

    shift: float = 0.0
    flipped: bool = False
    beats: int = 0

    @property
    def total(self) -> float:
        """By how many beats a beat is moved on."""
        return self.shift + 0.5 * self.flipped + self.beats


class Forgetting:
    """Hears when the piece is over on whose beat the hand put something right."""

    def __init__(self) -> None:
        self._silent, self._unsure, self._other = Lasting(SILENT_S), Lasting(UNSURE_S), Lasting(METER_S)
        self._meter: int | None = None

    def begin(self, beat: Beat) -> None:
        """Something is put right on this beat."""
        self._meter = beat.meter
        for lasting in (self._silent, self._unsure, self._other):
            lasting.restart()

    def push(self, heard: Heard) -> bool:
        """Take a hop; whether what was put right is to be forgotten."""
        beat = heard.beat
        ends = (
            self._silent.push(heard.sample, heard.level < SILENT_LEVEL),
            self._unsure.push(heard.sample, beat is None or beat.confidence < UNSURE),
            self._other.push(heard.sample, beat is not None and beat.confidence >= SURE and beat.meter != self._meter),
        )
        return any(ends)
