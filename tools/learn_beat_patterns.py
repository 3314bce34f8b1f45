"""Learn ``visualizer/analysis/beat/patterns.npz``: which attacks belong where in a beat and a bar.

``python tools/learn_beat_patterns.py [PATH]``. Learnt from ``PIECES`` pieces of 24 s by ``beat_music`` (random styles of eleven
families, seeds from ``FIRST_SEED`` on), heard as ``mel_sketch`` draws them: no style, seed or sound of ``bench hearing`` is
among them, and no soundfont. Levels of attack are counted by place.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from beat_music import FAMILIES, compose
from mel_sketch import sketch

from visualizer.analysis.beat.attacks import BANDS, FRAME_S, LEVELS, Attacks
from visualizer.analysis.beat.patterns import BAR_PLACES, METERS, PLACES, TEMPO_CENTRES_BPM, Patterns
from visualizer.analysis.mel import SHOW
from visualizer.bench.hearing.tracker import Times

PIECES, FIRST_SEED, SECONDS = 176, 1000, 24.0

TEMPO_OCTAVES = 0.3
"""A piece counts for a tempo's tables by how near it is: standard deviation of the weight."""

SMOOTHING = 4.0
"""Frames of the average that are added to each place's counts."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """levels: shape (frames, BANDS). beats: s. meter: beats a bar, the first of ``beats`` being the first of one."""

    levels: npt.NDArray[np.integer]
    beats: Times
    meter: int


def lesson(seed: int, family: str) -> Lesson:
    """A piece as the tracker would see it."""
    piece = compose(seed, SECONDS, family)
    power, bass = sketch(piece.sheet, seed)
    attacks = Attacks(SHOW)
    frames = [attacks.push(row, float(low)) for row, low in zip(power, bass, strict=True)]
    return Lesson(np.array([frame for frame in frames if frame is not None]), piece.beats, piece.meter)


def learn(lessons: Iterable[Lesson]) -> Patterns:
    """Count and take ratios."""
    beat = np.zeros((BANDS, LEVELS, len(TEMPO_CENTRES_BPM), PLACES))
    bar = np.zeros((BANDS, LEVELS, sum(METERS), BAR_PLACES))
    bands = np.arange(BANDS)
    for one in lessons:
        time = np.arange(1, len(one.levels) + 1) * FRAME_S
        number = np.searchsorted(one.beats, time, side="right") - 1
        inside = (number >= 0) & (number < len(one.beats) - 1)
        number, levels = number[inside], one.levels[inside]
        gap = np.diff(one.beats)[number]
        phase = (time[inside] - one.beats[number]) / gap
        away = np.log2(60 / gap[:, None] / np.array(TEMPO_CENTRES_BPM)) / TEMPO_OCTAVES
        weight = np.exp(-0.5 * away**2)
        start = sum(METERS[: METERS.index(one.meter)])
        for band in bands:
            for tempo in range(len(TEMPO_CENTRES_BPM)):
                np.add.at(beat[band], (levels[:, band], tempo, (phase * PLACES).astype(int)), weight[:, tempo])
            np.add.at(bar[band], (levels[:, band], start + number % one.meter, (phase * BAR_PLACES).astype(int)), 1.0)
    beat = 0.5 * beat + 0.25 * (np.roll(beat, 1, -1) + np.roll(beat, -1, -1))
    average = beat.mean(axis=3, keepdims=True)
    average = (average + 1e-3) / (average + 1e-3).sum(axis=1, keepdims=True)
    share = beat + SMOOTHING * average
    # Three beats and four are compared at the same place of the beat: each meter's share of that place counts alike.
    starts = np.concatenate([[0], np.cumsum(METERS)])
    each = [bar[:, :, a:b].sum(axis=2, keepdims=True) for a, b in zip(starts[:-1], starts[1:], strict=True)]
    common = sum((one + 0.1) / (one + 0.1).sum(axis=1, keepdims=True) for one in each) / len(METERS)
    bar_share = bar + SMOOTHING * common
    return Patterns(
        np.log(share / share.sum(axis=1, keepdims=True)) - np.log(average),
        np.log(bar_share / bar_share.sum(axis=1, keepdims=True)) - np.log(common),
    )


def main() -> None:
    """Learn from all pieces and write the tables."""
    families = list(FAMILIES)
    folder = Path(__file__).resolve().parent.parent / "visualizer/analysis/beat"
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else folder / "patterns.npz"
    seeds = range(FIRST_SEED, FIRST_SEED + PIECES)
    patterns = learn(lesson(seed, families[seed % len(families)]) for seed in seeds)
    np.savez_compressed(path, beat=patterns.beat.astype(np.float16), bar=patterns.bar.astype(np.float16))
    print(f"{path}: {path.stat().st_size} bytes from {PIECES} pieces")


if __name__ == "__main__":
    main()
