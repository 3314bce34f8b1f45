"""Training of the judge: classification of its own pictures, moved, softened and disturbed as streams' pictures are."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from .. import checkpoint
from ..config import Config
from ..networks import last, parameters
from ..visuals import FAMILIES, PALETTES
from . import pool
from .judge import FILE, Judge, JudgeNetwork


def augment(pictures: Tensor) -> Tensor:
    """Pictures (N, 3, H, W) in [0, 1], in no order, turned, zoomed and shifted; parts softened, noisy, lit otherwise."""
    count, device = len(pictures), pictures.device

    def draw(low: float, high: float, *shape: int) -> Tensor:
        return torch.empty(*(shape or (count,)), device=device).uniform_(low, high)

    turn, scale = draw(-0.2, 0.2), draw(0.85, 1.15)
    mirror = draw(-1, 1).sign()
    cos, sin = scale * turn.cos(), scale * turn.sin()
    across, down = [mirror * cos, -sin, draw(-0.12, 0.12)], [mirror * sin, cos, draw(-0.12, 0.12)]
    matrix = torch.stack([torch.stack(across, -1), torch.stack(down, -1)], 1)
    grid = F.affine_grid(matrix, list(pictures.shape), align_corners=False)
    out = F.grid_sample(pictures, grid, padding_mode="reflection", align_corners=False)
    # Parts that overlap: some pictures are softened, some noisy, some both.
    soft, noisy, lit = out[: count * 2 // 5], out[count // 5 : count // 2], out[count * 2 // 5 : count * 9 // 10]
    blurred = F.avg_pool2d(soft, 3, 1, 1, count_include_pad=False)
    soft += draw(0, 1.5, len(soft), 1, 1, 1) * (blurred - soft)
    noisy += draw(0, 0.06, len(noisy), 1, 1, 1) * torch.randn_like(noisy)
    lit *= draw(0.75, 1.25, len(lit), 1, 1, 1)
    return out.clamp_(0, 1)


def accuracy(judge: Judge, held: dict[str, Tensor]) -> dict[str, float]:
    """Shares of held-out pictures whose family and palette the judge tells, clean and decoded by the autoencoder."""
    figures = {}
    for kind in ("clean", "decoded"):
        readings = judge.read(held[kind])
        figures[f"{kind}_family"] = float((readings.families.argmax(1) == held["family"].numpy()).mean())
        figures[f"{kind}_palette"] = float((readings.palettes.argmax(1) == held["palette"].numpy()).mean())
    return figures


def _learnt(folder: Path) -> tuple[Tensor, Tensor, Tensor]:
    """Pictures (N, 3, S, S) uint8, their families and palettes; a decoded picture stands beside its clean one."""
    shards = pool.shards(folder, "pool")
    pictures = torch.cat([part for shard in shards for part in (shard["clean"], shard["decoded"])])
    families, palettes = (
        torch.cat([shard[key] for shard in shards for kind in ("clean", "decoded") if len(shard[kind])])
        for key in ("family", "palette")
    )
    return pictures, families, palettes


def train(config: Config, minutes: float | None = None, steps: int | None = None, resume: bool = False) -> dict[str, float]:
    """Fill the pool, learn for ``minutes``, keep ``judge.pt``; returns the held-out accuracies.

    A pool partly rendered is completed in any case; ``resume`` goes on from the weights that are there.
    """
    folder, settings, device = checkpoint.prepare(config), config.judge, config.run.device
    rendered = pool.fill(config)
    pictures, families, palettes = _learnt(rendered)
    held = pool.held_out(rendered)
    network = last(JudgeNetwork(len(FAMILIES), len(PALETTES)).to(device))
    average = checkpoint.Average(network, settings.ema)
    step, path = 0, folder / FILE
    if resume and path.exists():
        kept = checkpoint.load(path, device)
        network.load_state_dict(kept["model"])
        average.state, average.count, step = kept["average"], kept["step"], kept["step"]
    optimizer = torch.optim.AdamW(network.parameters(), settings.rate, weight_decay=settings.weight_decay)
    log, clock = checkpoint.Log(folder, "judge"), checkpoint.Clock(minutes or settings.minutes, steps)
    print(f"[judge] {parameters(network):.2f} M parameters, {len(pictures)} pictures", flush=True)
    order, saved = torch.empty(0, dtype=torch.long), clock.seconds

    def keep() -> dict[str, float]:
        shown = JudgeNetwork(len(FAMILIES), len(PALETTES))
        shown.load_state_dict(average.state)
        figures = accuracy(Judge(shown), held)
        checkpoint.save(
            path, model=network.state_dict(), average=average.state, step=step, families=list(FAMILIES),
            palettes=list(PALETTES), held_out=figures,
        )  # fmt: skip
        return figures

    for tick in clock.ticks():
        if len(order) < settings.batch:
            order = torch.randperm(len(pictures))
        rows, order = order[: settings.batch], order[settings.batch :]
        batch = augment(pictures[rows].to(device).float().div(255))
        with checkpoint.autocast(config):
            _, family, palette = network(batch)
        truth = families[rows].to(device), palettes[rows].to(device)
        loss = F.cross_entropy(family.float(), truth[0]) + F.cross_entropy(palette.float(), truth[1])
        rise = min(1.0, (tick + 1) / settings.warmup)
        falling = 0.5 + 0.5 * math.cos(math.pi * clock.progress)
        checkpoint.descend(loss, [optimizer], settings.rate * rise * falling)
        average.update(network)
        step += 1
        if tick % 50 == 0:
            right = [
                float((said.argmax(1) == true).float().mean()) for said, true in zip((family, palette), truth, strict=True)
            ]
            log.row(clock, step=step, loss=float(loss.detach()), family=right[0], palette=right[1])
        if clock.seconds - saved > 60 * config.run.checkpoint_minutes:
            keep()
            saved = clock.seconds
    figures = keep()
    count = len(held["family"])
    print(f"[judge] of {count} held-out pictures: " + ", ".join(f"{k} {v:.2%}" for k, v in figures.items()), flush=True)
    return figures
