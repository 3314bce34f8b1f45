"""A small causal network that reads, from all attacks so far, how far the beat has run: the observation of the filter.

Dilated convolutions over time (a causal temporal convolutional network: Davies and Böck, EUSIPCO 2019), nine residual
layers that reach 20 s back. It has learnt which attacks belong where in a beat: low bands speak for the beat and high
ones nearly as much for the places between, so a hat between the beats does not pass for a beat. NumPy alone runs it, a
frame at a time. ``tools/train_beat_network.py`` made ``network.npz`` and says from what.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from visualizer.analysis.beat.attacks import BANDS, Frame

Doubles = npt.NDArray[np.float64]
Weights = dict[str, Doubles]

PLACES = 24
"""Places within a beat: whole numbers of them to triplets and to semiquavers."""

INPUTS = 2 * BANDS
"""Rises, then levels."""

FIRST_TAPS, TAPS = 3, 3
"""Frames that the first layer, and each of the others, looks at."""

DILATIONS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
"""Frames between the taps of each layer."""


def shapes(channels: int) -> dict[str, tuple[int, ...]]:
    """Arrays of ``network.npz``; a convolution's last axis holds its taps, the oldest first, each with all channels."""
    return {
        "first": (channels, FIRST_TAPS * INPUTS),
        "first_bias": (channels,),
        "layers": (len(DILATIONS), channels, TAPS * channels),
        "layers_bias": (len(DILATIONS), channels),
        "mixes": (len(DILATIONS), channels, channels),
        "mixes_bias": (len(DILATIONS), channels),
        "places": (PLACES, channels),
        "places_bias": (PLACES,),
    }


def inputs(rises: Doubles, levels: Doubles) -> Doubles:
    """What the first layer takes of frames: both of shape (…, BANDS) become (…, INPUTS), values of about 0 to 3."""
    return np.concatenate([np.log1p(rises), levels / 2], axis=-1)


@lru_cache(maxsize=1)
def shipped() -> Weights:
    """The weights that ship."""
    with files("visualizer.analysis.beat").joinpath("network.npz").open("rb") as file:
        return load(file)


def load(file: IO[bytes] | Path) -> Weights:
    """The weights in a file that ``tools/train_beat_network.py`` wrote."""
    with np.load(file) as arrays:
        return {name: arrays[name].astype(np.float64) for name in shapes(0)}


class PhaseNetwork:
    """Takes a frame, tells how likely each place of the beat is at the frame's end.

    weights: as in ``shapes``, of any number of channels; raises ValueError for others.
    """

    def __init__(self, weights: Weights) -> None:
        channels = len(weights.get("first_bias", ()))
        wanted = shapes(channels)
        wrong = [name for name, shape in wanted.items() if name not in weights or weights[name].shape != shape]
        if wrong:
            raise ValueError(f"the beat network's weights have other shapes than {wanted}: {', '.join(wrong)}")
        self._weights = weights
        self._seen = np.zeros((FIRST_TAPS, INPUTS))
        # Each layer's input of the frames that its taps reach.
        self._past = [np.zeros(((TAPS - 1) * dilation + 1, channels)) for dilation in DILATIONS]
        self._frame = 0

    def push(self, frame: Frame) -> Doubles:
        """Return log P(place) + log PLACES at the frame's end, shape (PLACES,)."""
        w = self._weights
        self._seen[:-1] = self._seen[1:]
        self._seen[-1] = inputs(frame.rises, frame.levels)
        x = np.maximum(w["first"] @ self._seen.ravel() + w["first_bias"], 0.0)
        for layer, dilation in enumerate(DILATIONS):
            past = self._past[layer]
            now = self._frame % len(past)
            past[now] = x
            taps = past[[now - 2 * dilation, now - dilation, now]].ravel()  # a negative index counts from the ring's end
            inner = np.maximum(w["layers"][layer] @ taps + w["layers_bias"][layer], 0.0)
            x = x + w["mixes"][layer] @ inner + w["mixes_bias"][layer]
        self._frame += 1
        scores = w["places"] @ x + w["places_bias"]
        scores -= scores.max()
        return scores - np.log(np.exp(scores).sum() / PLACES)
