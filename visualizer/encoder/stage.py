"""What all stages share: optimizers, moving average, rate, budget, checkpoints, figures."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from engines.training import checkpoint, muon
from visualizer.encoder.metrics import Metrics
from visualizer.encoder.runner import Runner
from visualizer.encoder.settings import StageConfig, TrainConfig, TrainingError

UNLIMITED_STEPS = 1_000_000_000


class Stage:
    """One stage of a run. A stage that was killed goes on with its weights, its step and what is left of its time."""

    def __init__(
        self, name: str, config: TrainConfig, settings: StageConfig, learner: nn.Module, runner: Runner, resume: bool,
        space: str = "",
    ) -> None:  # fmt: skip
        self._name, self._config, self._settings, self._runner = name, config, settings, runner
        self._space = space
        self.plain = learner.to(runner.device)
        self.average = checkpoint.Average(self.plain, settings.ema)
        # Only what learns may be handed to the optimizers.
        optimizers = _optimizers(self.plain, settings)
        self.path = Path(config.run.folder) / f"{name}.pt"
        self.step, self.seconds, self.done = 0, 0.0, False
        if resume and self.path.exists():
            self._resume(optimizers)
        self.learner, self._optimizers = runner.prepared(self.plain, optimizers)

    def seeds(self) -> np.random.SeedSequence:
        """For what the stage draws from here on: other numbers in every process, and after every resumption."""
        stage = zlib.crc32(self._name.encode())
        return np.random.SeedSequence([self._config.run.seed, self._runner.rank, self.step, stage])

    def _about(self) -> str:
        about = {
            "encoder": self._config.encoder.to_dict(), "optimizer": self._settings.optimizer, "space": self._space,
        }  # fmt: skip
        return json.dumps(about, sort_keys=True)

    def _resume(self, optimizers: list[torch.optim.Optimizer]) -> None:
        kept = checkpoint.load(self.path, str(self._runner.device))
        if kept["about"] != self._about():
            raise TrainingError(
                f"{self.path} is of another encoder, optimizer or text space; name another folder under [run]"
            )
        self.plain.load_state_dict(kept["learner"])
        for optimizer, state in zip(optimizers, kept["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        self.average.state, self.average.count = kept["average"], kept["count"]
        self.step, self.seconds, self.done = kept["step"], kept["seconds"], kept["done"]

    def keep(self) -> None:
        """Write the checkpoint."""
        if self._runner.main:
            checkpoint.save(
                self.path, about=self._about(), learner=self.plain.state_dict(), average=self.average.state,
                count=self.average.count, optimizers=[optimizer.state_dict() for optimizer in self._optimizers],
                step=self.step, seconds=self.seconds, done=self.done,
            )  # fmt: skip

    def learn(self, minutes: float, batch: Callable[[], tuple[Tensor, dict[str, float]]]) -> None:
        """Take steps until the time is over, the time of earlier calls that this one resumes included.

        batch: draws one, and gives its loss and figures. Raises TrainingError, before the weights are touched, where the
        loss is not a number.
        """
        if self.done:
            return
        run, settings = self._config.run, self._settings
        clock = checkpoint.Clock(minutes)
        clock.start -= self.seconds
        kept_at = self.seconds
        steps = max(0, settings.steps - self.step) if settings.steps else UNLIMITED_STEPS
        metrics = Metrics(Path(run.folder), self._name, run.tensorboard, self._runner.main)
        for tick in range(steps):
            by_steps = self.step / settings.steps if settings.steps else 0.0
            progress = self._runner.agreed(max(clock.progress, by_steps))
            if progress >= 1.0:
                break
            loss, figures = batch()
            if not self._runner.finite(loss):
                raise TrainingError(
                    f"the loss of the stage {self._name} is not a number after {self.step} steps: lower rate under "
                    f"[{self._name}], and go on with --resume from the last checkpoint"
                )
            rate = settings.rate * checkpoint.rate(self.step, settings.warmup, progress, settings.decay_part)
            self._runner.descend(loss, self._optimizers, rate)
            self.average.update(self.plain)
            self.step += 1
            self.seconds = clock.seconds
            if tick % run.log_every == 0:
                metrics.row(clock, self.step, loss=float(loss.detach()), **figures, rate=rate)
            if self.seconds - kept_at > 60 * run.checkpoint_minutes:
                self.keep()
                kept_at = self.seconds
        self.done = True
        self.keep()
        metrics.close()

    def finish(self) -> None:
        """Put the moving average in place of the last weights."""
        self.plain.load_state_dict(self.average.state)
        self.plain.eval()


def _optimizers(learner: nn.Module, settings: StageConfig) -> list[torch.optim.Optimizer]:
    learning = [(name, parameter) for name, parameter in learner.named_parameters() if parameter.requires_grad]
    if settings.optimizer == "adamw":
        every = [parameter for _, parameter in learning]
        return [torch.optim.AdamW(every, lr=settings.rate, weight_decay=settings.weight_decay, betas=(0.9, 0.98))]
    hidden = [parameter for _, parameter in learning if parameter.ndim >= 2]
    rest = [parameter for _, parameter in learning if parameter.ndim < 2]
    return [
        muon.Muon(hidden, settings.rate, weight_decay=settings.weight_decay),
        torch.optim.AdamW(rest, lr=settings.rate, weight_decay=0.0, betas=(0.9, 0.98)),
    ]
