"""Learn ``visualizer/analysis/beat/bar_patterns.npz``: which attacks belong to which beat of a bar.

``python tools/learn_bar_patterns.py LESSONS.npz … [--out PATH]``, from files that ``beat_lessons`` wrote. Levels of attack
are counted by place; three and four beats a bar are compared at the same place of the beat. The file says what made it:
``python -c "import numpy; print(numpy.load(PATH)['made'])"``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
from beat_lessons import Lesson, read
from provenance import ROOT, made
from provenance import read as told_by

from visualizer.analysis.beat.attacks import BANDS
from visualizer.analysis.beat.bar_patterns import METERS, PLACES, SHAPE, levels

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
    asked = argparse.ArgumentParser()
    asked.add_argument("lessons", type=Path, nargs="+")
    asked.add_argument("--out", type=Path, default=ROOT / "visualizer/analysis/beat/bar_patterns.npz")
    options = asked.parse_args()
    table = learn(read(options.lessons))
    sources = [told_by(path) for path in options.lessons]
    told = made("learn_bar_patterns.py", vars(options), lessons=sources)
    np.savez_compressed(options.out, bar=table.astype(np.float16), made=told)
    print(f"{options.out}: {options.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
