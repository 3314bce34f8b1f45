"""How loud a sound is, in three numbers beside its spectrum: so that class is not loudness and loudness is not lost.

The slow level is a running mean of the level in dB, weighted so that near-silence does not count: the first sound after
a pause is at once measured by itself, and a pause leaves the level where it was until it is forgotten.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

GATE_DB, FULL_DB = -70.0, -50.0
"""Frames below the gate do not count in the slow level, frames above the second value count in full."""

NEUTRAL_DB, NEUTRAL_WEIGHT = -30.0, 1e-4
"""The slow level when nothing has sounded for long; by this weight a pause forgets after about 9 time constants."""

RANGE_DB = 30.0
"""The ResNet sees (mel − slow level) from −60 dB upwards as −1 and more."""

LEVELS = 3


def frame_levels(mel: Tensor) -> Tensor:
    """Level in dB of each frame of mel (…, bands) in dB: the power of all bands together, shape (…)."""
    return torch.logsumexp(mel * (math.log(10) / 10), -1) * (10 / math.log(10))


def slow_levels(newest: Tensor, state: Tensor, keep: float) -> tuple[Tensor, Tensor]:
    """The slow level (B, S) in dB after each of S steps, and the state (B, 2) after the last.

    newest: levels (B, S, frames) of the frames that each step brings. keep: what of the past is left after a step, 0–1.
    """
    weight = ((newest - GATE_DB) / (FULL_DB - GATE_DB)).clamp(0, 1)
    sums = torch.stack([weight.mean(-1), (weight * newest).mean(-1)], -1)
    slow = []
    for step in sums.unbind(1):
        state = keep * state + (1 - keep) * step
        slow.append((state[:, 1] + NEUTRAL_WEIGHT * NEUTRAL_DB) / (state[:, 0] + NEUTRAL_WEIGHT))
    return torch.stack(slow, 1) if slow else newest.new_zeros(len(newest), 0), state


def describe(levels: Tensor, slow: Tensor, step_frames: int) -> Tensor:
    """(…, 3): the slow level, how far the newest frames are from it, and the segment's crest factor, each about ±1.

    levels: of a segment's frames (…, frames) in dB. slow: (…) in dB. The crest factor is the loudest frame over the
    segment's mean power.
    """
    newest = levels[..., -step_frames:].mean(-1)
    power = torch.logsumexp(levels * (math.log(10) / 10), -1) - math.log(levels.shape[-1])
    crest = levels.amax(-1) - power * (10 / math.log(10))
    return torch.stack(
        [(slow - NEUTRAL_DB) / RANGE_DB, ((newest - slow) / RANGE_DB).clamp(-2, 2), crest / 20], -1
    )


def flattened(mel: Tensor, slow: Tensor) -> Tensor:
    """Mel (N, frames, bands) with the slow level (N,) taken out, −1 for −60 dB re the level or less, 1 for the level."""
    return ((mel - slow[:, None, None]) / RANGE_DB + 1).clamp(-1, 2)
