"""What every stage shares: the clock, the moving average, checkpoints that survive a kill, and the log."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch

from . import memory
from .config import Config


class Clock:
    """Wall-clock budget of one call, in minutes."""

    def __init__(self, minutes: float, steps: int | None = None) -> None:
        self.minutes, self.steps = minutes, steps
        self.start = time.monotonic()
        self._taken = 0

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.start

    @property
    def progress(self) -> float:
        """How much of the budget is spent, 0 to 1; a step limit counts where one is set."""
        by_time = self.seconds / max(self.minutes * 60, 1e-6)
        by_steps = self._taken / self.steps if self.steps else 0.0
        return min(1.0, max(by_time, by_steps))

    def ticks(self) -> Iterator[int]:
        """Count steps until the budget is spent."""
        while self.progress < 1.0:
            yield self._taken
            self._taken += 1


def rate(step: int, warmup: int, progress: float, decay_part: float) -> float:
    """Learning-rate factor: linear warm-up in steps, then linear decay over the last part of the progress of 0 to 1."""
    rise = min(1.0, (step + 1) / max(warmup, 1))
    left = (1.0 - progress) / decay_part if decay_part > 0 else 1.0
    return rise * max(0.02, min(1.0, left))


def descend(
    loss: torch.Tensor, optimizers: Iterable[torch.optim.Optimizer], rate: float, clip: float = 1.0
) -> None:
    """One step of every optimizer at a learning rate, the gradient's norm over all their parameters clipped."""
    steppers = list(optimizers)
    groups = [group for optimizer in steppers for group in optimizer.param_groups]
    for optimizer in steppers:
        optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_([parameter for group in groups for parameter in group["params"]], clip)
    for group in groups:
        group["lr"] = rate
    for optimizer in steppers:
        optimizer.step()


class Average:
    """Exponential moving average of a network's weights; a younger average forgets faster."""

    def __init__(self, model: torch.nn.Module, decay: float) -> None:
        self.decay, self.count = decay, 0
        self.state = {name: value.detach().clone() for name, value in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: torch.nn.Module) -> None:
        """Take one step towards the network's present weights."""
        self.count += 1
        decay = min(self.decay, (1 + self.count) / (10 + self.count))
        for name, value in model.state_dict().items():
            if value.dtype.is_floating_point:
                self.state[name].lerp_(value.detach(), 1 - decay)
            else:
                self.state[name].copy_(value)


class Log:
    """A CSV of metrics in the run folder, and one line a row on the terminal."""

    def __init__(self, folder: Path, stage: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path, self.stage = folder / f"{stage}.csv", stage

    def row(self, clock: Clock, **values: float) -> None:
        """Add one row, and say how long is left."""
        new = not self.path.exists()
        with self.path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            if new:
                writer.writerow(["seconds", *values])
            writer.writerow([f"{clock.seconds:.1f}", *(f"{value:.6g}" for value in values.values())])
        left = max(0.0, clock.minutes * 60 - clock.seconds)
        text = "  ".join(f"{key} {value:.5g}" for key, value in values.items())
        print(f"[{self.stage}] {text}  left {left / 60:.1f} min", flush=True)


def save(path: Path, **state: Any) -> None:
    """Write a checkpoint whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    torch.save(state, part)
    part.replace(path)


def load(path: Path, device: str = "cpu") -> dict[str, Any]:
    """Read a checkpoint; FileNotFoundError says which stage is to be run first."""
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there: run the stage '{path.stem}' first")
    state: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    return state


def prepare(config: Config) -> Path:
    """Set seeds, threads and memory; the run folder."""
    memory.hold()
    torch.manual_seed(config.run.seed)
    if config.run.device == "cpu":
        torch.set_num_threads(config.run.threads)
    folder = Path(config.run.folder)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def autocast(config: Config) -> AbstractContextManager[Any]:
    """The mixed-precision context of the configuration."""
    if not config.run.autocast:
        return nullcontext()
    return torch.autocast(torch.device(config.run.device).type, getattr(torch, config.run.autocast))
