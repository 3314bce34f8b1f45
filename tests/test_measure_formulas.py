"""The formulas of measuring against slow ones."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from known_videos import (
    SIDE,
    texture,
)

from visualizer.measure.alignment import av_align, beat_alignment
from visualizer.measure.correlation import Correlation, chance, correlate, pearson
from visualizer.measure.curve import Curve
from visualizer.measure.flow import flow, grey, moved
from visualizer.measure.matching import pairs
from visualizer.measure.picking import onset_hops, peak_cells
from visualizer.measure.shuffling import shuffled


def test_flow_is_what_was_moved() -> None:
    wide = texture(8, 2 * SIDE).astype(np.uint8)
    found = flow(wide[20 : 20 + SIDE, 20 : 20 + SIDE], wide[17 : 17 + SIDE, 18 : 18 + SIDE])
    assert np.median(found.reshape(-1, 2), axis=0) == pytest.approx([2, 3], abs=0.1)
    assert moved(found) == pytest.approx(np.hypot(2, 3) / (SIDE * np.sqrt(2)), rel=0.1)
    assert moved(np.zeros((4, 4, 2), np.float32)) == 0
    assert grey(np.full((2, 2, 3), 77, np.uint8)).tolist() == [[77, 77], [77, 77]]


def test_amounts_keep_their_sum_and_their_place() -> None:
    rng = np.random.default_rng(2)
    starts, widths, amounts = np.sort(rng.uniform(0, 5, 30)), rng.uniform(0.01, 0.3, 30), rng.uniform(0, 2, 30)
    edges = np.linspace(-0.5, 6, 40)
    slow = [
        sum(a * max(0.0, min(s + w, high) - max(s, low)) / w for s, w, a in zip(starts, widths, amounts, strict=True))
        / (high - low)
        for low, high in itertools.pairwise(edges)
    ]
    assert Curve(starts, widths, amounts).rate(edges) == pytest.approx(slow, abs=1e-9)
    nothing = np.zeros(0)
    assert (Curve(nothing, nothing, nothing).rate(edges) == 0).all()


def test_the_correlation_is_pearsons_at_every_lag() -> None:
    rng = np.random.default_rng(3)
    hops, cells = rng.exponential(1, 600), rng.exponential(1, 120)
    edges = np.arange(121) / 20.0
    sound = Curve(np.arange(600) * 0.01, np.full(600, 0.01), hops)
    found = correlate(sound, (0.0, 6.0), Curve(edges[:-1], np.full(120, 0.05), cells), edges)
    assert found.lags[0] == -0.2 and found.lags[-1] == 0.5 and not np.isnan(found.r).any()
    for lag in (-0.2, 0.0, 0.25, 0.5):  # whole frames: five hops a cell
        away = round(lag * 20)
        heard = hops.reshape(120, 5).mean(axis=1)
        slow = np.corrcoef(heard[max(0, -away) : 120 - max(0, away)], cells[max(0, away) : 120 + min(0, away)])[0, 1]
        assert found.r[np.argmin(np.abs(found.lags - lag))] == pytest.approx(slow, abs=1e-9)
    assert np.isnan(pearson(np.ones(5), np.arange(5.0)))
    by_chance = chance(sound, (0.0, 6.0), Curve(edges[:-1], np.full(120, 0.05), cells), edges)
    assert by_chance == pytest.approx(found.peak, abs=0.15)  # they know nothing of each other
    assert chance(sound, (0.0, 6.0), Curve(edges[:-1], np.full(120, 0.05), cells), edges[:30]) is None
    nothing = Correlation(found.lags, np.full(len(found.lags), np.nan), 0.05)
    assert nothing.peak is None is nothing.lag


def test_pictures_locked_to_a_beat_give_the_middle_of_their_frame() -> None:
    """Every picture changes in the third frame after the onset: any lag within that frame explains it."""
    edges = np.arange(301) / 30
    onsets = np.arange(0.5, 9, 0.5) + 1 / 60
    sound = Curve(onsets - 0.005, np.full(len(onsets), 0.01), np.ones(len(onsets)))
    moves = Curve(onsets - 1 / 60 + 0.1, np.full(len(onsets), 1 / 30), np.ones(len(onsets)))
    found = correlate(sound, (0.0, 10.0), moves, edges)
    assert found.lag == pytest.approx(0.1, abs=0.003) and found.peak == pytest.approx(1, abs=1e-6)


def test_a_matching_is_the_largest_there_is() -> None:
    rng = np.random.default_rng(7)

    def largest(a: np.ndarray, b: np.ndarray, window: float) -> int:
        if not len(a):
            return 0
        best = largest(a[1:], b, window)
        for j in np.flatnonzero(np.abs(b - a[0]) <= window):
            best = max(best, 1 + largest(a[1:], np.delete(b, j), window))
        return best

    for _ in range(60):
        a, b = np.sort(rng.uniform(0, 2, rng.integers(0, 7))), np.sort(rng.uniform(0, 2, rng.integers(1, 7)))
        matched = pairs(a, b, 0.25)
        assert len(matched) == largest(a, b, 0.25)
        assert av_align(a, b, 0.25) == pytest.approx(len(matched) / (len(a) + len(b) - len(matched)))


def test_alignments_by_their_formulas() -> None:
    beats, peaks = np.array([1.0, 2.0, 3.0]), np.array([0.95, 2.1])
    slow = np.mean([np.exp(-(min(abs(b - p) for p in peaks) ** 2) / (2 * 0.05**2)) for b in beats])
    assert beat_alignment(beats, peaks) == pytest.approx(slow)
    assert av_align(beats, peaks, 0.06) == pytest.approx(1 / 4)
    # By chance: a window of 0.2 s at each of ten onsets, ten peaks at random: about 10 × 0.2 of 10 in 10 s.
    events = np.sort(np.random.default_rng(0).uniform(0, 100, 100))
    regular = np.arange(0.5, 100, 1.0)

    def near(turned: np.ndarray) -> float:
        return float(np.mean(np.abs(turned[:, None] - regular).min(axis=1) < 0.1))

    hits = shuffled(events, (0.0, 100.0), near)
    assert hits == pytest.approx(0.2, abs=0.03)
    assert shuffled(beats, (0.0, 1.9), lambda turned: 1.0) is None


def test_onsets_are_picked_as_defined() -> None:
    rng = np.random.default_rng(1)
    envelope = rng.exponential(1, 500) * (rng.random(500) < 0.15)
    scaled = (envelope - envelope.min()) / (envelope.max() - envelope.min())
    slow: list[int] = []
    for n in range(500):
        here = scaled[max(0, n - 3) : n + 1].max() == scaled[n]
        above = scaled[n] >= scaled[max(0, n - 10) : n + 11].mean() + 0.07
        if here and above and (not slow or n > slow[-1] + 3):
            slow.append(n)
    assert onset_hops(envelope).tolist() == slow and len(slow) > 20
    assert not len(onset_hops(np.zeros(10))) and not len(onset_hops(np.zeros(0)))
    assert peak_cells(np.array([0.0, 2, 1, 1, 3, 3, 1, 0.4, 0]), 0.5).tolist() == [1]
