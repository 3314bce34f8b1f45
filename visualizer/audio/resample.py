"""From the device's own rate to the show's 48 kHz stereo, in a stream, with the clock carried across."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import soxr

from visualizer.audio.downmix import stereo
from visualizer.snapshots import SAMPLE_RATE

FloatArray = npt.NDArray[np.float32]

QUALITY = "LQ"
"""soxr's LQ: flat to 16 kHz from 44.1 kHz, distortion under −109 dB, and 0.5 ms late. MQ and above come in bursts of
21 ms, because they filter by FFT."""


class Resampler:
    """Streaming conversion to 48 kHz stereo; at 48 kHz the samples pass bit for bit.

    rate_in: frames a second of the input. channels: of the input; brought to two by ``downmix``.
    first_input, first_output: index of the first input frame and of the output sample that stands for the same
    moment, so that a new resampler after a change of format carries the clock on. Raises ValueError for a rate or
    channel count below one.
    """

    def __init__(self, rate_in: int, channels: int, first_input: int = 0, first_output: int = 0) -> None:
        if rate_in < 1 or channels < 1:
            raise ValueError(f"Sound of {channels} channels at {rate_in} Hz cannot be resampled.")
        self.rate_in = rate_in
        self.channels = channels
        self.first_input = first_input
        self.first_output = first_output
        self.pushed = 0
        """Input frames taken so far."""
        self.produced = 0
        """Output samples given so far."""
        self._stream = None
        if rate_in != SAMPLE_RATE:
            self._stream = soxr.ResampleStream(rate_in, SAMPLE_RATE, 2, dtype="float32", quality=QUALITY)

    def push(self, block: FloatArray, last: bool = False) -> FloatArray:
        """Take input of shape (n, channels); give what is ready, shape (m, 2), m ≥ 0.

        last: there is no more input; gives the rest too. Raises ValueError for a block of another shape.
        """
        if block.ndim != 2 or block.shape[1] != self.channels:
            raise ValueError(f"A block of shape {block.shape} is not (frames, {self.channels}).")
        self.pushed += len(block)
        sound = np.ascontiguousarray(stereo(block), np.float32)
        if self._stream is not None:
            sound = self._stream.resample_chunk(sound, last=last)
        self.produced += len(sound)
        return sound

    @property
    def next_output(self) -> int:
        """The index of the first sample that the next ``push`` gives."""
        return self.first_output + self.produced

    def to_input(self, sample: int) -> float:
        """The input frame, with its fraction, that was heard at the same moment as output ``sample``."""
        return self.first_input + (sample - self.first_output) * self.rate_in / SAMPLE_RATE
