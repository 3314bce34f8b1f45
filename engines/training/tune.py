"""Post-training on the network's own rollouts, from noise and along running streams.

Flow matching alone answers with a mean of all that is possible, which few steps cannot turn into one sharp picture. Here
the network paints as the show does, and one step of each rollout is judged: by heads on the frozen critic's features that
tell painted from rendered latents (Sauer et al. 2023, "Adversarial diffusion distillation", and 2021, "Projected GANs"),
and by the critic itself, which should find the family, the palette and the sound factors that were asked for. Flow
matching goes on beside it, so that more steps still help.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from diffusers.models.attention_processor import AttnProcessor
from torch import Tensor, nn
from torch.nn import functional as F

from engines.call import power

from . import checkpoint, critic, feedback, muon
from .config import Config
from .networks import build_unet, last
from .unet import Batch, Prompts, Sampler, predict, sampler

LEVELS = (0.35, 0.8)  # how far a stream's frame is re-noised
RESET = 0.04  # share of a streaming batch that is given a new prompt
HEAD_WIDTH = 64


class Heads(nn.Module):
    """One head a map of the critic, and one on the latents themselves: how rendered they look under a prompt's labels.

    Called with the maps and latents, and labels (N,) of family and palette; one score (N, P) of P places.
    """

    def __init__(self, families: int, palettes: int) -> None:
        super().__init__()
        widths = critic.WIDTHS
        self.trunks = nn.ModuleList(
            nn.Sequential(
                nn.GroupNorm(16, width), nn.Conv2d(width, HEAD_WIDTH, 3, padding=1), nn.SiLU(),
                nn.Conv2d(HEAD_WIDTH, HEAD_WIDTH, 3, padding=1), nn.SiLU(),
            )
            for width in widths
        )  # fmt: skip
        self.trunks.append(
            nn.Sequential(
                nn.Conv2d(4, HEAD_WIDTH, 4, 2, 1), nn.SiLU(), nn.Conv2d(HEAD_WIDTH, HEAD_WIDTH, 4, 2, 1), nn.SiLU()
            )
        )
        self.plain = nn.ModuleList(nn.Conv2d(HEAD_WIDTH, 1, 1) for _ in self.trunks)
        self.family = nn.Embedding(families, HEAD_WIDTH * len(self.trunks))
        self.palette = nn.Embedding(palettes, HEAD_WIDTH * len(self.trunks))

    def forward(self, maps: list[Tensor], family: Tensor, palette: Tensor) -> Tensor:
        asked = (self.family(family) + self.palette(palette)).chunk(len(self.trunks), 1)
        scores = []
        for x, trunk, plain, label in zip(maps, self.trunks, self.plain, asked, strict=True):
            inner = trunk(x)
            matched = (inner * label[:, :, None, None]).sum(1, keepdim=True) / HEAD_WIDTH**0.5
            scores.append((plain(inner) + matched).flatten(1).float())
        return torch.cat(scores, 1)


@dataclass
class Asked:
    """What rows of a rollout were asked for. states (B, 24, W), factors (B, 7), family and palette (B,) long."""

    states: Tensor
    factors: Tensor
    family: Tensor
    palette: Tensor

    def put(self, rows: Tensor, other: Asked) -> None:
        """Replace rows by those of ``other``."""
        for name in ("states", "factors", "family", "palette"):
            getattr(self, name)[rows] = getattr(other, name)

    def take(self, rows: Tensor) -> Asked:
        """A copy of some rows."""
        return Asked(self.states[rows], self.factors[rows], self.family[rows], self.palette[rows])


class Tuner:
    """The losses of one step; holds the running streams."""

    def __init__(self, config: Config, network: Any, prompts: Prompts, draw: Sampler, reader: critic.CriticNetwork,
                 families: list[str]) -> None:  # fmt: skip
        self.config, self.network, self.prompts, self.draw = config, network, prompts, draw
        self.reader, self.names = reader, families
        settings, device = config.tune, config.run.device
        self.heads = last(Heads(reader.sizes[0], reader.sizes[1]).to(device))
        self.asked, batch = self.ask(settings.streams)
        # The streams begin at rendered pictures; resets replace them by the network's own.
        self.shown = batch.clean.clone()
        self.noise = torch.randn_like(self.shown)

    def ask(self, count: int) -> tuple[Asked, Batch]:
        """New prompts, and rendered pictures that answer them."""
        batch = self.draw(count, self.config.run.device)
        states = torch.cat([self.prompts(batch.captions[at : at + 96]) for at in range(0, count, 96)])
        family = torch.tensor([self.names.index(name) for name in batch.families], device=states.device)
        return Asked(states, batch.factors, family, batch.palettes), batch

    def _step(self, noised: Tensor, time: Tensor, asked: Asked) -> Tensor:
        strength = torch.full_like(time, self.config.unet.guidance)
        with checkpoint.autocast(self.config):
            return predict(self.network, noised, time, asked.states, asked.factors, strength).float()

    def rollout(self, noised: Tensor, level: Tensor, steps: int, asked: Asked) -> tuple[Tensor, Tensor]:
        """The clean guess of one step at random, with its gradient, and where the rollout ends, without."""
        chosen = int(torch.randint(steps, ()))
        judged = noised
        for number in range(steps):
            time, following = (level * (1 - at / steps) for at in (number, number + 1))
            with torch.set_grad_enabled(number == chosen):
                found = self._step(noised, time, asked)
                if number == chosen:
                    judged = noised - time[:, None, None, None] * found
            noised = noised - (time - following)[:, None, None, None] * found.detach()
        return judged, noised

    def begin(self, count: int) -> tuple[Tensor, Asked]:
        """A cold batch, which takes the place of running streams."""
        rows = torch.randperm(len(self.shown), device=self.shown.device)[:count]
        asked, _ = self.ask(count)
        noise = torch.randn_like(self.shown[rows])
        judged, end = self.rollout(noise, noise.new_ones(count), self.config.tune.cold_steps, asked)
        self.asked.put(rows, asked)
        self.shown[rows], self.noise[rows] = end, noise
        return judged, asked

    def go_on(self, count: int) -> tuple[Tensor, Asked]:
        """The next frame of some running streams, a few of them under a new prompt, all under a little other sound."""
        rows = torch.randperm(len(self.shown), device=self.shown.device)[:count]
        fresh = rows[: max(1, round(count * RESET))]
        self.asked.put(fresh, self.ask(len(fresh))[0])
        self.asked.factors[rows] = (self.asked.factors[rows] + 0.15 * torch.randn(count, 7, device=rows.device)).clamp(0, 1)
        asked = self.asked.take(rows)
        noise = feedback.walk(self.noise[rows])
        level = torch.empty(count, device=rows.device).uniform_(*LEVELS)
        level[: len(fresh)] = level[: len(fresh)].clamp(min=0.6)
        held = self.shown[rows]
        noised = feedback.noise_to(feedback.degrade(held), noise, level)
        judged, end = self.rollout(noised, level, self.config.tune.steps, asked)
        self.shown[rows], self.noise[rows] = end, noise
        return judged, asked

    def _scores(self, latents: Tensor, family: Tensor, palette: Tensor) -> tuple[Tensor, list[Tensor]]:
        with checkpoint.autocast(self.config):
            seen = critic.disturbed(latents)
            maps = self.reader.features(seen)
            return self.heads([*maps, seen], family, palette), maps

    def losses(self) -> tuple[Tensor, Tensor, dict[str, float]]:
        """The network's loss and the heads' loss of one step, and figures for the log."""
        settings = self.config.tune
        cold = float(torch.rand(())) < settings.cold
        judged, asked = (self.begin if cold else self.go_on)(settings.batch)
        real, batch = self.ask(settings.batch)
        scores, maps = self._scores(judged, asked.family, asked.palette)
        family, palette, factors = self.reader.answers(maps)
        named = F.cross_entropy(family, asked.family) + F.cross_entropy(palette, asked.palette)
        followed = F.mse_loss(factors.sigmoid(), asked.factors)
        fooled = F.softplus(-scores).mean()
        time = torch.rand_like(asked.factors[:, 0]).clamp(0.02, 1)
        noise = torch.randn_like(batch.clean)
        noised = feedback.noise_to(batch.clean, noise, time)
        with checkpoint.autocast(self.config):
            found = predict(self.network, noised, time, real.states, real.factors, torch.zeros_like(time)).float()
        flow = ((found - (noise - batch.clean)).square().mean((1, 2, 3)) * power(time)).mean()
        painter = (
            settings.adversarial * fooled + settings.names * named + settings.factors * followed + settings.flow * flow
        )
        painted = self._scores(judged.detach(), asked.family, asked.palette)[0]
        rendered = self._scores(batch.clean, real.family, real.palette)[0]
        turn = torch.randperm(settings.batch, device=rendered.device)
        wrong = self._scores(batch.clean, real.family[turn], real.palette[turn])[0]
        told = F.softplus(-rendered).mean() + F.softplus(painted).mean() + 0.5 * F.softplus(wrong).mean()
        figures = {
            "fooled": float(fooled.detach()), "told": float(told.detach()), "flow": float(flow.detach()),
            "family": float((family.argmax(1) == asked.family).float().mean()),
            "palette": float((palette.argmax(1) == asked.palette).float().mean()),
            "factors": float(followed.detach()), "spread": float(judged.detach().std()),
        }  # fmt: skip
        return painter, told, figures


def run(config: Config, minutes: float | None = None, steps: int | None = None, resume: bool = False) -> None:
    """Tune the averaged network of ``unet.pt`` for this call's ``minutes`` or the configuration's; keeps ``tune.pt``."""
    folder, settings, device = checkpoint.prepare(config), config.tune, config.run.device
    path = folder / "tune.pt"
    unet = last(build_unet(config.model).to(device))
    unet.set_attn_processor(AttnProcessor())
    unet.load_state_dict(checkpoint.load(folder / "unet.pt", device)["average"])
    reader, families = critic.restore(folder, device)
    average = checkpoint.Average(unet, settings.ema)
    learning = muon.optimizers(unet, settings.rate, 0.0)
    step, spent = 0, 0.0
    draw = sampler(config, folder, config.run.seed)
    network: Any = torch.compile(unet, dynamic=False) if config.unet.compiled else unet
    tuner = Tuner(config, network, Prompts(config, folder), draw, reader, families)
    telling = torch.optim.AdamW(tuner.heads.parameters(), lr=settings.critic_rate, betas=(0.0, 0.99), weight_decay=0.01)
    if resume and path.exists():
        kept = checkpoint.load(path, device)
        unet.load_state_dict(kept["model"])
        tuner.heads.load_state_dict(kept["heads"])
        average.state, average.count = kept["average"], kept["step"]
        step, spent = kept["step"], kept["minutes"]
        for optimizer, state in zip([*learning, telling], kept["optimizers"], strict=True):
            optimizer.load_state_dict(state)
    log, clock = checkpoint.Log(folder, "tune"), checkpoint.Clock(min(minutes or 1e9, settings.minutes - spent), steps)

    def keep() -> None:
        checkpoint.save(path, model=unet.state_dict(), average=average.state, heads=tuner.heads.state_dict(), step=step,
                        optimizers=[optimizer.state_dict() for optimizer in (*learning, telling)],
                        minutes=spent + clock.seconds / 60)  # fmt: skip

    sums: dict[str, float] = {}
    saved = clock.seconds
    for tick in clock.ticks():
        trained = spent + clock.seconds / 60
        progress = clock.progress if steps else trained / settings.minutes
        painter, told, figures = tuner.losses()
        factor = checkpoint.rate(step, 100, progress, 0.3)
        checkpoint.descend(painter, learning, settings.rate * factor)
        reader.zero_grad(set_to_none=True)
        checkpoint.descend(told, [telling], settings.critic_rate * factor)
        average.update(unet)
        step += 1
        sums = {name: sums.get(name, 0.0) + value for name, value in figures.items()}
        if (tick + 1) % config.run.log_every == 0:
            log.row(clock, minutes=trained, step=step,
                    **{name: value / config.run.log_every for name, value in sums.items()})  # fmt: skip
            sums = {}
        if clock.seconds - saved > config.run.checkpoint_minutes * 60:
            keep()
            saved = clock.seconds
    keep()
