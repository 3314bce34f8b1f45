"""What an offline render goes through, frame by frame: a sound heard and a look moved by it, or a live set played again."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from visualizer.analysis.analyzer import Analyzer
from visualizer.analysis.mel import SHOW
from visualizer.control.modulation import Modulator
from visualizer.control.moves import from_json
from visualizer.control.playing import Playing
from visualizer.control.tempo import Tempo
from visualizer.control.track import Track, TrackError, unpack_hop
from visualizer.preset import Preset
from visualizer.snapshots import SAMPLE_RATE, Controls, FloatArray, Heard


@dataclass(frozen=True, slots=True)
class Step:
    """One frame of a render.

    time: seconds by which the picture has moved on. shown: where it lies in the video, in seconds. dt: seconds since the
    frame before. mel: of the hops since then, (hops, bands). prompts, fade_s: what is painted, and how fast it comes.
    sound: what was heard since the frame before, (n, 2) at 48 kHz; sound_at: where that lies, in seconds.
    """

    time: float
    shown: float
    dt: float
    mel: FloatArray
    controls: Controls
    prompts: tuple[str, str]
    fade_s: float
    sound: FloatArray
    sound_at: float


def frames_of(sound: FloatArray, fps: float) -> int:
    """How many frames a render of ``sound`` (n, 2) at 48 kHz has."""
    return max(1, int(len(sound) * fps / SAMPLE_RATE))


class FromSound:
    """A look under a sound (n, 2) at 48 kHz.

    A frame at time t answers to the sound before t + one frame: what will be heard while it is on the screen.
    """

    def __init__(self, sound: FloatArray, preset: Preset, fps: float) -> None:
        self.sound = sound
        self._preset, self._fps = preset, fps

    def __len__(self) -> int:
        return frames_of(self.sound, self._fps)

    def __iter__(self) -> Iterator[Step]:
        playing = Playing(self._preset.values, self._preset.routes)
        analyzer, tempo = Analyzer(), Tempo()
        heard_to = 0
        for number in range(len(self)):
            until = min(len(self.sound), round((number + 1) * SAMPLE_RATE / self._fps))
            block = self.sound[heard_to:until]
            hops = analyzer.push(block)
            for heard in hops:
                tempo.push(heard)
                playing.hear(heard, tempo.at(heard.sample))
            time = number / self._fps
            controls, sound_at = playing.at(until), heard_to / SAMPLE_RATE
            yield Step(time, time, 1 / self._fps, mels(hops), controls, playing.prompts, 0.0, block, sound_at)
            heard_to = until


class FromTrack:
    """A live set from its control track: the very values of the very frames, or with ``fps`` evenly spaced ones.

    sound: (n, 2) at 48 kHz from the set's first frame on, for the video alone: what was heard is in the track.
    Raises TrackError in one sentence for a track that cannot be played.
    """

    def __init__(self, track: Track, sound: FloatArray, fps: float | None = None) -> None:
        self.sound = sound
        self._track, self._exact = track, fps is None
        try:
            self._frames = [(line["at"], line["begun"], line["behind"]) for line in track.lines() if "frame" in line]
        except KeyError as error:
            raise TrackError(f"{track.path} holds a frame without {error}") from None
        if not self._frames:
            raise TrackError(f"{track.path} holds no frame: nothing was painted while it was recorded")
        if fps is not None:
            first, last = self._frames[0][0], self._frames[-1][0]
            count = 1 + int((last - first) * fps / SAMPLE_RATE)
            places = [first + round(number * SAMPLE_RATE / fps) for number in range(count)]
            self._frames = [(place, place / SAMPLE_RATE, 0) for place in places]

    def __len__(self) -> int:
        return len(self._frames)

    def __iter__(self) -> Iterator[Step]:
        header, lines = self._track.header, self._track.lines()
        playing, hops = Playing(header.values), list[Heard]()
        first, begun_first, _ = self._frames[0]
        shown, begun_before = 0.0, begun_first - 1 / header.fps
        line, done = next(lines), -1  # the header is none of them
        try:
            playing.modulator = Modulator.restored(header.state)
            for number, (at, begun, behind) in enumerate(self._frames):
                while done < behind if self._exact else _place(line) < (at, 1):
                    self._carry_out(line, playing, hops)
                    done += "frame" not in line
                    line = next(lines, {})
                # Frames painted with the same values, where none came in time, lie as far apart as they were painted.
                shown = max((at - first) / SAMPLE_RATE, shown + begun - begun_before) if number else 0.0
                until = self._frames[number + 1][0] if number + 1 < len(self) else at + int(SAMPLE_RATE / header.fps)
                controls, sound = playing.at(at, keep=self._exact), self.sound[at - first : until - first]
                yield Step(
                    begun - begun_first, shown, begun - begun_before, mels(hops), controls, playing.prompts,
                    playing.prompt_fade_s, sound, (at - first) / SAMPLE_RATE,
                )  # fmt: skip
                hops.clear()
                begun_before = begun
        except (KeyError, TypeError, ValueError, struct.error) as error:
            raise TrackError(f"{self._track.path} holds a line that is none of a control track ({error})") from None

    def _carry_out(self, line: dict[str, Any], playing: Playing, hops: list[Heard]) -> None:
        if "hop" in line:
            heard, beat = unpack_hop(line["hop"], line["heard"])
            playing.hear(heard, beat)
            hops.append(heard)
        elif "move" in line:
            playing.move(from_json(line["move"]))
        elif "released" in line and self._exact:
            playing.modulator.release()


def _place(line: dict[str, Any]) -> tuple[float, int]:
    """Where a line stands among the frames: a hop counts for a frame of its own sample, a move for the next."""
    if not line:
        return math.inf, 0
    return (line["hop"], 0) if "hop" in line else (line["after"], 1) if "after" in line else (0, 0)


def mels(hops: list[Heard]) -> FloatArray:
    """The mels of hops, (hops, bands)."""
    return np.stack([heard.mel for heard in hops]) if hops else np.empty((0, SHOW.bands), np.float32)
