"""Pictures for training, rendered once to shards of a run folder, named SIZE-WORKER-NUMBER.

A group holds ``group_size`` pictures of one scene, two a moment, and for each its previous frame, a little earlier under
nearby factors. The two of one moment share structure and time but neither palette nor factors: each is "what the stream
held before the colour or the sound changed" for the other.
"""

from __future__ import annotations

import random
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .config import Config

STEP_S = (0.03, 0.10)
MOMENTS_S = 60.0


@torch.no_grad()
def render_group(
    size: int, count: int, rng: random.Random, family: str | None = None, layered: float = 0.0, device: str = "cpu"
) -> dict[str, object]:
    """One group: ``pictures`` (2·count, 3, S, S) uint8 with the previous frames in the second half, and its facts."""
    from .visuals import render, sample_factors, sample_scene

    scene = sample_scene(count, rng, family, layered)
    factors = torch.as_tensor(sample_factors(count, rng), dtype=torch.float32)
    moment = torch.tensor([rng.uniform(0, MOMENTS_S) for _ in range(count // 2)]).repeat_interleave(2)
    earlier = moment - torch.tensor([rng.uniform(*STEP_S) for _ in range(count)])
    drift = torch.tensor([[rng.gauss(0, 0.08) for _ in range(factors.shape[1])] for _ in range(count)])
    before = (factors + drift).clamp(0, 1)
    times = ((moment, factors), (earlier, before))
    pictures = torch.cat([render(scene, when, sound, (size, size), device).cpu() for when, sound in times])
    return {
        "pictures": (pictures.clamp(0, 1) * 255).round().byte(),
        "family": scene.family,
        "second": scene.second or "",
        "palettes": scene.palettes.clone(),
        "factors": torch.cat([factors, before]),
    }


def render_pictures(config: Config, worker: int = 0, minutes: float | None = None) -> None:
    """Write shards of pictures into the run folder until the configured number of groups is there or time is up.

    Several workers may run at once, each with its own number; a stopped worker goes on after its last shard.
    """
    from .visuals import FAMILIES

    torch.set_num_threads(1)
    settings, size, wanted = config.cache, config.model.size, config.cache.groups
    folder = Path(config.run.folder) / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + (minutes or 1e9) * 60
    number = len(list(folder.glob(f"{size}-{worker}-*.npy")))
    families = list(settings.families or FAMILIES)
    # Shards hold few groups, families are many: the order runs on from shard to shard, so that all come equally often.
    place = number * settings.shard_groups
    while time.monotonic() < end and len(shards(folder.parent, size)) * settings.shard_groups < wanted:
        start = time.monotonic()
        rng = random.Random(f"{config.run.seed}-{size}-{worker}-{number}")
        shard = []
        for _ in range(settings.shard_groups):
            lap, at = divmod(place, len(families))
            order = random.Random(f"{config.run.seed}-{size}-{worker}-lap-{lap}").sample(families, len(families))
            shard.append(render_group(size, settings.group_size, rng, order[at], settings.layered, config.run.device))
            place += 1
        facts = [{key: value for key, value in group.items() if key != "pictures"} for group in shard]
        pictures = np.stack([group["pictures"].numpy() for group in shard])  # type: ignore[attr-defined]
        path = folder / f"{size}-{worker}-{number:04d}"
        torch.save(facts, path.with_suffix(".pt"))
        with path.with_suffix(".part").open("wb") as file:
            np.save(file, pictures)
        path.with_suffix(".part").replace(path.with_suffix(".npy"))
        number += 1
        speed = pictures.shape[0] * pictures.shape[1] / (time.monotonic() - start)
        print(f"[pictures] {size} px, worker {worker}, shard {number}, {speed:.0f} pictures/s", flush=True)


def shards(folder: Path, size: int | None = None) -> list[Path]:
    """Finished shards of a run, in order of name; of one size, or of all."""
    return sorted((folder / "pictures").glob(f"{size or '*'}-*-*.npy"))


def to_model(pictures: Tensor) -> Tensor:
    """uint8 pictures to float in [−1, 1]."""
    return pictures.float().div(127.5).sub(1)
