"""The whole evaluation of a model folder: figures as JSON, which parts run alone add to, and a table in Markdown."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tqdm import tqdm

from engines.model import inspect

from . import pool
from .judge import Judge
from .judge_training import accuracy
from .measures import MEASURES, Done, Figures, Plan
from .prompts import families_of
from .streams import Frames, Job, Studio

CEILING = "ceiling"
PARTS = (CEILING, *(measure.name for measure in MEASURES))
"""What ``only`` may name."""


def _with_frames(jobs: list[Job], frames: Iterator[Frames], bar: Any) -> Done:
    for job, made in zip(jobs, frames, strict=True):
        bar.update(job.frames)
        yield job, made


def evaluate(
    model: Path, run: Path, out: Path, only: Iterable[str] = (), plan: Plan | None = None, workers: int = 1
) -> dict[str, Any]:
    """Measure the model with the judge of ``run``; write ``evaluation.json`` and ``evaluation.md`` into ``out``.

    only: names from PARTS, none for all; their figures join those already there of the same model. workers: processes of
    one core each that paint (1: in this process). Raises ValueError for an unknown part, and what ``Judge.load`` and
    ``Studio`` raise.
    """
    chosen = set(only) or set(PARTS)
    if unknown := chosen - set(PARTS):
        raise ValueError(f"the evaluation has no part {', '.join(sorted(unknown))}; it has {', '.join(PARTS)}")
    plan = plan or Plan.of(families_of(model))
    judge = Judge.load(run)
    out.mkdir(parents=True, exist_ok=True)
    path, fingerprint = out / "evaluation.json", inspect(model).fingerprint
    figures: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if figures.get("model") != fingerprint:
        figures = {"model": fingerprint}

    def keep(name: str, found: Figures) -> None:
        figures[name] = found
        path.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        (out / "evaluation.md").write_text(table(figures), encoding="utf-8")

    if CEILING in chosen:
        held = pool.held_out(run / "judge")
        keep(CEILING, {"pictures": len(held["family"]), **{k: round(v, 4) for k, v in accuracy(judge, held).items()}})
    jobs = {measure.name: measure.jobs(plan) for measure in MEASURES if measure.name in chosen}
    if jobs:
        total = sum(job.frames for part in jobs.values() for job in part)
        with Studio(model, run / "engines", workers) as studio, tqdm(total=total, unit="frame", mininterval=2) as bar:
            for measure in MEASURES:
                if measure.name not in jobs:
                    continue
                bar.set_description(measure.name)
                begun = time.monotonic()
                part = jobs[measure.name]
                found = measure.figures(_with_frames(part, studio.frames(part), bar), judge)
                keep(measure.name, {**found, "took_s": round(time.monotonic() - begun, 1)})
    print(table(figures))
    return figures


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


def table(figures: dict[str, Any]) -> str:
    """The figures that matter as a Markdown table, of those parts that have been measured."""
    rows: list[tuple[str, str, str, str]] = []
    if part := figures.get(CEILING):
        counted = f"{part['pictures']} held-out pictures"
        for kind in ("clean", "decoded"):
            told = f"{_share(part[f'{kind}_family'])} / {_share(part[f'{kind}_palette'])}"
            rows.append((f"Judge on {kind} pictures of the generator: family / palette", told, "", counted))
    if part := figures.get("streams"):
        counted, real = f"{part['frames']} frames", part["generator"]
        rows.append(("Family as the prompt names it", _share(part["family"]), _share(real["family"]), counted))
        rows.append(("Palette as the prompt names it", _share(part["palette"]), _share(real["palette"]), counted))
        distance = part["frechet"]
        counted = f"{distance['pictures']} against {distance['pictures']} frames"
        rows.append(
            (
                "Fréchet distance in the judge's features",
                f"{distance['model']:.2f}",
                f"{distance['generator']:.2f}",
                counted,
            )
        )
    for name, what in (("held_out", "Family of captions by hand"), ("riddles", "Family of riddles by hand")):
        if part := figures.get(name):
            rows.append((what, _share(part["family"]), "", f"{part['frames']} frames"))
    if part := figures.get("diversity"):
        counted = f"{part['prompts']} prompts"
        rows.append(("Spread within a prompt, to the generator's", f"{part['ratio']:.2f}", "1.00", counted))
    if part := figures.get("factors"):
        for name, row in part["by_factor"].items():
            label = f"Correlation of {name} with its property"
            rows.append((label, f"{row['model']:.2f}", f"{row['generator']:.2f}", f"lag {row['lag_s']:.2f} s"))
        rows.append(("Correlation, mean", f"{part['model']:.2f}", f"{part['generator']:.2f}", f"{part['streams']} streams"))
    if (part := figures.get("change")) and part["recognised"]:
        counted = f"{part['recognised']} of {part['changes']} changes"
        rows.append(("New prompt shown after, median", f"{part['median_s']:.2f} s", "", counted))
        rows.append(("New prompt shown within 1 s", _share(part["within_1_s"]), "", counted))
    head = "| | model | generator | measured on |\n|---|---|---|---|\n"
    return head + "".join(f"| {' | '.join(row)} |\n" for row in rows)
