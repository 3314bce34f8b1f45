"""Signs of a stream's health, and the bounds that the generator's own pictures set for them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from engines.model import inspect, load

from ..networks import decode, encode
from ..pictures import MOMENTS_S
from ..properties import measure as properties
from ..visuals import FACTORS, FAMILIES, PALETTES, Scene, render
from ..visuals.sounds import FPS, FloatArray, music
from .judge import Judge

CHANNELS = 4
SATURATED = 254 / 255
PERCENTILES = (0.5, 99.5)
CONFIDENCE = "confidence"
NAMES = (
    *(f"latent_mean_{channel}" for channel in range(CHANNELS)),
    *(f"latent_std_{channel}" for channel in range(CHANNELS)),
    "luminance", "saturated", "detail", "motion", CONFIDENCE,
)  # fmt: skip
"""Mean and deviation of each latent channel; mean luminance; share of pixels with a channel at full; share of the
spectrum's energy in fine detail; mean absolute difference to the frame before; the judge's highest family probability."""


def vitals(latents: Tensor, pictures: Tensor, before: Tensor, judge: Judge) -> FloatArray:
    """Values (N, len(NAMES)) of latents (N, 4, h, w) and pictures (N, 3, H, W) in [0, 1] with the frames before them."""
    measured = properties(pictures)
    columns = [
        *latents.mean((2, 3)).unbind(1),
        *latents.std((2, 3)).unbind(1),
        measured[:, FACTORS.index("energy")],
        (pictures.amax(1) >= SATURATED).float().mean((1, 2)),
        measured[:, FACTORS.index("treble")],
        (pictures - before).abs().mean((1, 2, 3)),
        torch.from_numpy(judge.read(pictures).families.max(1)),
    ]
    values: FloatArray = torch.stack(columns, 1).numpy()
    return values


@dataclass(frozen=True)
class Bounds:
    """What held-out pictures of the generator, through the model's autoencoder, have: (len(NAMES),) each.

    low, high: the outer percentiles. mean, deviation: of the same pictures.
    """

    low: FloatArray
    high: FloatArray
    mean: FloatArray
    deviation: FloatArray


@torch.no_grad()
def bounds(model: Path, judge: Judge, count: int = 600, seed: int = 1) -> Bounds:
    """Measure ``count`` pictures, all families in turn, each with the frame that music would have shown before it."""
    info = inspect(model)
    vae = load(info).vae
    rng = random.Random(f"vitals-{seed}")
    rows = []
    for number in range(count):
        palette = torch.tensor([rng.randrange(len(PALETTES))])
        scene = Scene(FAMILIES[number % len(FAMILIES)], palette, rng.getrandbits(48))
        sound = torch.from_numpy(music(1.0, rng.getrandbits(31)))
        moment = rng.uniform(0, MOMENTS_S)
        latents, pictures = [], []
        for frame in range(2):
            drawn = render(
                scene, torch.tensor([moment + frame / FPS]), sound[frame : frame + 1], size=info.native_size[::-1]
            )
            latents.append(encode(vae, drawn * 2 - 1))
            pictures.append(decode(vae, latents[-1]).add(1).div(2).clamp(0, 1))
        rows.append(vitals(latents[1], pictures[1], pictures[0], judge))
    values = np.concatenate(rows)
    low, high = np.percentile(values, PERCENTILES, axis=0).astype(np.float32)
    return Bounds(low, high, values.mean(0), values.std(0))


@dataclass(frozen=True)
class Verdict:
    """Whether a sign stayed in health. outside: share of seconds beyond the bounds, longest: the most seconds on end.

    drift: last third of the stream less the first, in deviations of the generator's pictures.
    """

    name: str
    outside: float
    longest: int
    drift: float
    passed: bool


OUTSIDE, LONGEST_S, DRIFT = 0.05, 10, 1.0
"""What is still health: one second in twenty outside, ten on end, and a drift within the deviation of real pictures."""


def verdicts(values: FloatArray, bounds: Bounds) -> list[Verdict]:
    """A verdict on each sign of a stream: values (seconds, len(NAMES)). Confidence is bounded from below only."""
    found = []
    third = max(1, len(values) // 3)
    drifts = (values[-third:].mean(0) - values[:third].mean(0)) / bounds.deviation.clip(1e-6)
    for column, name in enumerate(NAMES):
        beyond = values[:, column] < bounds.low[column]
        if name != CONFIDENCE:
            beyond = beyond | (values[:, column] > bounds.high[column])
        run = longest = 0
        for out in beyond:
            run = run + 1 if out else 0
            longest = max(longest, run)
        outside, drift = float(beyond.mean()), float(drifts[column])
        passed = outside <= OUTSIDE and longest <= LONGEST_S and abs(drift) <= DRIFT
        found.append(Verdict(name, outside, longest, drift, passed))
    return found
