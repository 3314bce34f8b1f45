"""The confusion matrix and the figures of a trained sound encoder: ``python tools/encoder_card.py RUN OUT.png``.

RUN: the run's folder, in which ``visualizer train encoder`` left ``evaluation.json`` and ``confusion-test.csv``. Draws the
matrix and prints the figures as a table in Markdown.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("agg")
from matplotlib import pyplot as plt


def read_confusion(path: Path) -> tuple[list[str], np.ndarray]:
    """(class names, counts (C, C)): a row a true class, a column what it was named."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    return rows[0][1:], np.array([[int(cell) for cell in row[1:]] for row in rows[1:]])


def draw(names: list[str], counts: np.ndarray, out: Path) -> None:
    """Shares of each true class, the classes that were heard, and what they were named."""
    heard = counts.sum(1) > 0
    counts, rows = counts[heard], [name for name, there in zip(names, heard, strict=True) if there]
    named = (counts.sum(0) > 0) | heard
    counts, columns = counts[:, named], [name for name, there in zip(names, named, strict=True) if there]
    shares = counts / counts.sum(1, keepdims=True)
    figure, axes = plt.subplots(figsize=(15, 14), layout="constrained")
    image = axes.imshow(shares, cmap="magma", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    axes.set_xticks(range(len(columns)), [name.replace("_", " ") for name in columns], rotation=90, fontsize=8)
    axes.set_yticks(range(len(rows)), [f"{n.replace('_', ' ')} ({c})" for n, c in zip(rows, counts.sum(1), strict=True)])
    axes.tick_params(axis="y", labelsize=8)
    axes.set_xlabel("named")
    axes.set_ylabel("heard (clips)")
    figure.colorbar(image, ax=axes, shrink=0.5, label="share of the class's clips")
    figure.savefig(out, dpi=75)


def confused(names: list[str], counts: np.ndarray, most: int = 12) -> list[str]:
    """The largest mistakes in words."""
    wrong = counts * (1 - np.eye(len(names), dtype=int))
    order = np.argsort(wrong, axis=None)[::-1][:most]
    pairs = [divmod(int(place), len(names)) for place in order]
    return [f"{names[a]} as {names[b]} ({wrong[a, b]} of {counts[a].sum()})" for a, b in pairs if wrong[a, b]]


def main() -> None:
    """Draw and print."""
    asked = argparse.ArgumentParser()
    asked.add_argument("run", type=Path)
    asked.add_argument("out", type=Path)
    options = asked.parse_args()
    names, counts = read_confusion(options.run / "confusion-test.csv")
    draw(names, counts, options.out)
    figures = json.loads((options.run / "evaluation.json").read_text(encoding="utf-8"))
    print("| figure | value |\n|---|---|")
    for name, value in figures.items():
        print(f"| {name.replace('_', ' ')} | {value:.3f} |")
    print("\nMost often confused: " + ", ".join(confused(names, counts)) + ".")


if __name__ == "__main__":
    main()
