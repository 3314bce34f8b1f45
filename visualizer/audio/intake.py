"""Sound out of the ring at the show's rate, without a gap: what the capture lost is silence."""

from __future__ import annotations

import math

import numpy as np

from visualizer.audio.resample import Resampler
from visualizer.audio.ring import RingReader, SoundRing
from visualizer.snapshots import SAMPLE_RATE, FloatArray

LONGEST_FILL_S = 1.0
"""A longer absence is not worked through as silence: analysis is taken up anew after it."""


class Intake:
    """Reads one ring. anew: whether the block read last follows on a long absence, so that nothing before it counts."""

    def __init__(self, ring: SoundRing) -> None:
        self._ring = ring
        self._reader = RingReader(ring, math.inf)
        self._resampler: Resampler | None = None
        self._expected = 0
        self._overrun = self._gap = 0
        self.anew = False

    def read(self) -> tuple[FloatArray, int] | None:
        """What has come, (n, 2) at 48 kHz, and the sample index at which it begins; None where nothing has."""
        lost, gap = self._reader.lost, self._ring.stats().gap
        block, first = self._reader.read()
        # Silence that stands for an absence is no sound lost, even where it was longer than the ring.
        self._overrun += max(0, self._reader.lost - lost - (gap - self._gap))
        self._gap = gap
        return None if len(block) == 0 else self._to_show_rate(block, first)

    def captured_at(self, sample: int) -> float:
        """When a sample of the show was captured, in seconds of the monotonic clock; something has been read before."""
        assert self._resampler is not None
        return self._ring.captured_at(int(self._resampler.to_input(sample)))

    @property
    def lost(self) -> int:
        """Sound that was captured but never read, or reported lost by the device, in frames of the device's rate."""
        return self._overrun + self._ring.stats().lost

    def _to_show_rate(self, block: FloatArray, first: int) -> tuple[FloatArray, int]:
        form, resampler = self._reader.format, self._resampler
        missing, self.anew = 0, False
        if resampler is None:
            resampler = Resampler(form.rate, form.channels, first)
        elif (form.rate, form.channels) != (resampler.rate_in, resampler.channels) or first != self._expected:
            missing = max(0, round((first - self._expected) * SAMPLE_RATE / form.rate))
            resampler = Resampler(form.rate, form.channels, first, resampler.next_output + missing)
            if missing > LONGEST_FILL_S * SAMPLE_RATE:
                self.anew, missing = True, 0
        self._resampler = resampler
        self._expected = first + len(block)
        start = resampler.next_output - missing
        sound = resampler.push(block)
        if missing:
            sound = np.concatenate([np.zeros((missing, 2), np.float32), sound])
        return sound, start
