"""Which attacks belong where in a beat and a bar: tables learnt from music with known beats, shipped as ``patterns.npz``.

Every entry is a log-likelihood ratio, log P(level | place, band) − log P(level | band): what a level of attack in a band
says for a place, and against it. Low bands speak for the beat, high ones nearly as much for the places between, so a hat
between the beats cannot pass for a beat. ``tools/learn_beat_patterns.py`` makes the tables and says from what.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from visualizer.analysis.beat.attacks import BANDS, LEVELS

Floats = npt.NDArray[np.float64]

PLACES = 24
"""Places within a beat: whole numbers of them to triplets and to semiquavers."""

BAR_PLACES = 12
"""Places within each beat of a bar."""

METERS = (4, 3)
"""Beats a bar that are told apart."""

TEMPO_CENTRES_BPM = (75.0, 112.0, 166.0)
"""What is played in a beat changes with its length: each tempo has the tables of the nearest centre."""


@dataclass(frozen=True, slots=True)
class Patterns:
    """beat: shape (BANDS, LEVELS, len(TEMPO_CENTRES_BPM), PLACES). bar: shape (BANDS, LEVELS, sum(METERS), BAR_PLACES),
    what a level says for one beat of a bar rather than for another; the beats of the meters stand one after the other.
    """

    beat: Floats
    bar: Floats

    def __post_init__(self) -> None:
        wanted = (BANDS, LEVELS, len(TEMPO_CENTRES_BPM), PLACES), (BANDS, LEVELS, sum(METERS), BAR_PLACES)
        if (self.beat.shape, self.bar.shape) != wanted:
            raise ValueError(f"beat patterns have the shapes {wanted}, not {(self.beat.shape, self.bar.shape)}")


@lru_cache(maxsize=1)
def shipped() -> Patterns:
    """The tables that ship."""
    with files("visualizer.analysis.beat").joinpath("patterns.npz").open("rb") as file, np.load(file) as tables:
        return Patterns(tables["beat"].astype(np.float64), tables["bar"].astype(np.float64))
