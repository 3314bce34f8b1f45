"""An output that records the running show."""

from __future__ import annotations

from datetime import datetime
from itertools import chain, count
from pathlib import Path

from visualizer.output.recorder import Recorder, unwritable
from visualizer.snapshots import SAMPLE_RATE, FloatArray, Frame


def new_recording(folder: Path, now: datetime) -> Path:
    """A name that sorts by time and that every file system takes; never one that is there already."""
    stem = f"TPoS Live {now:%Y-%m-%d %H-%M-%S}"
    stems = chain([stem], (f"{stem} ({number})" for number in count(2)))
    return next(path for each in stems if not (path := folder / f"{each}.mp4").exists())


class LiveRecording:
    """Records from the first frame on. Picture and sound are laid so that a frame meets the sound it answers to.

    since: the sample that the first frame answers to at the earliest. error: one sentence when recording had to stop; the
    show goes on. Raises RecordingError where the file cannot be begun.
    """

    def __init__(self, path: Path, size: tuple[int, int], fps: float) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as failure:
            raise unwritable(path, failure) from None
        self.path, self.since = path, 0
        self._recorder = Recorder(path, size, fps, drop=True)
        self._start: int | None = None
        self._heard = False
        self._last_sample = -1
        self._last_time = -1.0
        self._last_at = 0.0

    @property
    def error(self) -> str | None:
        """Why recording stopped, if it did."""
        return self._recorder.error

    def frame(self, frame: Frame) -> None:
        """Record one frame at the time of its sound; while no sound arrives, at the time it was painted."""
        if frame.sample < self.since:
            return
        if self._start is None:
            self._start = frame.sample
        time = (frame.sample - self._start) / SAMPLE_RATE
        if frame.sample == self._last_sample:
            time = self._last_time + max(0.0, frame.trace.painted - self._last_at)
        if time > self._last_time:
            self._last_time, self._last_at, self._last_sample = time, frame.trace.painted, frame.sample
            self._recorder.video(frame.picture, time)

    def sound(self, block: FloatArray, sample: int) -> None:
        """Record sound from the first frame on."""
        if self._start is None:
            return
        if not self._heard:
            self._heard = True
            if sample <= self._start and self._last_time > 0:  # frames ran before there was any sound
                self._start = sample - round(self._last_time * SAMPLE_RATE)
        skip = max(0, self._start - sample)
        if skip < len(block):
            self._recorder.sound(block[skip:], (sample + skip - self._start) / SAMPLE_RATE)

    def close(self) -> None:
        """Finish the file."""
        self._recorder.close()
