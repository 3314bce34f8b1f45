"""Figures of a trained encoder: retrieval both ways, zero-shot naming with its confusion matrix, and what chance gives."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from visualizer.snapshots import FloatArray

RANKS = (1, 5, 10)
TOPS = (1, 5)

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """figures: by name, shares 0–1. confusion: (C, C) counts, a row a true caption, a column what it was named."""

    figures: dict[str, float]
    confusion: Numbers


def ranks(cosines: FloatArray, right: npt.NDArray[np.bool_]) -> Numbers:
    """For each row of cosines (N, M) how many wrong columns lie before the best right one, (N,).

    right: (N, M), which columns would be right. A tie counts as lost, so that constant latents score nothing.
    """
    best = np.where(right, cosines, -np.inf).max(1, keepdims=True)
    return np.asarray(((cosines >= best) & ~right).sum(1), np.int64)


def evaluate(latents: FloatArray, table: FloatArray, captions: Numbers, seed: int = 1) -> Evaluation:
    """Figures of unit latents (N, width), the captions' unit vectors (C, width) and each latent's caption (N,).

    sound_to_text_r*: the right caption is among the first so many; text_to_sound_r*: a right sound is, for captions that
    have one; zero_shot_top*; the same names with ``shuffled_`` before them: after the captions were dealt out anew.
    """
    cosines = latents @ table.T
    figures = _figures(cosines, captions)
    dealt = np.random.default_rng(seed).permutation(captions)
    figures |= {f"shuffled_{name}": value for name, value in _figures(cosines, dealt).items()}
    confusion = np.zeros((len(table), len(table)), np.int64)
    np.add.at(confusion, (captions, cosines.argmax(1)), 1)
    return Evaluation(figures, confusion)


def _figures(cosines: FloatArray, captions: Numbers) -> dict[str, float]:
    right = captions[:, None] == np.arange(cosines.shape[1])
    to_text = ranks(cosines, right)
    there = right.any(0)
    to_sound = ranks(cosines.T[there], right.T[there])
    # Naming is retrieval among the classes, and a class is as heavy as it has sounds only in retrieval.
    by_class = [to_text[right[:, column]] for column in np.flatnonzero(there)]
    return {
        **{f"sound_to_text_r{k}": float((to_text < k).mean()) for k in RANKS},
        **{f"text_to_sound_r{k}": float((to_sound < k).mean()) for k in RANKS},
        **{f"zero_shot_top{k}": float(np.mean([(own < k).mean() for own in by_class])) for k in TOPS},
    }


def write_confusion(path: Path, confusion: Numbers, captions: Sequence[str]) -> None:
    """The confusion matrix as CSV, captions in the first row and column."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["heard as", *captions])
        writer.writerows([caption, *row] for caption, row in zip(captions, confusion.tolist(), strict=True))
