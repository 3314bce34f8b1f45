"""Pieces with known beats as the beat tracker sees them: what its network and its bar patterns are learnt from.

``python tools/beat_lessons.py OUT.npz [--first N] [--pieces N] [--soundfont FILE …] [--rendered SHARE]
[--leave-out FAMILY …]`` writes a file of them. Most are sketched (``mel_sketch``); a share is rendered by FluidSynth with
one of the soundfonts that are named, of which none may be the benchmark's. Pieces from 0 on are learnt from; those with
negative numbers are for trying out, and are best rendered with a soundfont that was not learnt from.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from beat_music import FAMILIES, compose
from mel_sketch import sketch
from provenance import made

from visualizer.analysis.bands import BANDS_HZ, band_pass
from visualizer.analysis.beat.attacks import FRAME_HOPS, FRAME_S, Attacks, Frame
from visualizer.analysis.filters import FilterBank
from visualizer.analysis.mel import SHOW, LogMel
from visualizer.bench.hearing.frozen import VERSIONS
from visualizer.bench.hearing.midi import Sheet, SynthesizerError, play_file
from visualizer.bench.hearing.tracker import Times
from visualizer.snapshots import HOP_SAMPLES

FIRST_SEED = 20_000
"""The seed of piece 0."""

SECONDS = 24.0

HARD = ("chop", "timeline", "shuffle", "plucked", "broken", "backbeat")
"""Families that come twice as often."""


TEMPI, TEMPO_SHARES = ("steady", "step", "ramp"), (0.8, 0.14, 0.06)


@dataclass(frozen=True, slots=True)
class Lesson:
    """rises, levels: of ``attacks.Frame``, shape (frames, BANDS). silent: shape (frames,).

    beats: s, the first being the first of a bar. meter: beats a bar. changes: when the tempo jumps, s. rendered: whether it
    was sound.
    """

    family: str
    rises: npt.NDArray[np.float64]
    levels: npt.NDArray[np.float64]
    silent: npt.NDArray[np.bool_]
    beats: Times
    meter: int
    changes: tuple[float, ...]
    rendered: bool

    def frames(self) -> Iterator[Frame]:
        """One after the other."""
        for rises, levels, silent in zip(self.rises, self.levels, self.silent, strict=True):
            yield Frame(rises, levels, bool(silent))

    def places(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Where each frame's end lies: the number of its beat, −1 outside; the phase 0–1; the beat's length, s."""
        time = np.arange(1, len(self.rises) + 1) * FRAME_S
        number = np.searchsorted(self.beats, time, side="right") - 1
        number[number >= len(self.beats) - 1] = -1
        length = np.diff(self.beats)[number]
        return number, np.clip((time - self.beats[number]) / length, 0.0, 1.0 - 1e-9), length


def lesson(index: int, font: Path | None = None, leave_out: Sequence[str] = ()) -> Lesson:
    """One piece; in some the tempo steps or slides. font: renders it, None to sketch. leave_out: families not to be drawn.

    Raises ValueError for the benchmark's soundfont, SynthesizerError where FluidSynth is not installed.
    """
    names = [name for name in (*FAMILIES, *HARD) if name not in leave_out]
    seed = FIRST_SEED + index
    tempo = str(np.random.default_rng([seed, 81]).choice(TEMPI, p=TEMPO_SHARES))
    piece = compose(seed, SECONDS, names[index % len(names)], tempo)
    power, bass = rendered(piece.sheet, seed, font) if font else sketch(piece.sheet, seed)
    attacks = Attacks(SHOW)
    frames = [attacks.push(row, float(low)) for row, low in zip(power, bass, strict=True)]
    seen = [frame for frame in frames if frame is not None]
    rises, levels = np.array([frame.rises for frame in seen]), np.array([frame.levels for frame in seen])
    silent = np.array([frame.silent for frame in seen])
    return Lesson(piece.family, rises, levels, silent, piece.beats, piece.meter, piece.changes, font is not None)


