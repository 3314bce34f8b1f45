"""Recursive filters over whole hops: the exact output of cascaded biquads, without a loop over samples.

A cascade of biquads is a linear state-space system s' = A s + B x, y = C s + D x. Over ``BLOCK_SAMPLES`` samples its
output is a fixed matrix times (samples, state at the block's start), and the states at all block starts of a hop are
a fixed matrix times (what each block feeds in, state at the hop's start). Two small matrix products a hop therefore
give what a loop over samples gives, to rounding.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from visualizer.snapshots import HOP_SAMPLES, SAMPLE_RATE

Doubles = npt.NDArray[np.float64]

BLOCK_SAMPLES = 30
"""Samples computed at once; 16 blocks a hop is where both matrix products are small."""

TINY = 1e-30
"""A state below this is put to zero: silence becomes exactly silent, and no denormal number slows the next hop."""

Biquad = tuple[float, float, float, float, float]
"""b0, b1, b2, a1, a2 of H(z) = (b0 + b1 z⁻¹ + b2 z⁻²) / (1 + a1 z⁻¹ + a2 z⁻²)."""


def butterworth(kind: str, hertz: float, order: int) -> list[Biquad]:
    """Biquads of a Butterworth low-pass or high-pass ("low", "high") of even ``order``, bilinear with prewarping.

    hertz: the −3 dB frequency, in (0, SAMPLE_RATE / 2).
    """
    if kind not in ("low", "high") or order % 2 or not 0 < hertz < SAMPLE_RATE / 2:
        raise ValueError(f"no Butterworth filter of kind {kind!r}, order {order} at {hertz:g} Hz")
    k = math.tan(math.pi * hertz / SAMPLE_RATE)
    sections = []
    for pair in range(order // 2):
        damping = 2 * math.cos(math.pi * (2 * pair + 1) / (2 * order))  # 1 / Q of this pair of poles
        norm = 1 / (1 + damping * k + k * k)
        b0 = k * k * norm if kind == "low" else norm
        b1 = 2 * b0 if kind == "low" else -2 * b0
        sections.append((b0, b1, b0, 2 * (k * k - 1) * norm, (1 - damping * k + k * k) * norm))
    return sections


def _state_space(sections: Sequence[Biquad], states: int) -> tuple[Doubles, Doubles, Doubles, float]:
    """A (states, states), B (states,), C (states,), D of a cascade in transposed direct form II, padded with zeros."""
    a, b, c, d = np.zeros((states, states)), np.zeros(states), np.zeros(states), 1.0
    for i, (b0, b1, b2, a1, a2) in enumerate(sections):
        at = 2 * i
        # This section's input is c·s + d·x of the sections before it; its output is b0·input + its first state.
        into = np.array([b1 - a1 * b0, b2 - a2 * b0])
        a[at : at + 2] += np.outer(into, c)
        a[at, at] += -a1
        a[at, at + 1] += 1
        a[at + 1, at] += -a2
        b[at : at + 2] = into * d
        c = b0 * c
        c[at] += 1
        d *= b0
    return a, b, c, d


class FilterBank:
    """Several cascades of biquads over the same sound, hop by hop; the state carries on from one hop to the next.

    cascades: one sequence of biquads for each filter. channels: channels of the sound.
    """

    def __init__(self, cascades: Sequence[Sequence[Biquad]], channels: int = 2) -> None:
        self._filters, self._channels = len(cascades), channels
        self._states = n = 2 * max(len(sections) for sections in cascades)
        self._blocks = blocks = HOP_SAMPLES // BLOCK_SAMPLES
        # (samples of a block) → what it adds to each filter's state by its end
        self._feed = np.zeros((BLOCK_SAMPLES, self._filters * n))
        # (samples of a block, states at its start) → its output samples
        self._out = np.zeros((BLOCK_SAMPLES + self._filters * n, self._filters * BLOCK_SAMPLES))
        # (state at the hop's start, feeds of all blocks) → states at all block starts and at the hop's end
        self._scan = np.zeros((self._filters, (blocks + 1) * n, (blocks + 1) * n))
        for f, sections in enumerate(cascades):
            a, b, c, d = _state_space(sections, n)
            powers = [np.eye(n)]
            for _ in range(BLOCK_SAMPLES):
                powers.append(a @ powers[-1])
            here = slice(f * n, (f + 1) * n)
            ring = np.array([d, *(c @ power @ b for power in powers[: BLOCK_SAMPLES - 1])])  # impulse response
            for i in range(BLOCK_SAMPLES):
                self._feed[i, here] = powers[BLOCK_SAMPLES - 1 - i] @ b
                column = f * BLOCK_SAMPLES + i
                self._out[: i + 1, column] = ring[i::-1]
                self._out[BLOCK_SAMPLES + f * n : BLOCK_SAMPLES + (f + 1) * n, column] = c @ powers[i]
            jump = [np.eye(n)]
            for _ in range(blocks):
                jump.append(powers[BLOCK_SAMPLES] @ jump[-1])
            for to in range(blocks + 1):
                for of in range(to + 1):
                    self._scan[f, to * n : (to + 1) * n, of * n : (of + 1) * n] = jump[to - of]
        self._samples_and_states = np.zeros((channels, blocks, BLOCK_SAMPLES + self._filters * n))
        self._chain = np.zeros((self._filters, blocks + 1, n, channels))

    def filter(self, hop: npt.NDArray[np.floating]) -> Doubles:
        """The hop through every filter.

        hop: shape (HOP_SAMPLES, channels), finite. Returns shape (channels, blocks, filters, BLOCK_SAMPLES): time
        runs over the second and the last axis.
        """
        n, blocks, both = self._states, self._blocks, self._samples_and_states
        both[:, :, :BLOCK_SAMPLES] = hop.T.reshape(self._channels, blocks, BLOCK_SAMPLES)
        flat = both.reshape(self._channels * blocks, -1)
        feeds = flat[:, :BLOCK_SAMPLES] @ self._feed
        # Entry 0 already holds the state at this hop's start.
        self._chain[:, 1:] = feeds.reshape(self._channels, blocks, self._filters, n).transpose(2, 1, 3, 0)
        states = (self._scan @ self._chain.reshape(self._filters, -1, self._channels)).reshape(self._chain.shape)
        states[np.abs(states) < TINY] = 0.0
        both[:, :, BLOCK_SAMPLES:] = states[:, :-1].transpose(3, 1, 0, 2).reshape(self._channels, blocks, -1)
        self._chain[:, 0] = states[:, -1]
        return (flat @ self._out).reshape(self._channels, blocks, self._filters, BLOCK_SAMPLES)
