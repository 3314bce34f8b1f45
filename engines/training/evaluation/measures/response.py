"""Whether the picture follows each sound factor: correlation with the property that the factor drives."""

from __future__ import annotations

import numpy as np

from ...pictures import MOMENTS_S
from ...properties import measure as properties
from ...visuals import FACTORS, PALETTES
from ...visuals.sounds import FPS, FloatArray, alone, slow_walk
from ..judge import Judge, as_pictures
from ..prompts import naming_both
from ..streams import Job, Original, Take, frame_at
from .plan import Done, Figures, Measure, Plan, rounded, seed

SKIP_S = 1.0
"""The stream settles first."""
EVERY = 4
"""The properties of one frame in so many are measured."""
LONGEST_LAG_S = 0.5


def _factor_jobs(plan: Plan) -> list[Job]:
    rng, jobs = plan.rng("factors"), list[Job]()
    keep = tuple(range(frame_at(SKIP_S), frame_at(plan.factor_s), EVERY))
    moments = (np.array(keep) / FPS).astype(np.float32)
    for family in plan.spread(plan.factor_families):
        palette = rng.choice(list(PALETTES))
        text = naming_both(family, palette, rng)
        for factor in range(len(FACTORS)):
            sound = alone(factor, slow_walk(plan.factor_s, seed(rng)))
            jobs.append(Take(((0.0, text),), sound, keep, family, palette, seed(rng)))
            later = moments + np.float32(rng.uniform(0, MOMENTS_S))
            jobs.append(Original(family, palette, sound[list(keep)], later, (rng.getrandbits(48),)))
    return jobs


def _moved(job: Take) -> int:
    """Which factor moves in a take of this measure."""
    return int(np.ptp(job.factors, axis=0).argmax())


def answer(curve: FloatArray, keep: tuple[int, ...], values: FloatArray) -> tuple[float, float]:
    """(correlation, lag in s) at the best lag, of ``curve`` (frames,) with ``values`` measured at the frames ``keep``."""
    lags = range(frame_at(LONGEST_LAG_S) + 1)
    at = np.array(keep)
    if np.ptp(values) == 0:
        return 0.0, 0.0
    found = [float(np.corrcoef(curve[at - lag], values)[0, 1]) for lag in lags]
    best = int(np.argmax(found))
    return found[best], best / FPS


def _factor_figures(done: Done, judge: Judge) -> Figures:
    found: dict[str, dict[str, list[float]]] = {name: {"model": [], "generator": [], "lag_s": []} for name in FACTORS}
    families: dict[str, dict[str, float]] = {}
    take: Take | None = None
    for job, frames in done:
        values = properties(as_pictures(frames).float() / 255).numpy()
        take = job if isinstance(job, Take) else take  # an original follows the take that has its factors
        assert take is not None
        factor = _moved(take)
        correlation, lag = answer(take.factors[:, factor], take.keep, values[:, factor])
        name = FACTORS[factor]
        if isinstance(job, Take):
            found[name]["model"].append(correlation)
            found[name]["lag_s"].append(lag)
            families.setdefault(job.family, {})[name] = rounded(correlation)
        else:
            found[name]["generator"].append(correlation)
    by_factor = {name: {key: rounded(np.mean(row)) for key, row in rows.items()} for name, rows in found.items()}
    means = {key: rounded(np.mean([row[key] for row in by_factor.values()])) for key in ("model", "generator")}
    return {"streams": sum(map(len, families.values())), **means, "by_factor": by_factor, "by_family": families}


RESPONSE = Measure("factors", _factor_jobs, _factor_figures)
