"""Pictures rendered once to disk, then latents: groups of one scene at different moments, palettes and factors.

A group holds ``group_size`` pictures of one scene, two a moment, and for each its previous frame, a little earlier under
nearby factors. The two of one moment share structure and time but neither palette nor factors: each is "what the stream
held before the colour or the sound changed" for the other.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from . import checkpoint
from .config import Config
from .networks import encode, last

STEP_S = (0.03, 0.10)
MOMENTS_S = 60.0


@torch.no_grad()
def render_group(size: int, count: int, rng: random.Random, family: str | None = None) -> dict[str, object]:
    """One group: ``pictures`` (2·count, 3, S, S) uint8 with the previous frames in the second half, and its facts."""
    from .visuals import render, sample_factors, sample_scene

    scene = sample_scene(count, rng, family)
    factors = torch.as_tensor(sample_factors(count, rng), dtype=torch.float32)
    moment = torch.tensor([rng.uniform(0, MOMENTS_S) for _ in range(count // 2)]).repeat_interleave(2)
    earlier = moment - torch.tensor([rng.uniform(*STEP_S) for _ in range(count)])
    drift = torch.tensor([[rng.gauss(0, 0.08) for _ in range(factors.shape[1])] for _ in range(count)])
    before = (factors + drift).clamp(0, 1)
    pictures = torch.cat(
        [render(scene, moment, factors, size=(size, size)), render(scene, earlier, before, size=(size, size))]
    )
    return {
        "pictures": (pictures.clamp(0, 1) * 255).round().byte(),
        "family": scene.family,
        "palettes": scene.palettes.clone(),
        "factors": torch.cat([factors, before]),
    }


def render_pictures(config: Config, worker: int = 0, minutes: float | None = None) -> None:
    """Write shards of pictures into the run folder until the configured number of groups is there or time is up.

    Several workers may run at once, each with its own number; a stopped worker goes on after its last shard.
    """
    from .visuals import FAMILIES

    torch.set_num_threads(1)
    settings, model = config.cache, config.model
    folder = Path(config.run.folder) / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + (minutes or 1e9) * 60
    number = len(list(folder.glob(f"{worker}-*.npy")))
    families = list(FAMILIES)
    while time.monotonic() < end and groups_on_disk(folder, settings.shard_groups) < settings.groups:
        start = time.monotonic()
        rng = random.Random(f"{config.run.seed}-{worker}-{number}")
        shard = []
        for place in range(settings.shard_groups):
            if place % len(families) == 0:
                rng.shuffle(families)
            shard.append(render_group(model.size, settings.group_size, rng, families[place % len(families)]))
        facts = [{key: value for key, value in group.items() if key != "pictures"} for group in shard]
        pictures = np.stack([group["pictures"].numpy() for group in shard])  # type: ignore[attr-defined]
        path = folder / f"{worker}-{number:04d}"
        torch.save(facts, path.with_suffix(".pt"))
        with path.with_suffix(".part").open("wb") as file:
            np.save(file, pictures)
        path.with_suffix(".part").replace(path.with_suffix(".npy"))
        number += 1
        speed = pictures.shape[0] * pictures.shape[1] / (time.monotonic() - start)
        print(f"[pictures] worker {worker} shard {number}, {speed:.0f} pictures/s", flush=True)


def groups_on_disk(folder: Path, shard_groups: int) -> int:
    """How many groups have been rendered so far."""
    return len(list(folder.glob("*.npy"))) * shard_groups


def shards(folder: Path) -> list[Path]:
    """Finished shards, in order of name."""
    return sorted((folder / "pictures").glob("*.npy"))


def to_model(pictures: Tensor) -> Tensor:
    """uint8 pictures to float in [−1, 1]."""
    return pictures.float().div(127.5).sub(1)


@torch.no_grad()
def run(config: Config) -> None:
    """Encode every rendered shard with the frozen encoder into ``latents/``; shards already encoded are kept."""
    from . import autoencoder

    folder = checkpoint.prepare(config)
    vae = last(autoencoder.restore(config, folder))
    out = folder / "latents"
    out.mkdir(exist_ok=True)
    waiting = [path for path in shards(folder) if not (out / f"{path.stem}.pt").exists()]
    for number, path in enumerate(waiting):
        start = time.monotonic()
        pictures = torch.from_numpy(np.load(path))
        latents = []
        for group in pictures:
            with checkpoint.autocast(config):
                batch = to_model(group).to(config.run.device).contiguous(memory_format=torch.channels_last)
                latents.append(encode(vae, batch).half().cpu())
        checkpoint.save(
            out / f"{path.stem}.pt",
            latents=torch.stack(latents),
            facts=torch.load(path.with_suffix(".pt"), weights_only=True),
        )
        speed = pictures.shape[0] * pictures.shape[1] / (time.monotonic() - start)
        print(f"[cache] {number + 1}/{len(waiting)} shards, {speed:.0f} pictures/s", flush=True)


@dataclass
class Latents:
    """All cached groups. latents (G, 2, N, 4, h, w) half: [frames, previous frames]; factors (G, 2, N, 7)."""

    latents: Tensor
    factors: Tensor
    palettes: Tensor
    families: list[str]

    @classmethod
    def load(cls, folder: Path) -> Latents:
        """Read every latent shard of a run; FileNotFoundError when there is none."""
        latents, factors, palettes, families = [], [], [], []
        for path in sorted((folder / "latents").glob("*.pt")):
            shard = checkpoint.load(path)
            latents.append(shard["latents"].unflatten(1, (2, -1)))
            for facts in shard["facts"]:
                families.append(facts["family"])
                palettes.append(facts["palettes"])
                factors.append(facts["factors"].unflatten(0, (2, -1)))
        if not families:
            raise FileNotFoundError(f"{folder / 'latents'} holds nothing: run the stages 'pictures' and 'cache' first")
        return cls(torch.cat(latents), torch.stack(factors), torch.stack(palettes), families)
