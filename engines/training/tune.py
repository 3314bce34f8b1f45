"""Post-training on the network's own rollouts, from noise and along running streams, beside the lessons of before."""

from __future__ import annotations

from typing import Any

import torch

from . import checkpoint, unet
from .config import Config
from .learner import Learner, Lesson
from .perception import Perception
from .rollouts import Rollouts


def run(config: Config, minutes: float | None = None, steps: int | None = None, resume: bool = False) -> None:
    """Tune the averaged network of ``unet.pt`` for this call's ``minutes`` or the configuration's; keeps ``tune.pt``."""
    folder, settings = checkpoint.prepare(config), config.tune
    network = unet.fresh(config)
    network.load_state_dict(checkpoint.load(folder / "unet.pt", config.run.device)["average"])
    weights = {**unet.weights(config), "own_names": settings.names, "own_sound": settings.sound}
    lesson = Lesson("tune", weights, settings.rate, settings.ema, settings.minutes, 100, 0.5, config.unet.weight_decay)
    learner = Learner(config, folder, lesson, network)
    if resume:
        learner.resume()
    draw = unet.sampler(config, folder, config.run.seed + 1 + learner.step)
    faster: Any = torch.compile(network, dynamic=False) if config.unet.compiled else network
    prompts, perception = unet.Prompts(config, folder), Perception(config, folder)
    trainer = unet.Trainer(config, faster, network, prompts, perception)
    rollouts = Rollouts(config, faster, prompts, draw, perception.reader, perception.families)
    learner.run(
        lambda progress: {**trainer.loss(draw(config.unet.batch, config.run.device), 1.0), **rollouts.loss()},
        config.unet.batch, minutes, steps,
    )  # fmt: skip
