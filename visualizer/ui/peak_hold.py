"""The highest value of the last moments, which the eye can read where the value itself is too quick."""

from __future__ import annotations

HELD_S = 1.5


class PeakHold:
    """Keeps a peak for ``HELD_S``, then lets it sink. fall: per second, in the unit of the values."""

    def __init__(self, lowest: float, fall: float) -> None:
        self._lowest, self._fall = lowest, fall
        self.value = lowest
        self._since_s = 0.0

    def push(self, value: float, seconds: float) -> float:
        """Take the highest value of the last ``seconds``; return the peak."""
        self._since_s += seconds
        if self._since_s > HELD_S:
            self.value = max(self._lowest, self.value - self._fall * seconds)
        if value >= self.value:
            self.value, self._since_s = value, 0.0
        return self.value
