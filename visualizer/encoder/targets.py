"""What a teacher says of texts, asked once a run: every start, resumption and process reads the same table."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from visualizer.encoder.files import put_in_place
from visualizer.encoder.runner import Runner
from visualizer.encoder.settings import TrainingError
from visualizer.snapshots import FloatArray

FOLDER = "targets"
"""In the run's own."""


def kept(
    run: Path, teacher: str, texts: Sequence[str], ask: Callable[[list[str]], FloatArray], runner: Runner
) -> FloatArray:
    """What ``ask`` gives for the texts, (N, …), from the run's folder where it is there; of several processes one asks.

    teacher: its name, with what it is asked for: the table is of this name and these texts. Raises TrainingError for
    values that are not numbers, which are not kept.
    """
    digest = hashlib.sha256(json.dumps([teacher, *texts]).encode()).hexdigest()[:24]
    path = run / FOLDER / f"{digest}.npy"
    if runner.main and _read(path, len(texts)) is None:
        told = np.asarray(ask(list(texts)), np.float32)
        if not np.isfinite(told).all():
            raise TrainingError(f"the teacher {teacher!r} gave vectors that are not numbers: copy its weights again")
        with put_in_place(path) as part, part.open("wb") as file:
            np.save(file, told)
    runner.wait()
    table = _read(path, len(texts))
    if table is None:
        raise TrainingError(f"what the teacher said is not to be read from {path}: give the run a folder that all reach")
    return table


def _read(path: Path, texts: int) -> FloatArray | None:
    """A table of so many rows; None where it is not there or not whole."""
    try:
        table: FloatArray = np.load(path)
    except (OSError, ValueError, EOFError):
        return None
    return table if table.ndim >= 2 and len(table) == texts else None
