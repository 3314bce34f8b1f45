"""Distances in the judge's features, within a set of pictures and between two."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from ...visuals.sounds import FloatArray
from .plan import Figures, rounded


def spread(features: FloatArray) -> float:
    """Mean distance of all pairs of features (N, 128)."""
    return float(np.mean([np.linalg.norm(a - b) for a, b in combinations(features, 2)]))


def frechet(first: FloatArray, second: FloatArray) -> float:
    """Fréchet distance of two sets of features (N, 128), each taken for a normal distribution.

    The trace of the root of C₁C₂ is that of √C₁ C₂ √C₁, which is symmetric.
    """
    one, other = (np.cov(part.astype(np.float64), rowvar=False) for part in (first, second))
    values, vectors = np.linalg.eigh(one)
    root = vectors * np.sqrt(values.clip(0)) @ vectors.T
    shared = np.sqrt(np.linalg.eigvalsh(root @ other @ root).clip(0)).sum()
    apart = np.square(first.mean(0, dtype=np.float64) - second.mean(0, dtype=np.float64)).sum()
    return float(apart + np.trace(one) + np.trace(other) - 2 * shared)


def fidelity(painted: list[FloatArray], drawn: list[FloatArray]) -> Figures:
    """Fréchet distances of a model's frames and the generator's, features (n, 128) a scene.

    The distance depends on how many pictures are compared, so every one is between halves, first to second: the model's
    to the other half of the generator's, and the generator's to each other, which is the floor. Both lists go through
    the families in turn several times, so the halves show the same.
    """
    middle = len(painted) // 2
    a, b, c, d = (np.concatenate(part) for kind in (painted, drawn) for part in (kind[:middle], kind[middle:]))
    return {
        "pictures": min(len(a), len(b)),
        "model": rounded((frechet(a, d) + frechet(b, c)) / 2),
        "generator": rounded(frechet(c, d)),
    }
