"""The pictures of a video, each with the moment from which it is shown."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from visualizer.measure.reading import open_media, opening
from visualizer.media import best_stream, decode
from visualizer.snapshots import Picture

LONGER_SIDE = 256
"""Pictures are brought down to this for the optical flow; smaller ones stay as they are."""

SHORTEST_SIDE = 16
"""The flow needs so many pixels each way; thinner pictures are stretched."""


class Shown:
    """One picture. time: when it is first shown, s after the first picture of the video."""

    def __init__(self, frame: Any, time: float, size: tuple[int, int]) -> None:
        self.time = time
        self._frame, self._size = frame, size

    @cached_property
    def small(self) -> Picture:
        """The picture at the size that ``Film.size`` tells, RGB."""
        width, height = self._size
        return np.asarray(self._frame.to_ndarray(format="rgb24", width=width, height=height, interpolation="AREA"))

    @cached_property
    def full(self) -> Picture:
        """The picture at its own size, RGB."""
        return np.asarray(self._frame.to_ndarray(format="rgb24"))


class Film:
    """A video's pictures. They may be read more than once, and are never held in memory together.

    start: when the first picture is shown on the file's own clock, s. seconds: the video's length as the file says, None
    where it does not. size: (width, height) of the small pictures. Raises MeasureError where there is no video.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        lacks = f"{path} has no moving picture; name a video."
        broken = f"The picture of {path} cannot be decoded; convert it to H.264 first."
        first, self.start, self.seconds = opening(path, "video", lacks, broken)
        scale = min(1.0, LONGER_SIDE / max(first.width, first.height))
        self.size = tuple(max(SHORTEST_SIDE, round(side * scale)) for side in (first.width, first.height))

    def pictures(self, since: float = 0.0) -> Iterator[Shown]:
        """The pictures in order of time, from the one that is shown at ``since``, s after the first.

        A picture without a time stamp is taken to follow the last one after the file's average interval; one that is not
        later than the last is left out.
        """
        with open_media(self.path) as container:
            stream = best_stream(container, "video")
            assert stream is not None
            interval = 1 / float(stream.average_rate or stream.guessed_rate or 25)
            if since > 0:
                container.seek(int((self.start + since) * 1e6), backward=True)
            last: Shown | None = None
            held: Shown | None = None  # the newest before ``since``
            for frame in decode(container, stream):
                if frame.time is not None:
                    time = float(frame.time) - self.start
                else:
                    time = last.time + interval if last else 0.0
                if last is not None and time <= last.time:
                    continue
                last = Shown(frame, time, (self.size[0], self.size[1]))
                if time < since:
                    held = last
                    continue
                if held is not None and time > since:
                    yield held
                held = None
                yield last
            if held is not None:
                yield held
