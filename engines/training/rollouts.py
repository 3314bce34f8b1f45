"""The network's own frames, from noise and along running streams, and what the critic finds in them.

Rendered pictures never show a network where its own frames lead: along a stream small faults pile up, and within seconds
the form that was asked for fades. No picture can be the goal there, since none belongs to a frame that the network made
up; but the critic can say whether the family, the palette and the sound factors asked for are still to be seen.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor

from . import checkpoint, critic, feedback
from .config import Config
from .unet import Prompts, Sampler, predict

LEVELS = (0.5, 0.97)  # how far a stream's frame is re-noised
CHANGED = 0.7  # from here on where its prompt is new: below, the old picture decides
STEPS = (2, 3, 4)  # of which every frame takes some
RESET = 0.04  # share of the rows that are given a new prompt
SWAY = 0.15  # deviation of the sound factors from frame to frame


@dataclass
class Asked:
    """What rows of a rollout were asked for. states (B, 24, W), factors (B, 7), family and palette (B,) long."""

    states: Tensor
    factors: Tensor
    family: Tensor
    palette: Tensor

    def put(self, rows: Tensor, other: Asked) -> None:
        """Replace rows by those of ``other``."""
        for entry in fields(self):
            getattr(self, entry.name)[rows] = getattr(other, entry.name)

    def take(self, rows: Tensor) -> Asked:
        """A copy of some rows."""
        return Asked(*(getattr(self, entry.name)[rows] for entry in fields(self)))


class Rollouts:
    """Running streams of every age, and frames from noise that take the place of some."""

    def __init__(self, config: Config, network: Any, prompts: Prompts, draw: Sampler, reader: critic.CriticNetwork,
                 families: list[str]) -> None:  # fmt: skip
        self.config, self.network, self.prompts, self.draw = config, network, prompts, draw
        self.reader, self.names = reader, families
        # The streams begin at rendered pictures; resets and frames from noise replace them by the network's own.
        self.asked, self.shown = self._ask(config.tune.streams)
        self.noise = torch.randn_like(self.shown)
        self.random = random.Random(config.run.seed)

    @torch.no_grad()
    def _ask(self, count: int) -> tuple[Asked, Tensor]:
        """New prompts, and rendered latents (B, 4, h, w) that answer them."""
        batch = self.draw(count, self.config.run.device)
        family = torch.tensor([self.names.index(name) for name in batch.families], device=batch.clean.device)
        return Asked(self.prompts(batch.captions), batch.factors, family, batch.palettes), batch.clean

    def _roll(self, noised: Tensor, level: Tensor, steps: int, asked: Asked) -> tuple[Tensor, Tensor]:
        """The clean guess of one step at random, with its gradient, and where the rollout ends, without."""
        chosen, judged = self.random.randrange(steps), noised
        strength = torch.full_like(level, self.config.unet.guidance)
        for number in range(steps):
            time, following = (level * (1 - at / steps) for at in (number, number + 1))
            with torch.set_grad_enabled(number == chosen), checkpoint.autocast(self.config):
                found = predict(self.network, noised, time, asked.states, asked.factors, strength).float()
                if number == chosen:
                    judged = noised - time[:, None, None, None] * found
            noised = noised - (time - following)[:, None, None, None] * found.detach()
        return judged, noised

    def _begin(self, rows: Tensor) -> tuple[Tensor, Asked]:
        """Frames from noise in place of some streams."""
        asked, _ = self._ask(len(rows))
        noise = torch.randn_like(self.shown[rows])
        judged, end = self._roll(noise, noise.new_ones(len(rows)), max(STEPS), asked)
        self.asked.put(rows, asked)
        self.shown[rows], self.noise[rows] = end, noise
        return judged, asked

    def _go_on(self, rows: Tensor) -> tuple[Tensor, Asked]:
        """The next frame of some streams, a few of them under a new prompt, all under a little other sound."""
        count = len(rows)
        new = rows[: max(1, round(count * RESET))]
        self.asked.put(new, self._ask(len(new))[0])
        swayed = self.asked.factors[rows] + SWAY * torch.randn_like(self.asked.factors[rows])
        self.asked.factors[rows] = swayed.clamp(0, 1)
        asked, noise = self.asked.take(rows), feedback.walk(self.noise[rows])
        level = torch.empty(count, device=rows.device).uniform_(*LEVELS)
        level[: len(new)].clamp_(min=CHANGED)
        noised = feedback.noise_to(feedback.degrade(self.shown[rows]), noise, level)
        judged, end = self._roll(noised, level, self.random.choice(STEPS), asked)
        self.shown[rows], self.noise[rows] = end, noise
        return judged, asked

    def loss(self) -> dict[str, Tensor]:
        """Cross entropy of both names and squared error of the sound factors in one step of some rollouts.

        With them, for the log alone, the shares of families and palettes that the critic finds, from noise or along.
        """
        settings = self.config.tune
        rows = torch.randperm(len(self.shown), device=self.shown.device)[: settings.rollouts]
        cold = self.random.random() < settings.cold
        judged, asked = (self._begin if cold else self._go_on)(rows)
        with checkpoint.autocast(self.config):
            said = self.reader.answers(self.reader.features(critic.disturbed(judged)))
        names, sound = critic.missed(said, asked.family, asked.palette, asked.factors)
        family, palette = critic.told(said, asked.family, asked.palette)
        return {"own_names": names.mean(), "own_sound": sound.mean(), "family": family, "palette": palette}
