"""Sounds with captions for training: manifests, reading that never stops for a bad file, and a cache of their mels.

A manifest is a CSV with the header ``path,start,duration,caption,source,split`` or JSON lines with these keys; only path
and caption must be there. VGGSound's own CSV (YouTube id, start in s, label, split; no header) is read as it is, with a
folder of files named ``id_start``.
"""

from __future__ import annotations

import csv
import hashlib
import json
import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soxr

from visualizer.analysis.mel import LogMel, MelConfig
from visualizer.audio.files import SoundFileError, SoundFileWarning, open_sound
from visualizer.audio.resample import QUALITY
from visualizer.snapshots import FloatArray

LOWEST_RATE = 16_000
MOST_CHANNELS = 2
SHORTEST_S = 0.2
SILENT_DB = -70.0
VGGSOUND_S = 10.0

Half = npt.NDArray[np.float16]


class ManifestError(ValueError):
    """A manifest that cannot be used; the message is one sentence that names file and line."""


class ClipError(ValueError):
    """A clip that cannot be learnt from; the message is one sentence that names the file and says why."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A stretch of a sound file and what is heard in it.

    start, duration: s; a duration of 0 goes to the end. source: whom it came from, for splits that do not share one.
    split: "train", or any other name for what is held out.
    """

    path: Path
    caption: str
    start: float = 0.0
    duration: float = 0.0
    source: str = ""
    split: str = "train"


def read_manifest(path: Path, folder: Path | None = None) -> list[Clip]:
    """The clips of a manifest; relative paths are taken from ``folder``, or else from the manifest's own.

    VGGSound rows whose file is not there are left out: much of it is no longer online. Raises ManifestError.
    """
    base = folder or path.parent
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestError(f"the manifest {path} cannot be read ({error}); check the path") from None
    if path.suffix in (".jsonl", ".json"):
        clips = [_clip(path, line, entry, base) for line, entry in _json_lines(path, text)]
    else:
        rows = list(csv.reader(text.splitlines()))
        if rows and {"path", "caption"} <= set(rows[0]):
            header = rows[0]
            named = ((line, dict(zip(header, row, strict=False))) for line, row in enumerate(rows[1:], 2) if row)
            clips = [_clip(path, line, entry, base) for line, entry in named]
        else:
            clips = _vggsound(path, rows, base)
    if not clips:
        raise ManifestError(f"the manifest {path} names no clip whose file is in {base}; check folder and manifest")
    return clips


def _json_lines(path: Path, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except ValueError:
            entry = None
        if not isinstance(entry, dict):
            raise ManifestError(f"{path}, line {number} is not a JSON object; write one object a line")
        yield number, entry


def _clip(path: Path, line: int, entry: Mapping[str, Any], base: Path) -> Clip:
    if not entry.get("path") or not entry.get("caption"):
        raise ManifestError(f"{path}, line {line} lacks a path or a caption")
    try:
        start, duration = float(entry.get("start") or 0), float(entry.get("duration") or 0)
    except (TypeError, ValueError):
        start = -1.0
    if not (0 <= start < 1e6 and 0 <= duration < 1e6):
        raise ManifestError(f"{path}, line {line}: start and duration are seconds, at least 0")
    sound = base / str(entry["path"])
    source, split = str(entry.get("source") or sound.name), str(entry.get("split") or "train")
    return Clip(sound, str(entry["caption"]), start, duration, source, split)


def _vggsound(path: Path, rows: list[list[str]], base: Path) -> list[Clip]:
    files = {file.stem: file for file in sorted(base.rglob("*")) if file.is_file()}
    clips = []
    for line, row in enumerate(rows, 1):
        if not row:
            continue
        if len(row) != 4 or not row[1].strip().isdigit():
            raise ManifestError(
                f"{path}, line {line} is neither VGGSound's 'id,start,label,split' nor under a header with path and caption"
            )
        name, start, label, split = (value.strip() for value in row)
        file = files.get(f"{name}_{int(start):06d}") or files.get(f"{name}_{int(start)}")
        if file is not None:
            clips.append(Clip(file, label, 0.0, VGGSOUND_S, name, split))
    return clips


def read_sound(clip: Clip) -> tuple[FloatArray, int]:
    """A clip's samples (n, 1 or 2) and their rate. Raises ClipError for whatever cannot be learnt from."""
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
    if 20 * np.log10(max(float(np.abs(block).max()), 1e-9)) < SILENT_DB:
        raise ClipError(f"{clip.path} is silent there")
    return block, rate


def clip_mel(clip: Clip, config: MelConfig) -> Half:
    """A clip's mel (frames, bands) in dB, resampled as in the show. Raises ClipError."""
    block, rate = read_sound(clip)
    if rate != config.sample_rate:
        block = soxr.resample(block, rate, config.sample_rate, quality=QUALITY)
    return LogMel(config, block.shape[1]).push(block).astype(np.float16)


@dataclass(slots=True)
class Skipped:
    """The clips left out: one sentence each to standard error, and how many."""

    reasons: list[str] = field(default_factory=list)

    def add(self, error: ClipError) -> None:
        """Count one, and say why."""
        self.reasons.append(str(error))
        print(f"skipped: {error}", file=sys.stderr, flush=True)


class MelCache:
    """Mels of clips on disk, made when first asked for and again when a file has changed."""

    def __init__(self, folder: Path, config: MelConfig) -> None:
        self._folder, self._config = folder, config

    def mel(self, clip: Clip) -> Half:
        """A clip's mel (frames, bands) in dB. Raises ClipError."""
        try:
            status = clip.path.stat()
        except OSError:
            raise ClipError(f"there is no sound file {clip.path}") from None
        facts = (str(clip.path.resolve()), status.st_size, status.st_mtime_ns, clip.start, clip.duration, self._config)
        name = hashlib.sha256(repr(facts).encode()).hexdigest()[:24]
        path = self._folder / name[:2] / f"{name}.npy"
        try:
            kept: Half = np.load(path)
            return kept
        except (OSError, ValueError, EOFError):
            pass  # not made yet, or broken off while it was written
        mel = clip_mel(clip, self._config)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            np.save(file, mel)
        part.replace(path)
        return mel

    def mels(self, clips: Iterable[Clip], skipped: Skipped) -> list[tuple[Clip, Half]]:
        """The clips that can be learnt from, with their mels; the others are counted."""
        found = []
        for clip in clips:
            try:
                found.append((clip, self.mel(clip)))
            except ClipError as error:
                skipped.add(error)
        return found


def captions_of(clips: Iterable[Clip]) -> list[str]:
    """Every caption once, the commonest first."""
    counts = Counter(clip.caption for clip in clips)
    return sorted(counts, key=lambda caption: (-counts[caption], caption))