def rendered(sheet: Sheet, seed: int, font: Path) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """As ``sketch``, of real sound at a random loudness. Raises as ``lesson``."""
    if f"({font.stat().st_size} bytes)" in VERSIONS["soundfont"]:
        raise ValueError(f"{font.name} is the benchmark's soundfont, which nothing may be learnt from: name another")
    rng = np.random.default_rng([seed, 79])
    sound = play_file(sheet.file(), sheet, font).astype(np.float64)
    sound *= 10 ** (rng.uniform(-29, -13) / 20) / max(float(np.sqrt(np.mean(sound**2))), 1e-9)
    sound = np.clip(sound, -1, 1)
    mel, bass = LogMel(SHOW), FilterBank([band_pass(*BANDS_HZ["bass"])])
    hops = np.repeat(sound[: len(sound) // HOP_SAMPLES * HOP_SAMPLES].reshape(-1, HOP_SAMPLES, 1), 2, axis=2)
    return np.array([mel.power(hop) for hop in hops]), np.array(
        [(bass.filter(hop) ** 2).sum() for hop in hops]
    ) / HOP_SAMPLES


def write(path: Path, lessons: Sequence[Lesson], told: npt.NDArray[np.str_]) -> None:
    """Keep lessons in an .npz file. told: of ``provenance.made``."""
    most = max(len(one.beats) for one in lessons)
    beats = np.full((len(lessons), most), np.nan)
    for row, one in zip(beats, lessons, strict=True):
        row[: len(one.beats)] = one.beats
    np.savez_compressed(
        path,
        family=np.array([one.family for one in lessons]),
        rises=np.array([one.rises for one in lessons], np.float16),
        levels=np.array([one.levels for one in lessons], np.float16),
        silent=np.array([one.silent for one in lessons]),
        beats=beats,
        meter=np.array([one.meter for one in lessons]),
        changes=np.array([json.dumps(one.changes) for one in lessons]),
        rendered=np.array([one.rendered for one in lessons]),
        made=told,
    )


def read(paths: Sequence[Path]) -> Iterator[Lesson]:
    """The lessons of all files, one after the other."""
    for path in paths:
        with np.load(path) as file:
            arrays: dict[str, Any] = {name: file[name] for name in file}
        for i, beats in enumerate(arrays["beats"]):
            yield Lesson(
                str(arrays["family"][i]),
                arrays["rises"][i].astype(np.float64),
                arrays["levels"][i].astype(np.float64),
                arrays["silent"][i],
                beats[~np.isnan(beats)],
                int(arrays["meter"][i]),
                tuple(json.loads(str(arrays["changes"][i]))),
                bool(arrays["rendered"][i]),
            )


def main() -> None:
    """Make lessons and write them."""
    asked = argparse.ArgumentParser()
    asked.add_argument("path", type=Path)
    asked.add_argument("--first", type=int, default=0)
    asked.add_argument("--pieces", type=int, default=3200)
    asked.add_argument("--soundfont", type=Path, nargs="*", default=[])
    asked.add_argument("--rendered", type=float, default=0.3, metavar="SHARE")
    asked.add_argument("--leave-out", nargs="*", default=[])
    options = asked.parse_args()
    fonts: list[Path] = options.soundfont
    lessons = []
    for index in range(options.first, options.first + options.pieces):
        # Drawn, not taken in turn: families come in turn, and none is to be heard in one way alone.
        rng = np.random.default_rng([FIRST_SEED + index, 80])
        font = fonts[int(rng.integers(len(fonts)))] if fonts and rng.random() < options.rendered else None
        try:
            lessons.append(lesson(index, font, options.leave_out))
        except (OSError, ValueError, SynthesizerError) as error:
            raise SystemExit(str(error)) from None
        if len(lessons) % 100 == 0:
            print(f"{len(lessons)} of {options.pieces} pieces", flush=True)
    sizes = {font.name: font.stat().st_size for font in fonts}
    write(options.path, lessons, made("beat_lessons.py", vars(options), soundfonts=sizes))
    print(f"{options.path}: {options.path.stat().st_size} bytes, {FRAME_HOPS} hops a frame")


if __name__ == "__main__":
    main()
