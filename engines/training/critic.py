"""The critic: it reads latents for the UNet's training, and shares nothing with the judge that measures the model.

It learns to tell a picture's family, palette and sound factors from its latents and is then frozen: its answers and inner
features are a loss, on clean guesses (``perception``) and along the network's own streams (``rollouts``).
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engines.call import together

from . import checkpoint, muon
from .cache import Latents
from .config import Config
from .networks import last, parameters

WIDTHS = (96, 160, 224)
PATCH = 2

Answers = tuple[Tensor, Tensor, Tensor]
"""Logits of families (N, ·), of palettes (N, ·), and of factors (N, F)."""


class _Block(nn.Module):
    """Two normalised convolutions beside a short cut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = (nn.Conv2d(width, width, 3, padding=1) for _ in range(2))
        self.norms = nn.ModuleList(nn.GroupNorm(16, width) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        inner = self.first(F.silu(self.norms[0](x)))
        out: Tensor = x + self.second(F.silu(self.norms[1](inner)))
        return out


class CriticNetwork(nn.Module):
    """Latents (N, 4, h, w) → family logits (N, families), palette logits (N, palettes), factors (N, F) as logits."""

    def __init__(self, families: int, palettes: int, factors: int) -> None:
        super().__init__()
        self.stem = nn.Conv2d(4 * PATCH**2, WIDTHS[0], 3, padding=1)
        self.levels = nn.ModuleList(nn.Sequential(_Block(width), _Block(width)) for width in WIDTHS)
        self.downs = nn.ModuleList(
            nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in pairwise(WIDTHS)
        )
        self.norm = nn.LayerNorm(2 * sum(WIDTHS))
        self.sizes = (families, palettes, factors)
        self.answer = nn.Linear(2 * sum(WIDTHS), sum(self.sizes))

    def features(self, latents: Tensor) -> list[Tensor]:
        """One map a level, at 1/2, 1/4 and 1/8 of the latents' side."""
        x = self.stem(together(latents, PATCH).contiguous(memory_format=torch.channels_last))
        maps = []
        for number, level in enumerate(self.levels):
            x = level(x)
            maps.append(x)
            if number < len(self.downs):
                x = self.downs[number](x)
        return maps

    def answers(self, maps: list[Tensor]) -> Answers:
        """What the maps of ``features`` say."""
        pooled = [part for x in maps for part in (x.mean((2, 3)), x.amax((2, 3)))]
        family, palette, factors = self.answer(self.norm(torch.cat(pooled, 1).float())).split(self.sizes, 1)
        return family, palette, factors

    def forward(self, latents: Tensor) -> Answers:
        return self.answers(self.features(latents))


def disturbed(latents: Tensor, noise: float = 0.4, alike: int = 1) -> Tensor:
    """Latents (N, 4, h, w), together shifted by up to two cells, and noisy by up to ``noise``, each by its own draw.

    What is fooled by one exact picture is not fooled by all its neighbours. alike: N is so many batches, disturbed alike.
    """
    count, device = len(latents) // alike, latents.device
    shift = torch.randint(-2, 3, (2,)).tolist()
    moved = F.pad(latents, (2, 2, 2, 2), mode="reflect")
    height, width = latents.shape[2:]
    moved = moved[..., 2 + shift[0] : 2 + shift[0] + height, 2 + shift[1] : 2 + shift[1] + width]
    added = noise * torch.rand(count, 1, 1, 1, device=device) * torch.randn(count, *latents.shape[1:], device=device)
    return moved + added.repeat(alike, 1, 1, 1)


def missed(said: Answers, family: Tensor, palette: Tensor, factors: Tensor) -> tuple[Tensor, Tensor]:
    """How far answers are from what is right, by row: cross-entropies of both names (N,), squared error of factors (N,).

    family, palette (N,) long; factors (N, F) in 0–1.
    """
    names = F.cross_entropy(said[0].float(), family, reduction="none")
    names = names + F.cross_entropy(said[1].float(), palette, reduction="none")
    return names, (said[2].float().sigmoid() - factors).square().mean(1)


def told(said: Answers, family: Tensor, palette: Tensor) -> tuple[Tensor, Tensor]:
    """The shares of families and of palettes that answers have right; family, palette (N,) long."""
    return (said[0].argmax(1) == family).float().mean(), (said[1].argmax(1) == palette).float().mean()


def _draw(data: Latents, families: Tensor, count: int, start: int, device: str) -> tuple[Tensor, ...]:
    """``count`` latents of the groups from ``start`` on, with families, palettes and factors."""
    groups, _, rows = data.latents.shape[:3]
    group = torch.randint(start, groups, (count,))
    half, row = torch.randint(2, (count,)), torch.randint(rows, (count,))
    found = (
        data.latents[group, half, row].float(), families[group], data.palettes[group, row], data.factors[group, half, row]
    )  # fmt: skip
    return tuple(part.to(device) for part in found)


def _loss(network: CriticNetwork, drawn: tuple[Tensor, ...]) -> tuple[Tensor, Tensor, Tensor]:
    """The loss, and shares of families and palettes told."""
    latents, family, palette, factors = drawn
    said = network(disturbed(latents))
    names, sound = missed(said, family, palette, factors)
    return (names + 8 * sound).mean(), *told(said, family, palette)


def restore(folder: Path, device: str) -> tuple[CriticNetwork, list[str]]:
    """The critic of a run, and the families it knows, in order.

    Its weights are not marked as frozen, though nobody learns them: torch 2.13's backward pass through a normalisation
    that is frozen in channels-last memory crashes.
    """
    kept = checkpoint.load(folder / "critic.pt")
    network = CriticNetwork(*kept["sizes"])
    network.load_state_dict(kept["average"])
    return last(network.to(device).eval()), list(kept["families"])


HELD_OUT = 40
"""Groups kept from learning, the first ones."""


def run(config: Config, minutes: float | None = None, steps: int | None = None, resume: bool = False) -> None:
    """Train for this call's ``minutes`` or the configuration's; keeps ``critic.pt``."""
    from .visuals import PALETTES

    folder, settings, device = checkpoint.prepare(config), config.critic, config.run.device
    data = Latents.load(folder, config.model.size)
    names = sorted(set(data.families))
    families = torch.tensor([names.index(family) for family in data.families])
    network = last(CriticNetwork(len(names), len(PALETTES), config.model.sound_factors).to(device))
    average = checkpoint.Average(network, settings.ema)
    step = 0
    if resume and (folder / "critic.pt").exists():
        kept = checkpoint.load(folder / "critic.pt", device)
        network.load_state_dict(kept["model"])
        average.state, average.count, step = kept["average"], kept["step"], kept["step"]
    learning = muon.optimizers(network, settings.rate, 0.01)
    log, clock = checkpoint.Log(folder, "critic"), checkpoint.Clock(minutes or settings.minutes, steps)
    print(f"[critic] {parameters(network):.2f} M parameters, {len(names)} families", flush=True)
    start = min(HELD_OUT, len(data.families) // 2)
    shown = last(CriticNetwork(*network.sizes).to(device)).eval()
    held = Latents(data.latents[:start], data.factors[:start], data.palettes[:start], data.families[:start], [])
    for tick in clock.ticks():
        with checkpoint.autocast(config):
            loss, family, palette = _loss(network, _draw(data, families, settings.batch, start, device))
        factor = checkpoint.rate(tick, 50, clock.progress, 0.4)
        checkpoint.descend(loss, learning, settings.rate * factor)
        average.update(network)
        step += 1
        if step % config.run.log_every == 0:
            shown.load_state_dict(average.state)
            with torch.no_grad(), checkpoint.autocast(config):
                seen = _loss(shown, _draw(held, families, 256, 0, device))
            log.row(clock, step=step, loss=float(loss.detach()), family=float(family), palette=float(palette),
                    held_family=float(seen[1]), held_palette=float(seen[2]))  # fmt: skip
    checkpoint.save(folder / "critic.pt", model=network.state_dict(), average=average.state, step=step,
                    sizes=list(network.sizes), families=names)  # fmt: skip
