"""Latents for training: the rendered pictures of a run, encoded once by its autoencoder."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from . import autoencoder, checkpoint
from .config import Config
from .networks import encode, last
from .pictures import shards, to_model
from .visuals import FAMILIES

ENCODED = 8
"""Pictures encoded at once: more only fills memory."""


@torch.no_grad()
def run(config: Config) -> None:
    """Encode every rendered shard, and its mirror image, with the frozen encoder into ``latents/``.

    Shards already encoded are kept.
    """
    folder = checkpoint.prepare(config)
    vae = last(autoencoder.restore(config, folder))
    out = folder / "latents"
    out.mkdir(exist_ok=True)
    waiting = [path for path in shards(folder) if not (out / f"{path.stem}.pt").exists()]
    for number, path in enumerate(waiting):
        start = time.monotonic()
        facts = torch.load(path.with_suffix(".pt"), weights_only=True)
        # What another run rendered may hold more than this one learns.
        wanted = [place for place, fact in enumerate(facts) if fact["family"] in (config.cache.families or FAMILIES)]
        pictures = torch.from_numpy(np.load(path)[wanted])
        latents: tuple[list[Tensor], list[Tensor]] = ([], [])
        for group in pictures:
            for side, kept in zip((group, group.flip(-1)), latents, strict=True):
                parts = []
                for part in side.split(ENCODED):
                    with checkpoint.autocast(config):
                        batch = to_model(part).to(config.run.device).contiguous(memory_format=torch.channels_last)
                        parts.append(encode(vae, batch).half().cpu())
                kept.append(torch.cat(parts))
        checkpoint.save(
            out / f"{path.stem}.pt",
            latents=torch.stack(latents[0]),
            mirrored=torch.stack(latents[1]),
            facts=[facts[place] for place in wanted],
        )
        speed = pictures.shape[0] * pictures.shape[1] / (time.monotonic() - start)
        print(f"[cache] {number + 1}/{len(waiting)} shards, {speed:.0f} pictures/s", flush=True)


@dataclass
class Latents:
    """Cached groups of one size, each also mirrored.

    latents (G, 2, N, 4, h, w) half: [frames, previous frames]; factors (G, 2, N, 7).

    seconds: by group, the family layered behind the first; "" where there is none.
    """

    latents: Tensor
    factors: Tensor
    palettes: Tensor
    families: list[str]
    seconds: list[str]

    @classmethod
    def load(cls, folder: Path, size: int) -> Latents:
        """Read every latent shard of a run made from pictures of ``size`` pixels; FileNotFoundError when there is none."""
        latents, factors, palettes, families, seconds = [], [], [], [], []
        for path in sorted((folder / "latents").glob(f"{size}-*.pt")):
            shard = checkpoint.load(path)
            for side in ("latents", "mirrored"):
                latents.append(shard[side].unflatten(1, (2, -1)))
            for facts in 2 * shard["facts"]:
                families.append(facts["family"])
                seconds.append(facts.get("second", ""))
                palettes.append(facts["palettes"])
                factors.append(facts["factors"].unflatten(0, (2, -1)))
        if not families:
            where = folder / "latents"
            raise FileNotFoundError(f"{where} holds nothing of {size} px: run the stages 'pictures' and 'cache' first")
        return cls(torch.cat(latents), torch.stack(factors), torch.stack(palettes), families, seconds)
