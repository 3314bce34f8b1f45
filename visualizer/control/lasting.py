"""For how long something has been so, in time counted by samples."""

from __future__ import annotations

from visualizer.snapshots import SAMPLE_RATE

LONGEST_HOP_S = 0.1
"""More time than this between two hops is a gap without sound to judge by."""


class Lasting:
    """Whether something has been so for ``seconds`` without a break."""

    def __init__(self, seconds: float) -> None:
        self._wanted_s = seconds
        self._lasted_s = 0.0
        self._sample: int | None = None

    def push(self, sample: int, true: bool) -> bool:
        """Whether it is so at ``sample``; gives whether it has lasted."""
        passed_s = 0.0 if self._sample is None else max(0, sample - self._sample) / SAMPLE_RATE
        self._sample = sample
        self._lasted_s = self._lasted_s + min(passed_s, LONGEST_HOP_S) if true else 0.0
        return self._lasted_s >= self._wanted_s

    def restart(self) -> None:
        """Count anew."""
        self._lasted_s = 0.0
