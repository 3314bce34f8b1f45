"""A video file as a source: the picture that belongs to a time, over and over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np

from visualizer.media import best_stream, decode
from visualizer.picture_source.errors import PictureError, missing
from visualizer.picture_source.fitting import Shape
from visualizer.snapshots import Picture

EARLY_S = 0.001
"""A picture counts from so long before its time: some files give times in whole milliseconds."""

THREADS = 2
"""That decode; the painter needs the other cores."""


class Video:
    """A video file from its first picture on, every one made what ``shape`` says. Raises PictureError.

    It is read forwards only, from the beginning again after its end and where an earlier time is asked for: so what belongs
    to a time does not depend on what was asked for before.
    """

    def __init__(self, path: Path, shape: Shape) -> None:
        self.path, self._shape = path, shape
        self._container: Any = None
        self._picture: Picture | None = None
        self._begin(0.0)

    def _begin(self, lap: float) -> None:
        """Read from the first picture again, which is shown at ``lap`` s."""
        self.close()
        self._lap, self._picture = lap, None
        try:
            self._container = av.open(str(self.path))
            stream = best_stream(self._container, "video")
            if stream is None:
                raise PictureError(f"{self.path} has no moving picture; choose a video or a picture file")
            stream.codec_context.thread_count = THREADS
        except (av.FFmpegError, OSError, ValueError) as error:
            if isinstance(error, PictureError):
                raise
            if not self.path.exists():
                raise missing(self.path) from None
            raise PictureError(f"{self.path} is no video that can be read; convert it to H.264 in an .mp4 file") from None
        self._frames = _timed(self._container, stream)
        self._next = next(self._frames, None)
        if self._next is None:
            raise PictureError(f"the picture of {self.path} cannot be decoded; convert it to H.264 in an .mp4 file")
        self._forward()

    def _forward(self) -> None:
        """On to the next picture."""
        assert self._next is not None
        self._shown, self._next, self._picture = self._next, next(self._frames, None), None

    def at(self, time: float) -> Picture:
        """The picture of ``time`` s, RGB (height, width, 3): the very array again as long as it is shown.

        Raises PictureError where the file is gone when it begins anew.
        """
        if time + EARLY_S < self._lap + self._shown[0]:
            self._begin(0.0)
        while True:
            into = time - self._lap + EARLY_S
            while self._next is not None and self._next[0] <= into:
                self._forward()
            end = self._shown[0] + self._shown[1]
            if self._next is not None or into < end:
                break
            self._begin(self._lap + end * (into // end))
        if self._picture is None:
            frame = self._shown[2]
            turned = np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90))
            self._picture = self._shape(turned)
        return self._picture

    def close(self) -> None:
        """Let go of the file."""
        if self._container is not None:
            self._container.close()


def _timed(container: Any, stream: Any) -> Iterator[tuple[float, float, Any]]:
    """(when it is shown in s after the first, how long if it is the last, frame) of every picture, in order of time.

    One without a time follows the last one after the file's average interval; one that is not later is left out.
    """
    interval = 1 / float(stream.average_rate or stream.guessed_rate or 25)
    start = last = None
    for frame in decode(container, stream):
        if frame.time is not None:
            start = float(frame.time) if start is None else start
            time = float(frame.time) - start
        else:
            time = 0.0 if last is None else last + interval
        if last is None or time > last:
            last = time
            yield time, interval, frame
