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
MOST_CONFUSED = 2000
"""Classes. A confusion matrix takes their square, and nobody reads a larger one."""

AT_ONCE = 2048
"""Rows of cosines at a time: all of them are as many as sounds times classes."""

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """figures: by name, shares 0–1. confusion: (C, C) counts, a row a true class, a column what it was named; latents that
    are not numbers were named nothing. None of more than ``MOST_CONFUSED`` classes."""

    figures: dict[str, float]
    confusion: Numbers | None


def ranks(cosines: FloatArray, right: npt.NDArray[np.bool_]) -> Numbers:
    """For each row of cosines (N, M) how many wrong columns lie before the best right one, (N,).

    right: (N, M), which columns would be right. A tie counts as lost, so that constant latents score nothing; what is not
    a number lies behind everything else.
    """
    cosines = np.where(np.isfinite(cosines), cosines, -np.inf)
    best = np.where(right, cosines, -np.inf).max(1, keepdims=True)
    return np.asarray(((cosines >= best) & ~right).sum(1), np.int64)


def similarities(latents: FloatArray, columns: FloatArray) -> FloatArray:
    """Cosines (N, C) of unit latents (N, width) to columns (C, width); −inf for latents that are not numbers."""
    known = np.isfinite(latents).all(axis=1)
    cosines = np.full((len(latents), len(columns)), -np.inf, np.float32)
    cosines[known] = latents[known] @ columns.T
    return cosines


def names(cosines: FloatArray) -> Numbers:
    """The nearest column of each row of ``similarities``, (N,); −1 for none."""
    return np.asarray(np.where(np.isfinite(cosines).any(axis=1), cosines.argmax(axis=1), -1), np.int64)


def evaluate(latents: FloatArray, columns: FloatArray, classes: Numbers, seed: int = 1) -> Evaluation:
    """Figures of unit latents (N, width), a unit vector for each class, columns (C, width), and each latent's class (N,).

    sound_to_text_r*: the right class is among the first so many; text_to_sound_r*: a right sound is, for classes that
    have one; zero_shot_top*; the same names with ``shuffled_`` before them: after the classes were dealt out anew.
    """
    figures = _figures(latents, columns, classes)
    dealt = np.random.default_rng(seed).permutation(classes)
    figures |= {f"shuffled_{name}": value for name, value in _figures(latents, columns, dealt).items()}
    if len(columns) > MOST_CONFUSED:
        return Evaluation(figures, None)
    confusion = np.zeros((len(columns), len(columns)), np.int64)
    heard = names(similarities(latents, columns))
    np.add.at(confusion, (classes[heard >= 0], heard[heard >= 0]), 1)
    return Evaluation(figures, confusion)


def _figures(latents: FloatArray, columns: FloatArray, classes: Numbers) -> dict[str, float]:
    numbers, there = np.arange(len(columns)), np.unique(classes)
    to_text = np.concatenate([
        ranks(similarities(latents[block], columns), classes[block, None] == numbers) for block in _blocks(len(latents))
    ])  # fmt: skip
    to_sound = np.concatenate([
        ranks(similarities(latents, columns[there[block]]).T, there[block, None] == classes)
        for block in _blocks(len(there))
    ])  # fmt: skip
    # Naming is retrieval among the classes, and a class is as heavy as it has sounds only in retrieval.
    return {
        **{f"sound_to_text_r{k}": float((to_text < k).mean()) for k in RANKS},
        **{f"text_to_sound_r{k}": float((to_sound < k).mean()) for k in RANKS},
        **{f"zero_shot_top{k}": by_class(to_text < k, classes) for k in TOPS},
    }


def _blocks(count: int) -> list[slice]:
    return [slice(start, start + AT_ONCE) for start in range(0, count, AT_ONCE)]


def by_class(right: npt.NDArray[np.bool_], classes: Numbers) -> float:
    """The mean over classes of the share of their sounds (N,) that came out right."""
    return float(np.mean([right[classes == number].mean() for number in np.unique(classes)]))


def write_confusion(path: Path, confusion: Numbers, classes: Sequence[str]) -> None:
    """The confusion matrix as CSV, classes in the first row and column."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["heard as", *classes])
        writer.writerows([name, *row] for name, row in zip(classes, confusion.tolist(), strict=True))
