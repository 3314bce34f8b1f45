"""Which stream of an open media file counts, and its frames, through PyAV; damaged packets are passed over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import av


def best_stream(container: Any, kind: str) -> Any | None:
    """The stream of a kind ("video", "audio") that a player would choose; None where there is none.

    A picture that is only attached, such as a record's cover, is no video.
    """
    streams = [one for one in container.streams if one.type == kind]
    if kind == "video":
        streams = [one for one in streams if not one.disposition & av.stream.Disposition.attached_pic]
    best = container.streams.best(kind)
    return best if best in streams else next(iter(streams), None)


def decode(container: Any, stream: Any) -> Iterator[Any]:
    """The stream's frames from where the container stands; a file that breaks off ends where it does."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.FFmpegError):
            return
        try:
            frames = packet.decode()
        except av.FFmpegError:
            continue
        yield from frames
