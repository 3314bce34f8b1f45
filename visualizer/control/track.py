"""The control track: all that moved the picture in a live set, so that the set can be played again.

A file of lines of JSON, compressed. The first says how it began, each of the others one thing that happened, in order:

- ``hop``: what was heard, packed (``pack_hop``), so that a replay hears the very same
- ``move``: what a hand changed (``moves``), ``after`` which sample
- ``released``: the peaks that a frame had taken were let go, ``after`` which sample
- ``frame``: a frame's values by parameter name, ``at`` which sample they were asked for, ``behind`` how many of the lines
  above, ``begun`` at which second. It comes late: when the frame was painted

A file that was cut off, by a crash or a full disk, is good up to there.
"""

from __future__ import annotations

import base64
import gzip
import json
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from visualizer.snapshots import Beat, Heard

ENDING = ".control"
VERSION = 1

MEASURES = tuple(field.name for field in fields(Heard) if field.type == "float")
"""Of a ``Heard``, in the order in which they are packed."""

_BEAT = struct.Struct("<ddddi")
_BANDS = 64


class TrackError(ValueError):
    """A control track that cannot be played; the message is one sentence."""


def pack_hop(heard: Heard, beat: Beat | None) -> str:
    """What was heard in a hop, but its chroma, and the beat that was trusted then, as base64."""
    numbers = np.array([getattr(heard, name) for name in MEASURES], "<f8").tobytes()
    told = b"" if beat is None else _BEAT.pack(beat.bpm, beat.phase, beat.bar_phase, beat.confidence, beat.meter)
    return base64.b64encode(numbers + heard.mel.astype("<f4").tobytes() + told).decode("ascii")


def unpack_hop(sample: int, packed: str) -> tuple[Heard, Beat | None]:
    """The inverse of ``pack_hop``; the beat's source is the track. Raises ValueError or struct.error."""
    data = base64.b64decode(packed)
    end = 8 * len(MEASURES)
    numbers = np.frombuffer(data, "<f8", len(MEASURES)).tolist()
    mel = np.frombuffer(data, "<f4", _BANDS, end)
    told = data[end + 4 * _BANDS :]
    beat = None
    if told:
        bpm, phase, bar_phase, confidence, meter = _BEAT.unpack(told)
        beat = Beat(bpm, phase, bar_phase, confidence, "track", meter)
    return Heard(sample, mel, **dict(zip(MEASURES, numbers, strict=True))), beat


@dataclass(frozen=True, slots=True)
class Header:
    """How a set began. start: the sample of its first frame. state: of the modulator. values: of the look, by name.

    size: (width, height). fps: frames a second that were aimed at.
    """

    start: int
    values: Mapping[str, float | str]
    state: Mapping[str, Any]
    model: str
    size: tuple[int, int]
    fps: float


class Track:
    """A control track on disk; lines are read when they are asked for. Raises TrackError in one sentence."""

    def __init__(self, path: Path) -> None:
        self.path = path
        first = next(self.lines(), {})
        if first.get("version") != VERSION:
            raise TrackError(f"{path} is no control track of this version: record the set anew")
        try:
            width, height = first["size"]
            self.header = Header(
                first["start"], first["values"], first["state"], first["model"], (width, height), first["fps"]
            )
        except (KeyError, TypeError, ValueError) as error:
            raise TrackError(f"{path} is no control track ({error})") from None

    def lines(self) -> Iterator[dict[str, Any]]:
        """Every line in order, as far as the file is whole."""
        try:
            with gzip.open(self.path, "rt", encoding="utf-8") as file:
                for line in file:
                    yield json.loads(line)
        except FileNotFoundError:
            raise TrackError(f"there is no control track {self.path}") from None
        except gzip.BadGzipFile:
            raise TrackError(f"{self.path} is no control track") from None
        except (EOFError, zlib.error, ValueError):
            return  # cut off
        except OSError as error:
            raise TrackError(f"{self.path} cannot be read: {error.strerror or error}") from None
