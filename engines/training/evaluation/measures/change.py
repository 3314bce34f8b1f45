"""How soon a running stream shows a new prompt."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...visuals import FAMILIES, PALETTES
from ...visuals.sounds import FPS, music
from ..judge import Judge
from ..prompts import naming_both
from ..streams import Job, Take, frame_at
from .plan import SETTLED_S, Done, Figures, Measure, Plan, read, rounded, seed

HOLD, OF = 5, 8
"""A new prompt has arrived when so many of so many following frames show it."""
QUICK_S = 1.0


def _change_jobs(plan: Plan) -> list[Job]:
    rng, jobs = plan.rng("change"), list[Job]()
    at, end = frame_at(SETTLED_S), frame_at(2 * SETTLED_S)
    for family in plan.spread(plan.changes):
        before = rng.choice([other for other in plan.families if other != family])
        palettes = rng.sample(list(PALETTES), 2)
        texts = naming_both(before, palettes[0], rng), naming_both(family, palettes[1], rng)
        prompts = ((0.0, texts[0]), (SETTLED_S, texts[1]))
        sound, keep = music(2 * SETTLED_S + 1, seed(rng)), tuple(range(at, end + 1))
        jobs.append(Take(prompts, sound, keep, family, palettes[1], seed(rng)))
    return jobs


def arrival(shown: npt.NDArray[np.bool_]) -> float | None:
    """Seconds from a change until the picture shows the new prompt and goes on to; None if that never happens.

    shown: (frames,) from the first frame painted under the new prompt, which is seen one frame later.
    """
    for number in range(len(shown) - OF):
        if shown[number] and shown[number + 1 : number + 1 + OF].sum() >= HOLD:
            return (number + 1) / FPS
    return None


def _change_figures(done: Done, judge: Judge) -> Figures:
    taken, asked = [], 0
    for job, frames in done:
        asked += 1
        shown = read(judge, frames).families.argmax(1) == FAMILIES.index(job.family)
        if shown[-1]:
            taken.append(arrival(shown) or SETTLED_S)  # seen in the end but never for long: as late as can be
    if not taken:
        return {"changes": asked, "recognised": 0}
    return {
        "changes": asked,
        "recognised": len(taken),
        "median_s": rounded(np.median(taken)),
        "within_1_s": rounded(np.mean(np.array(taken) <= QUICK_S)),
    }


CHANGE = Measure("change", _change_jobs, _change_figures)
