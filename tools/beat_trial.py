"""How the whole beat tracker does on lessons that nothing was learnt from: where it is tuned, and never on the benchmark.

``python tools/beat_trial.py LESSONS.npz … [--network PATH] [--bars PATH]``, of files that ``beat_lessons`` wrote, best of
pieces with negative numbers, rendered with a soundfont that was not learnt from. Prints beat F1, the share of pieces that
are half a beat off, seconds to recover from tempo steps, downbeat F1 and confidence, by family and over all.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np
from beat_lessons import Lesson, read

from visualizer.analysis.bands import HOP_S
from visualizer.analysis.beat import bar_patterns, network
from visualizer.analysis.beat.attacks import FRAME_HOPS
from visualizer.analysis.beat.tracker import BeatTracker
from visualizer.bench.hearing import score
from visualizer.bench.hearing.tracker import crossings

FIGURES = ("beat F1", "any level", "half off", "recovery s", "bars F1", "confidence")


def heard(one: Lesson, tracker: BeatTracker) -> tuple[float, ...]:
    """``FIGURES`` of a lesson, nan for what it cannot tell."""
    phase, bar_phase, confidence = [], [], []
    for frame in one.frames():
        for hop in range(FRAME_HOPS):
            beat = tracker.step(frame if hop == FRAME_HOPS - 1 else None)
            phase.append(np.nan if beat is None else beat.phase)
            bar_phase.append(np.nan if beat is None else beat.bar_phase)
            confidence.append(0.0 if beat is None else beat.confidence)
    time = np.arange(1.0, len(phase) + 1) * HOP_S
    found = crossings(time, np.array(phase))
    bars = crossings(time, np.array(bar_phase))
    back = [score.recovery_s(one.beats, found, change, float(time[-1])) for change in one.changes]
    return (
        score.beat_f1(one.beats, found),
        score.any_level_f1(one.beats, found),
        float(score.half_beat_off(one.beats, found)) if not one.changes else np.nan,
        max(back) if back else np.nan,
        score.beat_f1(one.beats[:: one.meter], bars),
        score.mean_confidence(time, np.array(confidence)),
    )


def main() -> None:
    """Try the tracker out and print a table."""
    asked = argparse.ArgumentParser()
    asked.add_argument("lessons", type=Path, nargs="+")
    asked.add_argument("--network", type=Path)
    asked.add_argument("--bars", type=Path)
    options = asked.parse_args()
    weights = network.load(options.network) if options.network else network.shipped()
    bars = bar_patterns.load(options.bars) if options.bars else bar_patterns.shipped()
    rows: dict[str, list[tuple[float, ...]]] = defaultdict(list)
    for one in read(options.lessons):
        figures = heard(one, BeatTracker(weights=weights, bars=bars))
        for name in (one.family, "all"):
            rows[name].append(figures)
    print(f"{'':14}{'pieces':>8}" + "".join(f"{figure:>12}" for figure in FIGURES))
    for name in sorted(rows, key=lambda name: (name == "all", name)):
        means = [
            np.mean(column[~np.isnan(column)]) if (~np.isnan(column)).any() else np.nan for column in np.array(rows[name]).T
        ]
        print(f"{name:14}{len(rows[name]):8}" + "".join(f"{mean:12.3f}" for mean in means))


if __name__ == "__main__":
    main()
