"""One optimizer step on one machine, or under ``accelerate launch`` on several devices: the same calls.

Accelerate is imported only where its launcher has started the program.
"""

from __future__ import annotations

import os
from typing import Any

import torch
from torch import Tensor, nn

from engines.training import checkpoint
from visualizer.encoder.settings import TrainingError

LAUNCHED = "ACCELERATE_MIXED_PRECISION"
"""Set by ``accelerate launch``, whatever its options."""

CLIP_NORM = 1.0


class Runner:
    """Devices and optimizer steps. device: used where the program was not launched by accelerate."""

    def __init__(self, device: str) -> None:
        try:
            own = torch.device(device)
        except RuntimeError:
            raise TrainingError(f'device is "cpu", "cuda" or "cuda:1", not {device!r}') from None
        if own.type == "cuda" and not torch.cuda.is_available():
            raise TrainingError('there is no CUDA device here: write device = "cpu" under [run]')
        self._accelerator: Any = None
        if LAUNCHED in os.environ:
            try:
                from accelerate import Accelerator
            except ImportError:
                raise TrainingError("accelerate is missing; install it with: pip install accelerate") from None
            self._accelerator = Accelerator()
        self.device = own if self._accelerator is None else self._accelerator.device

    @property
    def main(self) -> bool:
        """Whether this process is the one that writes and speaks."""
        return self._accelerator is None or bool(self._accelerator.is_main_process)

    @property
    def rank(self) -> int:
        """Number of this process, for seeds."""
        return 0 if self._accelerator is None else int(self._accelerator.process_index)

    @property
    def processes(self) -> int:
        """How many processes learn together."""
        return 1 if self._accelerator is None else int(self._accelerator.num_processes)

    def wait(self) -> None:
        """Until all processes have come this far."""
        if self._accelerator is not None:
            self._accelerator.wait_for_everyone()

    def prepared(
        self, learner: nn.Module, optimizers: list[torch.optim.Optimizer]
    ) -> tuple[nn.Module, list[torch.optim.Optimizer]]:
        """The learner as it is to be called, and its optimizers; parameters that need no gradient must say so before."""
        if self._accelerator is None:
            return learner.to(self.device), optimizers
        wrapped, *steppers = self._accelerator.prepare(learner, *optimizers)
        return wrapped, steppers

    def agreed(self, value: float) -> float:
        """The main process's value in all: processes whose clocks differ must stop at the same step."""
        if self.processes == 1:
            return value
        from accelerate.utils import broadcast

        return float(broadcast(torch.tensor(value, device=self.device)))

    def finite(self, value: Tensor) -> bool:
        """Whether a scalar is a number in all processes: they must stop together."""
        strange = (~value.detach().isfinite()).float().to(self.device)
        if self.processes > 1:
            from accelerate.utils import reduce

            strange = reduce(strange, "sum")
        return not bool(strange)

    def descend(self, loss: Tensor, optimizers: list[torch.optim.Optimizer], rate: float) -> None:
        """One step of every optimizer at a learning rate, the gradient's norm clipped."""
        if self._accelerator is None:
            checkpoint.descend(loss, optimizers, rate, CLIP_NORM)
            return
        groups = [group for optimizer in optimizers for group in optimizer.param_groups]
        for optimizer in optimizers:
            optimizer.zero_grad()
        self._accelerator.backward(loss)
        self._accelerator.clip_grad_norm_([parameter for group in groups for parameter in group["params"]], CLIP_NORM)
        for group in groups:
            group["lr"] = rate
        for optimizer in optimizers:
            optimizer.step()
