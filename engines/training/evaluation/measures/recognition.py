"""Whether running streams show what their prompts name: families and palettes, for captions by grammar and by hand."""

from __future__ import annotations

from collections import Counter
from functools import partial

import numpy as np
import numpy.typing as npt
import torch

from ...pictures import MOMENTS_S
from ...visuals import FAMILIES, PALETTES
from ...visuals.sounds import music
from ..judge import Judge, Readings
from ..prompts import naming_both
from ..streams import Job, Original, Take, frame_at
from .distance import fidelity
from .plan import Done, Figures, Measure, Plan, read, rounded, seed

NAMED_S = (2.0, 3.0, 4.0)
HELD_OUT_S = (2.0, 3.0)


def _named_jobs(plan: Plan) -> list[Job]:
    rng, jobs, palettes = plan.rng("named"), list[Job](), list(PALETTES)
    rng.shuffle(palettes)
    keep = tuple(frame_at(second) for second in NAMED_S)
    for _ in range(plan.rounds):
        for family in plan.families:
            palette = palettes[len(jobs) // 2 % len(palettes)]
            sound = music(NAMED_S[-1] + 1, seed(rng))
            text = naming_both(family, palette, rng, torch.from_numpy(sound.mean(0)))
            jobs.append(Take(((0.0, text),), sound, keep, family, palette, seed(rng)))
            moments = np.array(NAMED_S, np.float32) + np.float32(rng.uniform(0, MOMENTS_S))
            jobs.append(Original(family, palette, sound[list(keep)], moments, (rng.getrandbits(48),)))
    return jobs


def _named_figures(done: Done, judge: Judge) -> Figures:
    kinds: dict[type, list[tuple[Job, Readings]]] = {Take: [], Original: []}
    for job, frames in done:
        kinds[type(job)].append((job, read(judge, frames)))
    figures = recognition(kinds[Take])
    real = recognition(kinds[Original])
    figures["generator"] = {key: real[key] for key in ("family", "palette")}
    painted, drawn = ([reading.features for _, reading in kinds[kind]] for kind in (Take, Original))
    figures["frechet"] = fidelity(painted, drawn)
    return figures


def recognition(readings: list[tuple[Job, Readings]]) -> Figures:
    """Shares of frames whose family and palette the judge tells, by family too, and what it takes them for instead."""
    right: dict[str, list[bool]] = {}
    taken_for: dict[str, Counter[str]] = {}
    palettes: list[bool] = []
    moments: list[npt.NDArray[np.bool_]] = []
    for job, reading in readings:
        said = [FAMILIES[row] for row in reading.families.argmax(1)]
        right.setdefault(job.family, []).extend(name == job.family for name in said)
        taken_for.setdefault(job.family, Counter()).update(name for name in said if name != job.family)
        moments.append(np.array([name == job.family for name in said]))
        if job.palette:
            palettes += [PALETTES[row] == job.palette for row in reading.palettes.argmax(1)]
    total = sum(map(len, right.values()))
    figures: Figures = {
        "frames": total,
        "family": rounded(sum(map(sum, right.values())) / total),
        "by_moment": [rounded(share) for share in np.mean(moments, 0)],
        "by_family": {family: rounded(np.mean(values)) for family, values in right.items()},
        "confusions": {
            family: {name: rounded(count / len(right[family])) for name, count in others.most_common(3)}
            for family, others in taken_for.items()
            if others
        },
    }
    if palettes:
        figures["palette"] = rounded(np.mean(palettes))
    return figures


def _by_hand_jobs(plan: Plan, name: str) -> list[Job]:
    rng, keep = plan.rng(name), tuple(frame_at(second) for second in HELD_OUT_S)
    return [
        Take(((0.0, text),), music(HELD_OUT_S[-1] + 1, seed(rng)), keep, family, seed=seed(rng))
        for text, family in getattr(plan, name)
    ]


def _by_hand_figures(done: Done, judge: Judge) -> Figures:
    readings = [(job, read(judge, frames)) for job, frames in done]
    figures = recognition(readings)
    figures["by_caption"] = {
        job.prompts[0][1]: [FAMILIES[row] for row in reading.families.argmax(1)]
        for job, reading in readings
        if isinstance(job, Take)
    }
    return figures


NAMED = Measure("streams", _named_jobs, _named_figures)
"""Captions that name both, beside the generator's pictures of the same; the Fréchet distance comes of the same frames."""
HELD, RIDDLED = (
    Measure(name, partial(_by_hand_jobs, name=name), _by_hand_figures) for name in ("held_out", "riddles")
)
"""Captions by hand, in words that training never saw: plain ones, and ones that only allude."""
