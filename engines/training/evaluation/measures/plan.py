"""What every measure shares: how much is measured, and what a measure is."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ...visuals import FAMILIES
from ...visuals.held_out import HELD_OUT
from ...visuals.riddles import RIDDLES
from ..judge import Judge, Readings, as_pictures
from ..streams import Frames, Job

Figures = dict[str, Any]
Done = Iterable[tuple[Job, Frames]]

SETTLED_S = 3.0
"""When a stream shows what its prompt says, if ever."""


@dataclass(frozen=True)
class Plan:
    """How much is measured; the defaults are what figures are published from."""

    families: tuple[str, ...] = FAMILIES
    rounds: int = 8
    held_out: tuple[tuple[str, str], ...] = HELD_OUT
    riddles: tuple[tuple[str, str], ...] = RIDDLES
    diversity_prompts: int = 24
    diversity_seeds: int = 6
    factor_families: int = 6
    factor_s: float = 16.0
    changes: int = 60
    seed: int = 1

    @classmethod
    def of(cls, families: tuple[str, ...]) -> Plan:
        """As many pictures as for all families, of those that a model was trained on."""

        def among(captions: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
            return tuple(caption for caption in captions if caption[1] in families)

        rounds = -(-cls.rounds * len(FAMILIES) // len(families))
        return cls(families, rounds, among(HELD_OUT), among(RIDDLES))

    @classmethod
    def quick(cls) -> Plan:
        """A trial of every measure in a few minutes; its figures mean little."""
        return cls(FAMILIES[::9], 1, HELD_OUT[::40], RIDDLES[::40], 2, 3, 1, 8.0, 3)

    def rng(self, measure: str) -> random.Random:
        """Random numbers of a measure's own."""
        return random.Random(f"evaluation-{self.seed}-{measure}")

    def spread(self, count: int) -> list[str]:
        """``count`` families, evenly from all, again from the start where there are too few."""
        return [self.families[number * len(self.families) // count % len(self.families)] for number in range(count)]


@dataclass(frozen=True)
class Measure:
    """A part of the evaluation. figures: reads (job, frames) pairs in the order of the jobs."""

    name: str
    jobs: Callable[[Plan], list[Job]]
    figures: Callable[[Done, Judge], Figures]


def read(judge: Judge, frames: Frames) -> Readings:
    """What the judge says of frames (N, H, W, 3)."""
    return judge.read(as_pictures(frames))


def rounded(value: Any) -> float:
    """A figure with as many places as it deserves."""
    return round(float(value), 4)


def seed(rng: random.Random) -> int:
    """A seed for a stream or its sound."""
    return rng.getrandbits(31)
