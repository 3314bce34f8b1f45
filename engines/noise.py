"""A noise that walks: along great circles from one Gaussian sample to the next, so that its variance never changes."""

from __future__ import annotations

import math

import torch

QUARTER = math.pi / 2


class NoiseWalk:
    """Noise of one shape as a continuous function of a phase in radians, fixed by a seed.

    At every quarter turn the walk stands on a fresh sample; between two it goes along their great circle (slerp of
    orthogonal vectors: cos φ·a + sin φ·b), so it stays unit Gaussian and repeats only after 2³¹ quarter turns.
    """

    def __init__(self, shape: tuple[int, ...], seed: int) -> None:
        self._shape = shape
        self._seed = seed
        self._corners: dict[int, torch.Tensor] = {}

    def _corner(self, index: int) -> torch.Tensor:
        if index not in self._corners:
            if len(self._corners) > 3:
                self._corners.clear()
            generator = torch.Generator().manual_seed((self._seed * 1_000_003 + index) % 2**63)
            self._corners[index] = torch.randn(self._shape, generator=generator)
        return self._corners[index]

    def at(self, phase: float) -> torch.Tensor:
        """The noise at a phase (rad), float32 on the CPU."""
        index = math.floor(phase / QUARTER)
        angle = phase - index * QUARTER
        return math.cos(angle) * self._corner(index) + math.sin(angle) * self._corner(index + 1)
