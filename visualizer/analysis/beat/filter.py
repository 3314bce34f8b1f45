"""The forward filter: how likely each tempo and each place in the beat is, given all that the network has read so far.

A hidden Markov model over beat length × position in the beat (the bar-pointer model: Whiteley, Cemgil and Godsill 2006;
state space as in Krebs, Böck and Widmer 2015). Every frame the position moves on by one; at a beat the length may
change a little.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from visualizer.analysis.beat.attacks import FRAME_S, Doubles
from visualizer.analysis.beat.network import PLACES

SLOWEST_BPM, FASTEST_BPM = 55.0, 215.0

LENGTHS = np.arange(round(60 / FASTEST_BPM / FRAME_S), round(60 / SLOWEST_BPM / FRAME_S) + 1)
"""Lengths of a beat, frames."""

STIFFNESS = 100.0
"""At a beat P(next | length) ∝ exp(−100 |next / length − 1|)."""

PRIOR_BPM, PRIOR_OCTAVES = 115.0, 0.9
"""Before anything is heard tempi are spread log-normally."""

LEAK = 5e-4
"""Share of the belief that goes back to the prior each frame, so that no tempo is ever out of reach."""

WEIGHT = 0.1
"""Exponent of what the network reads: it looks back for seconds, so one frame tells nearly the same as the last."""

UNLIKELIEST = -4.0
"""Log-likelihood ratio below which a place is not put: the network may be wrong altogether."""

NEAR = 0.09
"""Lengths that differ by no more than this share count as one tempo."""

STAY = 1.3
"""Another tempo takes over when it is so many times as likely."""


@dataclass(frozen=True, slots=True)
class Belief:
    """phase: 0–1 of the likeliest tempo's beat at the frame's end. length_s: of that beat. strength: 0–1, how far the
    belief is gathered at one tempo and phase. gain: log of how much likelier the network's reading is with this belief
    than with none, weighted; below 0 where the belief foretold nothing.
    """

    phase: float
    length_s: float
    strength: float
    gain: float


class BeatFilter:
    """Takes one reading of the network a frame."""

    def __init__(self) -> None:
        lengths = LENGTHS
        self._last = np.cumsum(lengths) - 1
        self._first = self._last - lengths + 1
        place = np.concatenate([(np.arange(length) + 0.5) / length for length in lengths])
        bpm = 60 / (lengths * FRAME_S)
        self._place = (place * PLACES).astype(np.intp)
        self._spin = np.exp(2j * np.pi * place)
        prior = np.exp(-0.5 * (np.log2(bpm / PRIOR_BPM) / PRIOR_OCTAVES) ** 2)
        self._prior = np.repeat(prior / prior.sum() / lengths, lengths)
        ratio = lengths[None, :] / lengths[:, None]
        change = np.exp(-STIFFNESS * np.abs(ratio - 1))
        self._change = change / change.sum(axis=1, keepdims=True)
        self._near = (np.abs(np.log(ratio)) < np.log1p(NEAR)).astype(np.float64)
        self._belief = self._prior.copy()
        self._moved = np.empty_like(self._belief)
        self._tempo = 0

    def push(self, reading: Doubles | None) -> Belief:
        """Move on by a frame. reading: log-likelihood ratios, shape (PLACES,); None where the sound is silent."""
        belief, moved = self._belief, self._moved
        moved[1:] = belief[:-1]
        moved[self._first] = belief[self._last] @ self._change
        moved *= 1 - LEAK
        moved += LEAK * self._prior
        gain = 0.0
        if reading is not None:
            moved *= np.exp(WEIGHT * np.maximum(reading, UNLIKELIEST))[self._place]
            total = float(moved.sum())
            moved /= total
            gain = float(np.log(total))
        self._belief, self._moved = moved, belief
        return self._read(gain)

    def _read(self, gain: float) -> Belief:
        mass = np.add.reduceat(self._belief, self._first)
        grouped = self._near @ mass
        best = int(grouped.argmax())
        if grouped[best] > STAY * grouped[self._tempo]:
            self._tempo = best
        here = self._near[self._tempo]
        if grouped[best] <= STAY * grouped[self._tempo]:
            # Climb within the same tempo, so that a drifting one is followed.
            close = np.where(here > 0, grouped, 0.0)
            self._tempo = int(close.argmax())
            here = self._near[self._tempo]
        z = complex(here @ np.add.reduceat(self._belief * self._spin, self._first))
        length = float((here * LENGTHS) @ mass) / float(here @ mass)
        return Belief(float(np.angle(z)) / (2 * np.pi) % 1.0, length * FRAME_S, abs(z), gain)
