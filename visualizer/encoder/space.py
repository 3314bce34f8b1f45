"""A text space: a sentence encoder, and the centre that is subtracted from its vectors. NumPy only."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from visualizer.snapshots import FloatArray

Teach = Callable[[list[str]], FloatArray]
"""Texts to unit vectors (N, width) of a sentence encoder, its centre not yet subtracted."""


@dataclass(frozen=True, slots=True)
class Teacher:
    """A sentence encoder. name: a part of the fingerprint of every space that is made of it."""

    name: str
    teach: Teach


def space_fingerprint(teacher: str, centre: FloatArray) -> str:
    """Names a text space: a sentence encoder's name and the centre (width,) that is subtracted from its vectors."""
    digest = hashlib.sha256(teacher.encode())
    digest.update(np.ascontiguousarray(centre, np.float32).tobytes())
    return digest.hexdigest()[:16]


def normalised(vectors: npt.NDArray[Any]) -> FloatArray:
    """Vectors (…, width) at unit length; zeros stay zeros."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-9), np.float32)


def centred(vectors: FloatArray, centre: FloatArray) -> FloatArray:
    """Sentence vectors (N, width) in the space: what all captions have in common is subtracted, then unit length."""
    return normalised(vectors - centre)
