"""How motion and sound rise together, and by how much the picture is late."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from visualizer.measure.curve import Array, Curve
from visualizer.measure.shuffling import LEAST_SHIFT_S, SHUFFLES
from visualizer.measure.silence import Span

FIRST_LAG_S, LAST_LAG_S = -0.2, 0.5
LAG_STEP_S = 0.005
LAGS = np.arange(float(round(FIRST_LAG_S / LAG_STEP_S)), round(LAST_LAG_S / LAG_STEP_S) + 1) * LAG_STEP_S
"""Sound is known to 10 ms, so lags need not be whole frames: it is brought to the frames' cells anew for each lag."""

AS_GOOD = 0.97
"""A steady beat gives peaks that lie a beat apart and differ by chance. Of those that reach this share of the highest, the
one nearest to lag 0 counts."""

CHORDS = 200
"""Places that are tried for a chord's middle, on either side of the highest step."""

FEWEST_S = 1.0
"""A lag that leaves a shorter overlap is not tried."""


@dataclass(frozen=True, slots=True)
class Correlation:
    """Pearson r over lags. lags: s, positive where the picture comes after the sound. r: nan where it cannot be told."""

    lags: Array
    r: Array
    cell_s: float

    @property
    def best(self) -> int | None:
        """Index of the peak: the highest r, or one nearly as high and nearer to lag 0; None where there is none."""
        if np.isnan(self.r).all():
            return None
        r = np.nan_to_num(self.r, nan=-2.0)
        reach = max(1, round(self.cell_s / LAG_STEP_S))
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(r, reach, constant_values=-2.0), 2 * reach + 1)
        peaks = np.flatnonzero((r >= windows.max(axis=1)) & (r >= min(AS_GOOD * r.max(), r.max())))
        return int(peaks[np.argmin(np.abs(self.lags[peaks]))])

    @property
    def peak(self) -> float | None:
        """r at the peak."""
        return None if self.best is None else float(self.r[self.best])

    @property
    def lag(self) -> float | None:
        """Where the peak lies, s: in the middle of the chord, a frame long, that ends on the curve on either side of it.

        For a parabola that is its vertex. But pictures that are locked to the beat give a plateau nearly a frame wide, on
        which the highest step may lie anywhere.
        """
        if self.best is None:
            return None
        top = float(self.lags[self.best])
        known = ~np.isnan(self.r)
        lags, r, half = self.lags[known], self.r[known], self.cell_s / 2
        if top - self.cell_s < lags[0] or top + self.cell_s > lags[-1]:
            return top
        middles = np.linspace(top - half, top + half, 2 * CHORDS + 1)
        tilt = np.interp(middles - half, lags, r) - np.interp(middles + half, lags, r)
        level = np.flatnonzero((tilt[:-1] <= 0) & (tilt[1:] >= 0))
        if not len(level):
            return top
        return float(middles[level[np.argmin(np.abs(level - CHORDS))]])


def correlate(rises: Curve, span: Span, motion: Curve, edges: Array) -> Correlation:
    """Correlate motion with the onset envelope in the cells between ``edges``, s, for each lag.

    span: (begin, end) of the sound, s; cells that reach beyond it do not count. A cell is what is seen, or heard, while
    one picture is shown; so a picture that changes in the very frame during which the onset falls has lag 0.
    """
    moves = motion.rate(edges)
    r = np.full(len(LAGS), np.nan)
    for i, heard, inside in _heard(rises, span, edges):
        r[i] = pearson(heard, moves[inside])
    return Correlation(LAGS, r, float(edges[1] - edges[0]))


def chance(rises: Curve, span: Span, motion: Curve, edges: Array) -> float | None:
    """The mean peak over motion that is turned round in a circle by chance offsets of a second or more, from a fixed seed.

    A peak over many lags is above 0 by chance, the more the shorter the video. None where there is no room for offsets.
    """
    moves, cell_s = motion.rate(edges), float(edges[1] - edges[0])
    least = int(np.ceil(LEAST_SHIFT_S / cell_s))
    if len(moves) <= 2 * least:
        return None
    offsets = np.random.default_rng(0).integers(least, len(moves) - least, SHUFFLES)
    r = np.full((SHUFFLES, len(LAGS)), np.nan)
    for i, heard, inside in _heard(rises, span, edges):
        for row, offset in enumerate(offsets):
            r[row, i] = pearson(heard, np.roll(moves, offset)[inside])
    peaks = [peak for row in r if (peak := Correlation(LAGS, row, cell_s).peak) is not None]
    return float(np.mean(peaks)) if peaks else None


def _heard(rises: Curve, span: Span, edges: Array) -> Iterator[tuple[int, Array, npt.NDArray[np.bool_]]]:
    """For each lag: its index, what is heard so much before the cells, and which cells those are."""
    for i, lag in enumerate(LAGS):
        moved = edges - lag
        inside = (moved[:-1] >= span[0] - 1e-9) & (moved[1:] <= span[1] + 1e-9)
        if inside.sum() * (edges[1] - edges[0]) >= FEWEST_S:
            yield i, rises.rate(moved)[inside], inside


def pearson(a: Array, b: Array) -> float:
    """Pearson's r of two curves of the same shape; nan where one of them never changes."""
    a, b = a - a.mean(), b - b.mean()
    spread = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / spread if spread > 1e-12 else float("nan")
