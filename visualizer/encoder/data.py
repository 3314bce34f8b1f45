"""Sounds for training: reading that never stops for a bad file, and a cache of their mels that is read in place."""

from __future__ import annotations

import hashlib
import sys
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soxr

from visualizer.analysis.analyzer import LOUDEST
from visualizer.analysis.mel import LogMel, MelConfig
from visualizer.audio.files import SoundFileError, SoundFileWarning, open_sound
from visualizer.audio.remarks import LOWEST_RATE, is_silent
from visualizer.audio.resample import QUALITY
from visualizer.encoder.files import put_in_place
from visualizer.encoder.manifest import Clip
from visualizer.snapshots import FloatArray

MOST_CHANNELS = 2

SHORTEST_S = 0.08
"""The shortest clip that can be learnt from: a single click. What lacks to a segment or a step is silence around it.
It also decides what ``tools/sounds`` cuts."""

Half = npt.NDArray[np.float16]


class ClipError(ValueError):
    """A clip that cannot be learnt from; the message is one sentence that names the file and says why."""


def read_clip(clip: Clip) -> tuple[FloatArray, int]:
    """A clip's samples (n, 1 or 2), cut as in the show, and their rate. Raises ClipError for what cannot be learnt from."""
    try:
        with open_sound(clip.path) as sound, warnings.catch_warnings():
            warnings.simplefilter("error", SoundFileWarning)
            if sound.channels > MOST_CHANNELS:
                raise ClipError(f"{clip.path} has {sound.channels} channels: mix it down to {MOST_CHANNELS}")
            if sound.rate < LOWEST_RATE:
                raise ClipError(f"{clip.path} is at {sound.rate} Hz, too few for upper bands: use {LOWEST_RATE} or more")
            if clip.start * sound.rate >= sound.frames:
                raise ClipError(f"{clip.path} ends before its clip begins at {clip.start:g} s")
            sound.seek(int(clip.start * sound.rate))
            block, rate = sound.read(int(clip.duration * sound.rate) or -1), sound.rate
    except SoundFileError as error:
        raise ClipError(str(error)) from None
    except SoundFileWarning:
        raise ClipError(f"{clip.path} holds values that are not numbers: make it anew") from None
    if len(block) < SHORTEST_S * rate:
        raise ClipError(f"{clip.path} holds only {len(block) / rate:.2f} s of the clip")
    if is_silent(block):
        raise ClipError(f"{clip.path} is silent there")
    return np.clip(block, -LOUDEST, LOUDEST), rate


def clip_mel(clip: Clip, config: MelConfig) -> Half:
    """A clip's mel (frames, bands) in dB, resampled as in the show. Raises ClipError."""
    block, rate = read_clip(clip)
    if rate != config.sample_rate:
        block = soxr.resample(block, rate, config.sample_rate, quality=QUALITY)
    return LogMel(config, block.shape[1]).push(block).astype(np.float16)


@dataclass(slots=True)
class Skipped:
    """The clips left out: one sentence each to standard error, unless another process says it, and how many."""

    speaks: bool = True
    reasons: list[str] = field(default_factory=list)

    def add(self, error: ClipError) -> None:
        """Count one, and say why."""
        self.reasons.append(str(error))
        if self.speaks:
            print(f"skipped: {error}", file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True)
class StoredMel:
    """A mel of so many frames on disk. It is mapped for as long as a read takes: neither memory nor open files grow with
    the number of sounds."""

    path: Path
    frames: int

    def __len__(self) -> int:
        return self.frames

    def read(self, start: int = 0, count: int | None = None) -> FloatArray:
        """``count`` frames from ``start`` on, or as many as there are, (n, bands) in dB, in memory."""
        mapped = np.load(self.path, mmap_mode="r")
        return np.asarray(mapped[start : None if count is None else start + count], np.float32)


Sounds = list[tuple[Clip, StoredMel]]


class MelCache:
    """Mels of clips on disk, made when first asked for and again when a file has changed."""

    def __init__(self, folder: Path, config: MelConfig) -> None:
        self._folder, self._config = folder, config

    def mel(self, clip: Clip) -> StoredMel:
        """A clip's mel. Raises ClipError."""
        try:
            status = clip.path.stat()
        except OSError:
            raise ClipError(f"there is no sound file {clip.path}") from None
        facts = (str(clip.path.resolve()), status.st_size, status.st_mtime_ns, clip.start, clip.duration, self._config)
        name = hashlib.sha256(repr(facts).encode()).hexdigest()[:24]
        path = self._folder / name[:2] / f"{name}.npy"
        try:
            kept: npt.NDArray[Any] = np.load(path, mmap_mode="r")
            return StoredMel(path, len(kept))
        except (OSError, ValueError, EOFError):
            pass  # not made yet, or not whole
        mel = clip_mel(clip, self._config)
        with put_in_place(path) as part, part.open("wb") as file:
            np.save(file, mel)
        return StoredMel(path, len(mel))

    def mels(self, clips: Iterable[Clip], skipped: Skipped) -> Sounds:
        """The clips that can be learnt from, with their mels; the others are counted."""
        found = []
        for clip in clips:
            try:
                found.append((clip, self.mel(clip)))
            except ClipError as error:
                skipped.add(error)
        return found
