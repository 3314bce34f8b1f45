"""Two sounds of one loudness: does what they *are* change the picture? ``python -m benchmarks.reactivity.twins RUN A B``.

The second sound is given the loudness of the first, moment by moment, so that nothing that follows loudness can tell them
apart. Both are painted with one neutral prompt and without routes; the judge of ``meaning`` looks at both. Printed are how
nearly the loudness agrees, the families seen, and how far the pictures lie apart: the mean distance between frames of
the one and of the other, over that between two halves of the same, in the judge's shares of families and in mean colour.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np

from engines.model import inspect
from engines.training.evaluation.judge import Judge, as_pictures
from engines.training.visuals import FAMILIES
from visualizer.analysis.analyzer import Analyzer
from visualizer.offline import RenderSettings, open_painter
from visualizer.preset import Preset
from visualizer.resources import embedded_model, sound_encoder, user_folder
from visualizer.snapshots import HOP_SAMPLES, FloatArray

from .meaning import FPS, NEUTRAL, VALUES, frames_of
from .sounds import piece

ROUNDS = 12
"""Loudness looks through 400 ms, so a gain is found by trying again."""

LEAST_LUFS = -60.0


def loudness(sound: FloatArray) -> FloatArray:
    """Momentary loudness in LUFS of each hop of a sound (n, 2)."""
    return np.array([max(heard.loudness_lufs, LEAST_LUFS) for heard in Analyzer().push(sound)], np.float32)


def as_loud_as(sound: FloatArray, wanted: FloatArray) -> FloatArray:
    """The sound with gains that give it the wanted loudness, hop by hop."""
    gain = np.zeros(len(wanted), np.float32)
    out = sound
    for _ in range(ROUNDS):
        samples = np.repeat(10 ** (gain / 20), HOP_SAMPLES)[: len(sound)]
        out = sound * np.interp(np.arange(len(sound)), np.arange(len(samples)), samples)[:, None].astype(np.float32)
        off = wanted - loudness(out)
        # What is heard now was made louder or quieter over the 400 ms before.
        gain = np.clip(gain + 0.7 * np.convolve(off, np.ones(20) / 20, "same"), -40, 40).astype(np.float32)
    return out


def apart(one: np.ndarray, other: np.ndarray) -> float:
    """Mean distance between rows of the one and the other, over that between rows of the same."""

    def mean(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.linalg.norm(a[:, None] - b[None], axis=-1).mean())

    within = (mean(one[::2], one[1::2]) + mean(other[::2], other[1::2])) / 2
    return mean(one, other) / max(within, 1e-6)


def most_seen(shares: np.ndarray) -> dict[str, float]:
    """The three families with the greatest share in frames (frames, families), and that."""
    mean = shares.mean(0)
    return {list(FAMILIES)[at]: round(float(mean[at]), 2) for at in np.argsort(-mean)[:3]}


def main() -> None:
    """Paint both and tell."""
    asked = argparse.ArgumentParser()
    asked.add_argument("run", type=Path, help="the training run whose judge looks on")
    asked.add_argument("sounds", nargs=2, type=Path)
    asked.add_argument("--seconds", type=float, default=10.0)
    asked.add_argument("--sheet", type=Path)
    options = asked.parse_args()
    judge, info = Judge.load(options.run), inspect(embedded_model())
    preset = Preset("twins", "Twins", {"picture/prompt": NEUTRAL, **VALUES}).on(info)
    settings = RenderSettings(preset, info.path, info.native_size, FPS, user_folder("engines"), encoder=sound_encoder())
    first, second = (piece(path, options.seconds) for path in options.sounds)
    wanted = loudness(first)
    second = as_loud_as(second, wanted)
    off = np.abs(loudness(second) - wanted)
    seen, shares, colours = [], [], []
    for sound in (first, second):
        frames = frames_of(open_painter(settings), settings, sound)
        seen.append(frames)
        shares.append(judge.read(as_pictures(frames)).families)
        colours.append(frames.reshape(len(frames), -1, 3).mean(1) / 255)
    if options.sheet:
        rows = [np.hstack(list(frames[:: max(1, len(frames) // 8)][:8])) for frames in seen]
        cv2.imwrite(str(options.sheet), cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR))
    print(json.dumps({
        "loudness_off_lu": {"median": round(float(np.median(off)), 2), "p90": round(float(np.percentile(off, 90)), 2)},
        "families": [most_seen(share) for share in shares],
        "same_family": round(float((shares[0].argmax(1)[:, None] == shares[1].argmax(1)).mean()), 3),
        "families_apart": round(apart(*shares), 2), "colours_apart": round(apart(*colours), 2),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
