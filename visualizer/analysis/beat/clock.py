"""The beat that is shown: a phase that runs on evenly, is drawn to the filter's, and jumps only when it is surely wrong."""

from __future__ import annotations

from visualizer.analysis.bands import HOP_S
from visualizer.analysis.beat.attacks import FRAME_S

PULL_S = 0.25
"""Time constant with which a difference of phase is taken up."""

OFF = 0.25
"""A difference in beats that is too large to be taken up unseen."""

PATIENCE_S = 1.5
"""How long the phase must be so far off before it jumps, where the old beat had been sure; the less sure, the sooner."""


class BeatClock:
    """Phase 0–1 within the beat, one step a hop; it never runs backwards but in a jump."""

    def __init__(self) -> None:
        self.phase = 0.0
        self.length_s = 0.5
        self._left = 0.0  # difference still to be taken up, beats
        self._off_s = 0.0
        self._started = False

    def advance(self) -> int:
        """Move on by a hop; return how many beats have begun, 0 or 1."""
        step = HOP_S / self.length_s
        pull = max(-0.9 * step, self._left * HOP_S / PULL_S)
        self._left -= pull
        return self._to(self.phase + step + pull)

    def follow(self, phase: float, length_s: float, trust: float) -> int:
        """Take what the filter says of now; return how many beats were jumped into, −1, 0 or 1.

        trust: 0–1, how sure the beat has been; the surer, the longer another phase must persist.
        """
        self.length_s = length_s
        off = (phase - self.phase + 0.5) % 1.0 - 0.5
        if self._started and abs(off) <= OFF:
            self._off_s, self._left = 0.0, off
            return 0
        self._off_s += FRAME_S
        self._left = 0.0
        if self._started and self._off_s < PATIENCE_S * trust:
            return 0
        self._started, self._off_s = True, 0.0
        return self._to(self.phase + off)

    def _to(self, phase: float) -> int:
        beats = 1 if phase >= 1.0 else -1 if phase < 0.0 else 0
        # The smallest negative numbers round to 1.0 when a beat is added.
        self.phase = min(phase - beats, 1.0 - 1e-9)
        return beats
