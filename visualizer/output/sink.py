"""What an output is: something that takes safe frames and the sound they answer to."""

from __future__ import annotations

from typing import Protocol

from visualizer.snapshots import FloatArray, Frame


class Sink(Protocol):
    """Takes what leaves the flash limiter; must not block and must not alter pixels."""

    @property
    def error(self) -> str | None:
        """One sentence when the output had to stop; the show goes on."""
        ...

    def frame(self, frame: Frame) -> None:
        """Take one frame."""
        ...

    def sound(self, block: FloatArray, sample: int) -> None:
        """Take sound, shape (n, 2) at 48 kHz; ``sample`` is the index of its first sample."""
        ...

    def close(self) -> None:
        """Finish."""
        ...
