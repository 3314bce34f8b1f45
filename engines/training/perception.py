"""What the critic sees in a network's clean guess: does it look like the picture, and like what was asked for?

Squared errors alone forgive a wrong colour of a few per cent and punish a sharp line that is a pixel off, so few steps end
in vague pictures. Here the guess of every time is also compared with the picture in the critic's inner features (after Lin
and Yang 2023, "Diffusion model with perceptual loss"), and should be told by the critic as the family, palette and sound
that were asked for: a classifier's guidance (Dhariwal and Nichol 2021), learned instead of paid for while the show runs.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from . import checkpoint, critic
from .config import Config


class Perception:
    """The critic of a run as a loss."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.reader, self.families = critic.restore(checkpoint.prepare(config), config.run.device)
        for module in self.reader.modules():
            if isinstance(module, nn.Conv2d):  # not the normalisations: see ``critic.restore``
                module.requires_grad_(False)
        features = self.reader.features
        self.features: Any = torch.compile(features, dynamic=False) if config.unet.compiled else features

    def __call__(
        self, guess: Tensor, clean: Tensor, families: list[str], palettes: Tensor, factors: Tensor, named: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Distance in features; of ``named`` rows the cross entropies of both names, and squared errors of the factors.

        guess, clean (N, 4, h, w); palettes (N,) long; factors (N, 7); named (N,) bool. Both pictures see one disturbance,
        so that the guess cannot learn to please one exact network.
        """
        count = len(guess)
        with checkpoint.autocast(self.config):
            maps = self.features(critic.disturbed(torch.cat([guess, clean]), alike=2))
            pairs = [F.normalize(x.float(), dim=1).split(count) for x in maps]
            family, palette, sound = self.reader.answers([x[:count] for x in maps])
        apart = torch.stack([(mine - real.detach()).square().sum(1).mean() for mine, real in pairs]).mean()
        right = torch.tensor([self.families.index(name) for name in families], device=guess.device)
        told = F.cross_entropy(family.float(), right, reduction="none")
        told = told + F.cross_entropy(palette.float(), palettes, reduction="none")
        followed = (sound.float().sigmoid() - factors).square().mean(1)
        return apart, (told * named).mean(), (followed * named).mean()
