"""The beat in real recordings, whose beats nobody has written down: our tracker beside offline ones, and how they differ.

An offline tracker is no truth: where two of them disagree, so may listeners. So the report says for each recording how far
the trackers agree, in F1, at which tempi, and in words what kind of disagreement it is.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from visualizer.audio.files import READABLE, SoundFileError, open_sound
from visualizer.bench.hearing import hindsight, score
from visualizer.bench.hearing.ours import Ours
from visualizer.bench.hearing.peers import peers
from visualizer.bench.hearing.tracker import HOP_S, Times, listen
from visualizer.snapshots import SAMPLE_RATE, FloatArray

SAME = 0.8
"""F1 from which on two trackers are taken to tap the same."""

UNSETTLED = round(score.SETTLED_S / HOP_S)
"""Hops in which nothing counts yet."""

SURE = 0.7
"""Mean confidence from which on our tracker claims to know."""

NEAR = 0.04
"""Tempi that differ by no more than this share are one."""

RATIOS = {1.5: "3 beats to their 2", 2 / 3: "2 beats to their 3", 4 / 3: "4 beats to their 3", 0.75: "3 beats to their 4",
          3.0: "3 beats to their 1", 1 / 3: "1 beat to their 3"}  # fmt: skip

Offline = Callable[[FloatArray], Times]
Row = dict[str, Any]


class RecordingsError(RuntimeError):
    """There is nothing to hear; the message is one sentence."""


def references() -> dict[str, Offline]:
    """Offline trackers, the best first: librosa's where it is installed, and always our own with hindsight."""
    found: dict[str, Offline] = {"librosa": _librosa} if find_spec("librosa") else {}
    return found | {"hindsight": hindsight.beats}


def files(folder: Path) -> list[Path]:
    """The recordings in a folder and below. Raises RecordingsError where there is none."""
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in READABLE and path.is_file())
    if not found:
        raise RecordingsError(f"There is no recording ({', '.join(READABLE)}) in {folder}.")
    return found


def load(path: Path, seconds: float) -> FloatArray:
    """The first ``seconds`` of a recording, mono at 48 kHz, shape (n,). Raises RecordingsError."""
    try:
        with open_sound(path) as file:
            sound = file.read(round(seconds * file.rate)).mean(axis=1)
            rate = file.rate
    except SoundFileError as error:
        raise RecordingsError(str(error)) from None
    out: FloatArray = np.asarray(soxr.resample(sound, rate, SAMPLE_RATE), np.float32)
    return out


def measure(path: Path, seconds: float, offline: dict[str, Offline]) -> Row:
    """One recording's row.

    bpm, confidence: our tracker's median tempo and mean confidence. Under each reference's name: bpm, f1 (±70 ms after the
    first 5 s), any_level_f1, tempo_ratio (ours over theirs) and how, in words. peers: F1 of others with the first
    reference. between: F1 of the references with each other.
    """
    sound = load(path, seconds)
    log = listen(Ours(), sound)
    ours = log.beats
    told = {name: tracker(sound) for name, tracker in offline.items()}
    first = next(iter(told.values()))
    row: Row = {
        "file": path.name,
        "seconds": round(len(sound) / SAMPLE_RATE, 1),
        "bpm": _bpm(ours),
        "confidence": round(score.mean_confidence(log.time, log.confidence), 3) if len(log.time) > UNSETTLED else 0.0,
    }
    for name, theirs in told.items():
        row[name] = {
            "bpm": _bpm(theirs),
            "f1": round(score.beat_f1(theirs, ours), 3),
            "any_level_f1": round(score.any_level_f1(theirs, ours), 3) if len(theirs) > 1 else 0.0,
            "tempo_ratio": _ratio(ours, theirs),
            "how": disagreement(theirs, ours),
        }
    row["peers"] = {
        name: round(score.beat_f1(first, listen(factory(), sound).beats), 3) for name, factory in peers().items()
    }
    row["between"] = round(score.beat_f1(*list(told.values())[:2]), 3) if len(told) > 1 else None
    return row


def disagreement(theirs: Times, ours: Times) -> str:
    """What kind of disagreement it is, in words."""
    ratio = _ratio(ours, theirs)
    if ratio is None:
        return "no beat from us" if len(ours) < 3 else "no beat from them"
    if score.beat_f1(theirs, ours) >= SAME:
        return "the same beats"
    if score.any_level_f1(theirs, ours) >= SAME:
        return "twice as fast" if ratio > 1.4 else "half as fast" if ratio < 0.7 else "the same but for passages"
    if abs(ratio - 1) <= NEAR:
        share = score.half_beat_share(theirs, ours)
        return "half a beat apart" if share > 0.5 else "the same tempo, another phase"
    near = [words for wanted, words in RATIOS.items() if abs(ratio / wanted - 1) <= NEAR]
    if near:
        return near[0]
    octave = min((0.5, 2.0), key=lambda wanted: abs(ratio / wanted - 1))
    if abs(ratio / octave - 1) <= NEAR:
        return f"{'twice' if octave > 1 else 'half'} as fast, another phase"
    return "another tempo"


def summary(rows: list[Row], offline: dict[str, Offline]) -> dict[str, Any]:
    """Means over all recordings and, under "sure", over those where our tracker claims to know."""
    sure = [row for row in rows if row["confidence"] >= SURE]
    out: dict[str, Any] = {"recordings": len(rows), "sure": len(sure)}
    for name in offline:
        for key in ("f1", "any_level_f1"):
            out[f"{name}_{key}"] = _mean([row[name][key] for row in rows])
            out[f"{name}_{key}_sure"] = _mean([row[name][key] for row in sure])
        out[f"{name}_same_tempo"] = _mean([float(abs((row[name]["tempo_ratio"] or 0) - 1) <= NEAR) for row in rows])
    for name in rows[0]["peers"] if rows else ():
        out[f"{name}_f1"] = _mean([row["peers"][name] for row in rows])
    out["between_references_f1"] = _mean([row["between"] for row in rows if row["between"] is not None])
    return out


def _mean(values: list[float]) -> float | None:
    return round(float(np.mean(values)), 3) if values else None


def _bpm(times: Times) -> float | None:
    return round(60 / float(np.median(np.diff(times))), 1) if len(times) > 2 else None


def _ratio(ours: Times, theirs: Times) -> float | None:
    mine, other = _bpm(ours), _bpm(theirs)
    return round(mine / other, 3) if mine and other else None


def _librosa(sound: FloatArray) -> Times:
    librosa = import_module("librosa")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of files it reads otherwise
        _, found = librosa.beat.beat_track(y=sound, sr=SAMPLE_RATE, units="time", trim=False)
    return np.asarray(found, np.float64)
