"""Keeping the ring's frames in step with time, whatever a device delivers."""

from __future__ import annotations

import math
import threading

from visualizer.audio.ring import FloatArray, SoundRing

GAP_S = 0.5
"""Sound that comes this much later than its place in the ring has a gap before it, whatever the device says."""
CLOCK_GAIN = 0.01
"""How much of a block's deviation moves the clock: device times jitter by milliseconds, their clock drifts by ppm. The
first blocks after a gap count for more, as in a running mean."""


class TimedWriter:
    """Writes blocks so that the frame count keeps in step with time: what was not heard becomes silence.

    Safe to call from PortAudio's thread and another one. Carries on from what a former writer left in the ring.
    """

    def __init__(self, ring: SoundRing) -> None:
        self.ring = ring
        self._lock = threading.Lock()
        written = ring.captured_at(ring.written)
        self._next_time = None if math.isnan(written) else written
        self._gap_before = True
        self._blocks = 0
        self._rate = 0

    def start(self, rate: int, channels: int) -> None:
        """Before the first block and after each interruption. Raises ValueError for a format beyond the ring's."""
        with self._lock:
            self.ring.set_format(rate, channels)
            self._rate = rate
            self._gap_before = True

    def write(self, block: FloatArray, adc_time: float, overflow: bool = False) -> None:
        """Append a block, shape (frames, channels), heard at ``adc_time``, monotonic seconds, by the device's account.

        overflow: the device says that frames before this block were dropped.
        """
        with self._lock:
            late = 0.0 if self._next_time is None else adc_time - self._next_time
            if overflow:
                self.ring.count(overflows=1)
            self._blocks = 1 if self._gap_before else self._blocks + 1
            if self._next_time is None or late < -GAP_S:
                self._next_time = adc_time
            elif self._gap_before or late > GAP_S:
                self.ring.count(gap=self._silence(late))
            elif overflow:
                self.ring.count(lost=self._silence(late))
            else:
                self._next_time += max(CLOCK_GAIN, 1 / self._blocks) * late
            self._gap_before = False
            self.ring.write(block, self._next_time)
            self._next_time += len(block) / self._rate

    def silence_until(self, moment: float) -> None:
        """Fill up with silence to ``moment``, monotonic seconds, for a device that delivers nothing in silence."""
        with self._lock:
            if self._next_time is not None and moment > self._next_time:
                self._silence(moment - self._next_time)

    def _silence(self, seconds: float) -> int:
        assert self._next_time is not None
        frames = max(0, round(seconds * self._rate))
        self.ring.write_silence(frames, self._next_time)
        self._next_time += frames / self._rate
        return frames
