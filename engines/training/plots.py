"""The metrics of a run as one picture."""

from __future__ import annotations

import csv
import math
from pathlib import Path

STAGES = {
    "text": (("loss",), ("cosine",)),
    "autoencoder": (("loss",), ("psnr",)),
    "unet": (("plain", "feedback", "features"), ("names",)),
    "tune": (("plain", "feedback"), ("family", "palette")),
}
"""The columns drawn against the left scale, and those against the right."""
COLOURS = ("#5ad1ff", "#ffb454", "#a5e887", "#ff8fb3")
SMOOTH = 9  # rows in a running mean


def rows(path: Path) -> dict[str, list[float]]:
    """The columns of a metrics file; times run on where a call resumed."""
    columns: dict[str, list[float]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            for name, value in row.items():
                columns.setdefault(name, []).append(float(value or "nan"))
    minutes, gone = [], 0.0
    for before, now in zip([0.0, *columns["seconds"]], columns["seconds"], strict=False):
        gone += now - before if now >= before else now
        minutes.append(gone / 60)
    columns["trained"] = minutes
    return columns


def _smooth(values: list[float]) -> list[float]:
    return [sum(part) / len(part) for at in range(len(values)) if (part := values[max(0, at - SMOOTH + 1) : at + 1])]


def plot(folder: Path, out: Path) -> None:
    """Draw every stage's metrics over minutes of training; FileNotFoundError where a run has none."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    found = [stage for stage in STAGES if (folder / f"{stage}.csv").exists()]
    if not found:
        raise FileNotFoundError(f"{folder} holds no metrics: run a stage first")
    with pyplot.style.context("dark_background"):
        figure, axes = pyplot.subplots(1, len(found), figsize=(4.6 * len(found), 3.2), squeeze=False)
        for axis, stage in zip(axes[0], found, strict=True):
            columns = rows(folder / f"{stage}.csv")
            left, right = STAGES[stage]
            for name in set(left) & columns.keys():  # a part of the loss that is nought has not begun
                columns[name] = [value or math.nan for value in columns[name]]
            drawn = [name for name in (*left, *right) if name in columns]
            other = axis.twinx()
            lines = [
                (other if name in right else axis).plot(
                    columns["trained"], _smooth(columns[name]), color=colour, label=name
                )[0]
                for colour, name in zip(COLOURS, drawn, strict=False)
            ]
            other.set_ylabel(", ".join(right))
            axis.set_title(stage)
            axis.set_xlabel("minutes")
            axis.legend(lines, [str(line.get_label()) for line in lines], frameon=False)
        figure.tight_layout()
        out.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(out, dpi=110)
        pyplot.close(figure)
