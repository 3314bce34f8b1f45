"""The loop in which the UNet learns, before and after its post-training: it can be killed and goes on where it was."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from . import checkpoint, muon
from .config import Config


@dataclass(frozen=True)
class Lesson:
    """What a stage asks of the loop. weights: of the loss's parts; other parts are only logged. minutes: in all."""

    stage: str
    weights: Mapping[str, float]
    rate: float
    ema: float
    minutes: float
    warmup: int
    decay_part: float
    weight_decay: float = 0.0
    clip: float = 1.0


class Learner:
    """A network with its moving average and optimizers, and how far it has come; kept in ``STAGE.pt``."""

    def __init__(self, config: Config, folder: Path, lesson: Lesson, network: nn.Module) -> None:
        self.config, self.lesson, self.network = config, lesson, network
        self.folder, self.path = folder, folder / f"{lesson.stage}.pt"
        self.average = checkpoint.Average(network, lesson.ema)
        self.optimizers = muon.optimizers(network, lesson.rate, lesson.weight_decay)
        self.step, self.samples, self.spent = 0, 0, 0.0

    def resume(self) -> None:
        """Take up what was kept, if anything was."""
        if not self.path.exists():
            return
        kept = checkpoint.load(self.path, self.config.run.device)
        self.network.load_state_dict(kept["model"])
        self.average.state, self.average.count = kept["average"], kept["step"]
        for optimizer, state in zip(self.optimizers, kept["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        self.step, self.spent, self.samples = kept["step"], kept["minutes"], kept["samples"]

    def _keep(self, minutes: float) -> None:
        checkpoint.save(self.path, model=self.network.state_dict(), average=self.average.state, step=self.step,
                        samples=self.samples, minutes=minutes,
                        optimizers=[optimizer.state_dict() for optimizer in self.optimizers])  # fmt: skip

    def run(
        self, loss: Callable[[float], dict[str, Tensor]], batch: int, minutes: float | None, steps: int | None
    ) -> None:
        """Learn until this call's ``minutes`` or the lesson's in all are spent; kept all the while.

        ``loss`` is given the progress of 0 to 1 and answers with its parts; ``batch`` samples went into them. Rates go by
        the minutes in all, so that many short calls make one run.
        """
        lesson, config = self.lesson, self.config
        clock = checkpoint.Clock(min(minutes or lesson.minutes, lesson.minutes - self.spent), steps)
        log = checkpoint.Log(self.folder, lesson.stage)
        print(f"[{lesson.stage}] {self.spent:.1f} of {lesson.minutes:.0f} minutes done", flush=True)
        saved, since, seen = clock.seconds, clock.seconds, self.samples
        sums: dict[str, float] = {}
        for tick in clock.ticks():
            trained = self.spent + clock.seconds / 60
            progress = clock.progress if steps else trained / lesson.minutes
            parts = loss(progress)
            whole = torch.stack([weight * parts[name] for name, weight in lesson.weights.items()]).sum()
            factor = checkpoint.rate(self.step, lesson.warmup, progress, lesson.decay_part)
            checkpoint.descend(whole, self.optimizers, lesson.rate * factor, lesson.clip)
            self.average.update(self.network)
            self.step, self.samples = self.step + 1, self.samples + batch
            values = torch.stack([value.detach() for value in parts.values()]).tolist()
            sums = {name: sums.get(name, 0.0) + value for name, value in zip(parts, values, strict=True)}
            if (tick + 1) % config.run.log_every == 0:
                means = {name: value / config.run.log_every for name, value in sums.items()}
                speed = (self.samples - seen) / (clock.seconds - since)
                log.row(clock, minutes=trained, step=self.step, samples=self.samples, **means, samples_per_s=speed,
                        rate=lesson.rate * factor)  # fmt: skip
                since, seen, sums = clock.seconds, self.samples, {}
            if clock.seconds - saved > config.run.checkpoint_minutes * 60:
                self._keep(trained)
                saved = clock.seconds
        self._keep(self.spent + clock.seconds / 60)
