"""Cutting sound into clips: decoding, mono at 48 kHz, the level as it was recorded, one FLAC file a clip."""

from __future__ import annotations

import hashlib
import inspect
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from sounds import twins
from visualizer.audio.remarks import SILENT_DB
from visualizer.encoder.data import SHORTEST_S

Wave = npt.NDArray[np.float32]

RATE = 48_000
LONGEST_S = 10.0

SYNTHETIC = "synthesis/"
"""What sources that are a function of ours begin with."""

SILENT = 10 ** (SILENT_DB / 20)
"""What never peaks above this says nothing; the trainer would skip it."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One labelled clip. path: below the output folder. seconds, rms (dBFS): its length and level. digest: of the sound.
    mel: its fingerprint (``twins``)."""

    path: str
    name: str
    source: str
    pack: str
    licence: str
    seconds: float
    rms: float
    digest: str
    split: str = ""
    mel: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """Work that gives clips. make: yields (class, source, wave). split: fixed, or "" to be drawn by ``splits``.

    about: whatever else decides what comes out: class and source of a recording, ``version`` of a recipe.
    """

    key: str
    pack: str
    licence: str
    make: Callable[[], Iterable[tuple[str, str, Wave]]]
    split: str = ""
    about: str = ""

    @property
    def name(self) -> str:
        """Of its record: another one as soon as anything is different that the record tells or comes of."""
        facts = [self.key, self.pack, self.licence, self.split, self.about, version(inspect.getmodule(cut), twins)]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:24]


def version(*modules: ModuleType | None) -> str:
    """Changes with the modules' source: what they once made is made anew after a change."""
    digest = hashlib.sha256()
    for module in modules:
        digest.update(inspect.getsource(module).encode() if module else b"")
    return digest.hexdigest()[:16]


def load(path: Path, longest_s: float = 130.0) -> Wave:
    """A sound file's first ``longest_s`` as mono at 48 kHz, both channels' mean. Raises RuntimeError if it is none."""
    with soundfile.SoundFile(path) as file:
        block = file.read(int(longest_s * file.samplerate), dtype="float32", always_2d=True)
        rate = file.samplerate
    mono = block.mean(axis=1)
    out: Wave = mono if rate == RATE else soxr.resample(mono, rate, RATE)
    return out.astype(np.float32, copy=False)


def cut(wave: Wave, clips: int) -> Iterator[Wave]:
    """Pieces of at most ten seconds, at most ``clips``, spread over the whole; silence before and after is left out."""
    loud = np.flatnonzero(np.abs(wave) > SILENT)
    if not len(loud):
        return
    wave = wave[loud[0] : loud[-1] + 1]
    if len(wave) < SHORTEST_S * RATE:
        return
    count = int(np.ceil(len(wave) / (LONGEST_S * RATE)))
    size = int(np.ceil(len(wave) / count))
    chosen = np.unique(np.linspace(0, count - 1, min(count, clips)).round().astype(int))
    for index in chosen:
        piece = wave[index * size : (index + 1) * size]
        if np.abs(piece).max(initial=0.0) > SILENT:
            yield piece


def run(job: Job, out: Path) -> list[Clip]:
    """The job's clips, made now or read from what was made before, where all of it is still there."""
    record = out / "jobs" / f"{job.name}.json"
    known = _known(record, out)
    if known is not None:
        return known
    made = []
    for index, (name, source, wave) in enumerate(job.make()):
        digest = hashlib.sha256(np.round(wave * 32767).astype("<i2").tobytes()).hexdigest()[:24]
        path = f"clips/{name}/{record.stem}-{index:03d}.flac"
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        # Sound above full scale is clipped, as a converter would; nothing is made louder.
        soundfile.write(out / path, np.clip(wave, -1, 1), RATE, format="FLAC", subtype="PCM_16")
        rms = 20 * float(np.log10(max(1e-6, float(np.sqrt(np.mean(np.square(wave)))))))
        facts = (job.pack, job.licence, len(wave) / RATE, round(rms, 1), digest, job.split, twins.fingerprint(wave))
        made.append(Clip(path, name, source, *facts))
    record.parent.mkdir(parents=True, exist_ok=True)
    # The record is put in place last and at once: what is broken off is made again.
    with tempfile.NamedTemporaryFile("w", dir=record.parent, suffix=".part", delete=False, encoding="utf-8") as part:
        json.dump([asdict(clip) for clip in made], part)
    Path(part.name).replace(record)
    return made


def _known(record: Path, out: Path) -> list[Clip] | None:
    """The clips of a record, None where it is not there, cannot be read, or a file it names is gone or empty."""
    try:
        clips = [Clip(**row) for row in json.loads(record.read_text(encoding="utf-8"))]
        whole = all((out / clip.path).stat().st_size > 0 for clip in clips)
    except (OSError, ValueError, TypeError):
        return None
    return clips if whole else None
