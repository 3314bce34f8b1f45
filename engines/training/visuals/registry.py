"""The families by name, scenes, and rendering."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from .families import DRAW
from .fields import Picture, Stage, develop, mix, step
from .palettes import PALETTES

FACTORS = ("energy", "bass", "mid", "treble", "onset", "brightness", "tension")
FAMILIES: tuple[str, ...] = tuple(DRAW)
# Families whose form leaves dark ground free: in front of a second family they still read.
OPEN = frozenset(FAMILIES) & {
    "bokeh", "butterfly", "equalizer", "eye", "feather", "fireworks", "flowers", "fractalflame", "galaxy", "jellyfish",
    "lightning", "mandala", "neonsign", "smoke", "snowflake", "starfield",
}  # fmt: skip
BEHIND = 0.4  # light of a second family


@dataclass(frozen=True)
class Scene:
    """All that is fixed about a batch of pictures.

    palettes (B,) long, indices into PALETTES; seed draws the same numbers for any time, factors and size;
    second, if any, is a family drawn dimmer behind the first.
    """

    family: str
    palettes: torch.Tensor
    seed: int
    second: str | None = None


def sample_scene(batch: int, rng: random.Random, family: str | None = None, layered: float = 0.0) -> Scene:
    """A scene of `batch` pictures of one family (any, if None) with mixed palettes.

    layered: the chance of a second family behind; the first is then one of OPEN (a given family that is not
    stays alone).
    """
    name = family if family is not None else rng.choice(FAMILIES)
    if name not in DRAW:
        raise ValueError(f"no picture family {name!r}; choose one of {', '.join(FAMILIES)}")
    second = None
    if rng.random() < layered and (family is None or name in OPEN):
        front = name if name in OPEN else rng.choice(sorted(OPEN))
        second = name if front != name else rng.choice([other for other in FAMILIES if other != front])
        name = front
    palettes = torch.tensor([rng.randrange(len(PALETTES)) for _ in range(batch)], dtype=torch.long)
    return Scene(name, palettes, rng.getrandbits(48), second)


def sample_factors(batch: int, rng: random.Random) -> torch.Tensor:
    """Factors (batch, 7) in [0, 1]: half follow loudness as in music, half are free; onsets mostly low."""
    rows = []
    for _ in range(batch):
        energy = rng.random()
        follow = rng.random() * (rng.random() < 0.5)
        bands = [follow * energy + (1 - follow) * rng.random() for _ in range(3)]
        rows.append([energy, *bands, rng.random() ** 2, rng.random(), rng.random() ** 1.3])
    return torch.tensor(rows, dtype=torch.float32)


def _layer(front: Picture, back: Picture) -> Picture:
    """Two pictures as one, in light: what the front lights hides the back, and a shade about it parts the two."""
    light = front.light.clamp(min=0)
    cover = step(0.04, 0.4, light if front.spark is None else light + front.spark)
    shade = F.avg_pool2d(F.interpolate(cover.unsqueeze(1), (32, 32), mode="area"), 5, 1, 2, count_include_pad=False)
    shade = F.interpolate(shade, cover.shape[1:], mode="bilinear", align_corners=False)[:, 0]
    free = (1 - cover) * (1 - 0.75 * shade)
    behind = BEHIND * back.light.clamp(0, 1.2) * free
    tone = mix(front.tone, (0.75 * back.tone + 0.02).clamp(0, 1), behind / (light + behind + 1e-3))
    spark = torch.zeros_like(light) if front.spark is None else front.spark
    if back.spark is not None:
        spark = spark + BEHIND * back.spark * free
    return Picture(tone, light + behind, spark)


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
    if scene.second is not None:
        picture = _layer(picture, DRAW[scene.second](stage))
    return develop(stage, picture, scene.palettes)
