"""Learn ``visualizer/analysis/beat/bar_patterns.npz``: which attacks belong to which beat of a bar.

``python tools/learn_bar_patterns.py [PATH]``. Learnt from the pieces of ``beat_lessons``: random styles of ``beat_music``
as ``mel_sketch`` draws them or FluidSynth renders them. No style or seed of ``bench hearing`` is among them. Levels of
attack are counted by place; three and four beats a bar are compared at the same place of the beat. What ships is from 1,360
sketched pieces, of the generator's first form (see ``train_beat_network``).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
from beat_lessons import Lesson, lesson

from visualizer.analysis.beat.attacks import BANDS
from visualizer.analysis.beat.bar_patterns import METERS, PLACES, SHAPE, levels

PIECES = 1360

SMOOTHING = 4.0
"""Frames of the average that are added to each place's counts."""


def learn(lessons: Iterable[Lesson]) -> npt.NDArray[np.float64]:
    """Count and take ratios; returns ``bar_patterns.SHAPE``."""
    counts = np.zeros(SHAPE)
    for one in lessons:
        number, phase, _ = one.places()
        inside = number >= 0
        beat = sum(METERS[: METERS.index(one.meter)]) + number[inside] % one.meter
        level = levels(one.rises[inside])
        for band in range(BANDS):
            np.add.at(counts[band], (level[:, band], beat, (phase[inside] * PLACES).astype(np.intp)), 1.0)
    starts = np.concatenate([[0], np.cumsum(METERS)])
    each = [counts[:, :, a:b].sum(axis=2, keepdims=True) + 0.1 for a, b in pairwise(starts)]
    common = np.mean([one / one.sum(axis=1, keepdims=True) for one in each], axis=0)
    share = counts + SMOOTHING * common
    return np.log(share / share.sum(axis=1, keepdims=True)) - np.log(common)


def main() -> None:
    """Learn from all pieces and write the table."""
    folder = Path(__file__).resolve().parent.parent / "visualizer/analysis/beat"
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else folder / "bar_patterns.npz"
    table = learn(lesson(index) for index in range(PIECES))
    np.savez_compressed(path, bar=table.astype(np.float16))
    print(f"{path}: {path.stat().st_size} bytes from {PIECES} pieces")


if __name__ == "__main__":
    main()
