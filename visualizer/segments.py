"""What a sound means segment by segment, as TPoS takes it: one meaning a segment, and slerp between their middles."""

from __future__ import annotations

import numpy as np

from engines.guidance import Meant
from engines.tpos import between
from visualizer.analysis.analyzer import Analyzer
from visualizer.analysis.mel import SHOW
from visualizer.encoder.ear import Ear
from visualizer.snapshots import SAMPLE_RATE, FloatArray

SEGMENT_S = 1.78
"""As published (153 frames of 512 samples at 44.1 kHz). The encoder's attention, 1.6 s, spans about as much."""


class Segments:
    """The meaning of ``sound`` (n, 2) at 48 kHz over time, heard no farther ahead than it is asked for.

    ear: a fresh one, for the show's mel. seconds: a segment's length. The beginning, time 0, means nothing: the first
    picture is the text's. The last segment may be shorter, and its meaning stays from its middle on.
    """

    def __init__(self, sound: FloatArray, ear: Ear, seconds: float = SEGMENT_S) -> None:
        self._sound, self._ear, self._analyzer = sound, ear, Analyzer()
        self._samples = max(1, round(seconds * SAMPLE_RATE))
        self._heard = 0
        self._before: tuple[float, Meant | None] = (0.0, None)
        self._after: tuple[float, Meant | None] = self._before

    def at(self, time: float) -> Meant | None:
        """What is meant at ``time`` s, which does not fall from call to call; None for nothing."""
        while self._after[0] < time and self._heard < len(self._sound):
            self._listen()
        (begin, first), (end, second) = self._before, self._after
        return between(first, second, min((time - begin) / (end - begin), 1.0)) if end > begin else second

    def _listen(self) -> None:
        """Hear one segment more."""
        block = self._sound[self._heard : self._heard + self._samples]
        mel = [heard.mel for heard in self._analyzer.push(block)]
        self._ear.hear(np.stack(mel) if mel else np.empty((0, SHOW.bands), np.float32))
        middle = (self._heard + len(block) / 2) / SAMPLE_RATE
        self._before, self._after = self._after, (middle, self._ear.meant(len(block) / SAMPLE_RATE))
        self._heard += len(block)
