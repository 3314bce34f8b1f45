"""The families by name, scenes, and rendering."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import torch

from .families import DRAW
from .fields import Picture, Stage, develop
from .palettes import PALETTES

FACTORS = ("energy", "bass", "mid", "treble", "onset", "brightness", "tension")
FAMILIES: tuple[str, ...] = tuple(DRAW)


@dataclass(frozen=True)
class Scene:
    """All that is fixed about a batch of pictures.

    palettes (B,) long, indices into PALETTES; seed draws the same numbers for any time, factors and size.
    """

    family: str
    palettes: torch.Tensor
    seed: int


def sample_scene(batch: int, rng: random.Random, family: str | None = None) -> Scene:
    """A scene of `batch` pictures of one family (any, if None) with mixed palettes."""
    name = family if family is not None else rng.choice(FAMILIES)
    if name not in DRAW:
        raise ValueError(f"no picture family {name!r}; choose one of {', '.join(FAMILIES)}")
    palettes = torch.tensor([rng.randrange(len(PALETTES)) for _ in range(batch)], dtype=torch.long)
    return Scene(name, palettes, rng.getrandbits(48))


def sample_factors(batch: int, rng: random.Random) -> torch.Tensor:
    """Factors (batch, 7) in [0, 1]: half follow loudness as in music, half are free; onsets mostly low."""
    rows = []
    for _ in range(batch):
        energy = rng.random()
        follow = rng.random() * (rng.random() < 0.5)
        bands = [follow * energy + (1 - follow) * rng.random() for _ in range(3)]
        rows.append([energy, *bands, rng.random() ** 2, rng.random(), rng.random() ** 1.3])
    return torch.tensor(rows, dtype=torch.float32)


@torch.no_grad()
def render(
    scene: Scene,
    time: torch.Tensor,
    factors: torch.Tensor,
    size: tuple[int, int] = (256, 256),
    device: str | torch.device = "cpu",
) -> torch.Tensor:
    """Pictures (B, 3, H, W), float32 in [0, 1].

    time (B,) in seconds; factors (B, 7) in the order of FACTORS; size (H, W) in pixels.
    """
    draw: Callable[[Stage], Picture] = DRAW[scene.family]
    on = torch.device(device)
    stage = Stage(scene.seed, time.to(on, torch.float32), factors.to(on, torch.float32), size)
    picture = draw(stage)
    return develop(stage, picture, scene.palettes)
