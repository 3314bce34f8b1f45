"""Which attacks belong to which beat of a bar: a table learnt from music with known bars, shipped as ``bar_patterns.npz``.

Every entry is a log-likelihood ratio, log P(level | beat, place, band) − log P(level | place, band).
``tools/learn_bar_patterns.py`` makes the table and says from what.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from visualizer.analysis.beat.attacks import BANDS

Doubles = npt.NDArray[np.float64]

STEPS = (0.05, 0.4, 1.0, 2.0, 4.0, 8.0)
"""Rises over their mean that part the levels."""

PLACES = 12
"""Places within each beat."""

METERS = (4, 3)
"""Beats a bar that are told apart."""

SHAPE = (BANDS, len(STEPS) + 1, sum(METERS), PLACES)
"""Band, level, beat and place; the beats of the meters stand one after the other."""


def levels(rises: Doubles) -> npt.NDArray[np.intp]:
    """Rises over their mean, of any shape, in levels 0 to len(STEPS)."""
    return np.searchsorted(STEPS, rises)


@lru_cache(maxsize=1)
def shipped() -> Doubles:
    """The table that ships, of ``SHAPE``."""
    with files("visualizer.analysis.beat").joinpath("bar_patterns.npz").open("rb") as file:
        return load(file)


def load(file: IO[bytes] | Path) -> Doubles:
    """The table in a file that ``tools/learn_bar_patterns.py`` wrote."""
    with np.load(file) as arrays:
        table: Doubles = arrays["bar"].astype(np.float64)
    return table
