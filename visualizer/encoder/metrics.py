"""Where a training's figures go: a CSV, a line on the terminal, and TensorBoard where it is installed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from engines.training.checkpoint import Clock, Log


class Metrics:
    """The figures of one stage; of a process that does not write, nothing."""

    def __init__(self, folder: Path, stage: str, tensorboard: bool, writes: bool = True) -> None:
        self._log = Log(folder, stage) if writes else None
        self._stage = stage
        self._board: Any = board(folder) if writes and tensorboard else None

    def row(self, clock: Clock, step: int, **values: float) -> None:
        """Add one row."""
        if self._log is not None:
            self._log.row(clock, step=step, **values)
        if self._board is not None:
            for name, value in values.items():
                self._board.add_scalar(f"{self._stage}/{name}", value, step)

    def close(self) -> None:
        """Write what TensorBoard still holds back."""
        if self._board is not None:
            self._board.close()


_said = False


def board(folder: Path) -> Any:
    """A TensorBoard writer, or None, said once, where it is not installed."""
    global _said
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        if not _said:
            print("TensorBoard is not installed: figures go to CSV files only (pip install tensorboard).", file=sys.stderr)
            _said = True
        return None
    return SummaryWriter(str(folder / "tensorboard"))
