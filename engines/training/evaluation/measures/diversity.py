"""How much the pictures of one prompt differ from seed to seed, beside the generator's of the same."""

from __future__ import annotations

import numpy as np

from ...pictures import MOMENTS_S
from ...visuals import PALETTES
from ...visuals.sounds import FloatArray, music
from ..judge import Judge
from ..prompts import naming_both
from ..streams import Job, Original, Take, frame_at
from .distance import spread
from .plan import SETTLED_S, Done, Figures, Measure, Plan, read, rounded, seed


def _diversity_jobs(plan: Plan) -> list[Job]:
    rng, jobs, at = plan.rng("diversity"), list[Job](), frame_at(SETTLED_S)
    for family in plan.spread(plan.diversity_prompts):
        palette, sound = rng.choice(list(PALETTES)), music(SETTLED_S + 1, seed(rng))
        text = naming_both(family, palette, rng)
        for _ in range(plan.diversity_seeds):
            jobs.append(Take(((0.0, text),), sound, (at,), family, palette, seed(rng)))
        moments = np.array([rng.uniform(0, MOMENTS_S) for _ in range(plan.diversity_seeds)], np.float32)
        scenes = tuple(rng.getrandbits(48) for _ in range(plan.diversity_seeds))
        rows = np.repeat(sound[at : at + 1], plan.diversity_seeds, 0)
        jobs.append(Original(family, palette, rows, moments, scenes))
    return jobs


def _diversity_figures(done: Done, judge: Judge) -> Figures:
    painted: list[FloatArray] = []
    model, real = [], []
    for job, frames in done:
        features = read(judge, frames).features
        if isinstance(job, Take):
            painted.append(features)
            continue
        model.append(spread(np.concatenate(painted)))  # an original closes the takes of its prompt
        real.append(spread(features))
        painted.clear()
    return {
        "prompts": len(model),
        "model": rounded(np.mean(model)),
        "generator": rounded(np.mean(real)),
        "ratio": rounded(np.mean(model) / np.mean(real)),
        "ratio_lowest": rounded(np.min(np.divide(model, real))),
    }


DIVERSITY = Measure("diversity", _diversity_jobs, _diversity_figures)
