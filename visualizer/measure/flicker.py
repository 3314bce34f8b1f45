"""Flicker while nothing sounds."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from visualizer.measure.film import Shown
from visualizer.measure.silence import Span


class Flicker:
    """VBench's temporal flickering (Huang et al., CVPR 2024): (255 − mean abs(I_t − I_(t+1))) / 255, 1 for a still picture.

    Over neighbouring pictures at their full size, both shown within settled silence. seconds: in how much silence.
    """

    def __init__(self, spans: Sequence[Span]) -> None:
        self._spans = spans
        self._sum = 0.0
        self._pairs = 0
        self.seconds = 0.0

    def push(self, before: Shown, now: Shown) -> None:
        """Take two neighbouring pictures; they count where silence lasts until the later one has been shown as long as the
        earlier was: a picture may answer to what sounds while it is shown."""
        interval = now.time - before.time
        if not any(begin <= before.time and now.time + interval <= end + 1e-6 for begin, end in self._spans):
            return
        if before.full.shape != now.full.shape:
            return
        self._sum += float(np.mean(cv2.absdiff(before.full, now.full)))
        self._pairs += 1
        self.seconds += interval

    @property
    def score(self) -> float | None:
        """0–1; None where there was no silence."""
        return (255 - self._sum / self._pairs) / 255 if self._pairs else None
