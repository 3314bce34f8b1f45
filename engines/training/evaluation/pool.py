"""The judge's own pictures, rendered once to shards: clean, and some as the autoencoder gives them back.

Their scenes are seeded apart from those of every other stage, and the held-out ones apart from those it learns from.
"""

from __future__ import annotations

import dataclasses
import functools
import multiprocessing
import os
import random
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from .. import autoencoder, checkpoint
from ..config import Config
from ..networks import Autoencoder, decode, encode, last
from ..pictures import MOMENTS_S
from ..visuals import FAMILIES, PALETTES, render, sample_factors, sample_scene

SIDE = 128
"""Pixels a side of what the judge sees."""
SCENES, EACH = 2, 4
"""A shard holds so many scenes of every family, and so many pictures of each scene."""
DECODED_EVERY = 4
"""One shard in so many is rendered at the model's size and kept twice: clean, and decoded from its latents."""
LEARNT, HELD_OUT = 25_000, 1_500
"""Pictures, at least."""


def shrink(pictures: Tensor) -> Tensor:
    """Pictures (N, 3, H, W) of any size averaged over areas to (N, 3, SIDE, SIDE)."""
    return F.interpolate(pictures, (SIDE, SIDE), mode="area")


def restored(vae: Autoencoder, pictures: Tensor, config: Config) -> Tensor:
    """Pictures (N, 3, H, W) in [0, 1], encoded and decoded again."""
    parts = []
    for part in pictures.split(8):
        with torch.no_grad(), checkpoint.autocast(config):
            batch = part.mul(2).sub(1).contiguous(memory_format=torch.channels_last)
            parts.append(decode(vae, encode(vae, batch)).float().add(1).div(2).clamp(0, 1))
    return torch.cat(parts)


@functools.cache
def _autoencoder(config: Config) -> Autoencoder:
    """The run's own; in a run that has none, as where only the judge is made, the one that ships."""
    folder = Path(config.run.folder)
    own = (folder / autoencoder.FILE).exists()
    return last(autoencoder.restore(config, folder) if own else autoencoder.shipped(config))


def _bytes(pictures: Tensor) -> Tensor:
    return pictures.clamp(0, 1).mul(255).round().byte()


@torch.no_grad()
def render_shard(config: Config, name: str, number: int, decoded: bool) -> dict[str, Any]:
    """One shard: ``clean`` and ``decoded`` (N, 3, SIDE, SIDE) uint8, the latter empty unless asked for; what they show."""
    rng = random.Random(f"judge-{config.run.seed}-{name}-{number}")
    side = config.model.size if decoded else SIDE
    clean, back, families, palettes = [], [], [], []
    for at, family in enumerate(FAMILIES):
        for _ in range(SCENES):
            scene = sample_scene(EACH, rng, family)
            moments = torch.tensor([rng.uniform(0, MOMENTS_S) for _ in range(EACH)])
            pictures = render(scene, moments, sample_factors(EACH, rng), size=(side, side))
            clean.append(_bytes(shrink(pictures)))
            if decoded:
                back.append(_bytes(shrink(restored(_autoencoder(config), pictures, config))))
            families += [at] * EACH
            palettes.append(scene.palettes)
    return {
        "clean": torch.cat(clean),
        "decoded": torch.cat(back) if back else torch.empty(0, 3, SIDE, SIDE, dtype=torch.uint8),
        "family": torch.tensor(families),
        "palette": torch.cat(palettes),
        "families": list(FAMILIES),
        "palettes": list(PALETTES),
    }


def _write(config: Config, path: Path, number: int, decoded: bool) -> int:
    """A worker's job; returns how many pictures it kept."""
    torch.set_num_threads(1)
    name = path.stem.split("-")[0]
    shard = render_shard(config, name, number, decoded)
    checkpoint.save(path, **shard)
    return len(shard["clean"]) + len(shard["decoded"])


def _jobs(folder: Path, learnt: int, held_out: int) -> list[tuple[Path, int, bool]]:
    """Every shard that belongs to the pool: its file, its number, whether it is decoded too."""
    a_shard = len(FAMILIES) * SCENES * EACH
    jobs = [(folder / f"held-{number:03d}.pt", number, True) for number in range(-(-held_out // a_shard))]
    kept, number = 0, 0
    while kept < learnt:
        decoded = number % DECODED_EVERY == 0
        jobs.append((folder / f"pool-{number:03d}.pt", number, decoded))
        kept, number = kept + a_shard * (1 + decoded), number + 1
    return jobs


def fill(config: Config, workers: int = 0, learnt: int = LEARNT, held_out: int = HELD_OUT) -> Path:
    """Render what is missing of the pool, in ``workers`` processes (0: one a core); the folder of its shards."""
    folder = Path(config.run.folder) / "judge"
    folder.mkdir(parents=True, exist_ok=True)
    config = dataclasses.replace(config, run=dataclasses.replace(config.run, device="cpu"))
    waiting = [job for job in _jobs(folder, learnt, held_out) if not job[0].exists()]
    if not waiting:
        return folder
    start, done = time.monotonic(), 0
    # Forking a process whose torch has started threads may hang.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers or os.cpu_count() or 1, mp_context=spawn) as executor:
        for kept in executor.map(_write, [config] * len(waiting), *zip(*waiting, strict=True)):
            done += 1
            left = (time.monotonic() - start) / done * (len(waiting) - done) / 60
            print(f"[judge] {done}/{len(waiting)} shards of {kept} pictures  left {left:.1f} min", flush=True)
    return folder


def shards(folder: Path, name: str) -> list[dict[str, Any]]:
    """The shards called ``name`` ("pool" or "held"), as ``render_shard`` made them.

    Raises FileNotFoundError where there is none, ValueError if the generator has other families or palettes now.
    """
    parts = [checkpoint.load(path) for path in sorted(folder.glob(f"{name}-*.pt"))]
    if not parts:
        raise FileNotFoundError(f"{folder} holds no {name} shards: run the stage 'judge' first")
    if any(part["families"] != list(FAMILIES) or part["palettes"] != list(PALETTES) for part in parts):
        raise ValueError(f"{folder} was rendered with other families or palettes: delete it")
    return parts


def held_out(folder: Path) -> dict[str, Tensor]:
    """The held-out pictures: ``clean`` and ``decoded`` (N, 3, SIDE, SIDE) uint8, ``family`` and ``palette`` (N,)."""
    parts = shards(folder, "held")
    return {key: torch.cat([part[key] for part in parts]) for key in ("clean", "decoded", "family", "palette")}
