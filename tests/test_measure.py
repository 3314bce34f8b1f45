"""Measuring videos with known answers."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import soundfile
from known_videos import (
    BEATS,
    CHANCE,
    RATE,
    SECONDS,
    SIDE,
    clicks,
    disc,
    film,
    lossless,
    number,
    pulsing,
    steady,
    texture,
)

from visualizer.measure.figures import Figures, measure
from visualizer.measure.film import Film
from visualizer.measure.listening import listen
from visualizer.measure.silence import silences
from visualizer.measure.soundtrack import Soundtrack
from visualizer.measure.warping import visible, warping_error


def test_a_disc_that_pulses_with_its_sound(with_sound: Figures) -> None:
    assert number(with_sound, "r") > 0.8 and number(with_sound, "r_shuffled") < 0.35
    assert abs(number(with_sound, "lag_ms")) < 1000 / 60
    assert number(with_sound, "av_align") > 0.75
    assert number(with_sound, "av_align_shuffled") < 0.35
    assert with_sound["onsets"] == len(CHANCE)
    assert with_sound["frames"] == 240 and with_sound["fps"] == with_sound["rate"] == 30
    json.dumps(with_sound, allow_nan=False)


def test_a_disc_on_the_beat(folder: Path) -> None:
    path = film(folder / "beat.mp4", pulsing(BEATS, 1 / 30), steady(30), clicks(BEATS))
    figures = measure(path).figures
    assert number(figures, "beat_alignment") > 0.9 and figures["beat_sigma_ms"] == 50
    assert number(figures, "beat_alignment_shuffled") < 0.6
    assert number(figures, "r") > 0.8 and abs(number(figures, "lag_ms")) < 1000 / 60  # not a beat later
    heard = listen(Soundtrack(path), 0.0).beats
    assert np.abs(heard[:, None] - BEATS).min(axis=1).max() < 0.03


def test_a_disc_that_pulses_late(folder: Path) -> None:
    path = film(folder / "late.mp4", pulsing(CHANCE, 1 / 30, 0.12), steady(30), clicks(CHANCE))
    figures = measure(path).figures
    assert number(figures, "lag_ms") == pytest.approx(120, abs=10)
    assert number(figures, "r") > 0.8
    assert number(figures, "av_align") < 0.3


def test_a_disc_that_pulses_without_its_sound(folder: Path) -> None:
    """Against the sound, which is the same video with another sound; and with motion that never changes."""
    others = np.cumsum(np.random.default_rng(17).uniform(0.3, 0.8, 40))
    against = film(folder / "against.mp4", pulsing(others, 1 / 30), steady(30), clicks(CHANCE))
    figures = measure(against).figures
    assert number(figures, "r") < 0.45 and abs(number(figures, "r") - number(figures, "r_shuffled")) < 0.2
    assert abs(number(figures, "av_align") - number(figures, "av_align_shuffled")) < 0.12
    wide = texture(8, 2 * SIDE)
    even = film(
        folder / "even.mp4",
        lambda time: np.repeat(wide[:SIDE, (at := round(time * 15)) : at + SIDE, None], 3, axis=2).astype(np.uint8),
        steady(15, 6.0),
        clicks(CHANCE, 6.0),
    )
    assert number(measure(even).figures, "r") < 0.35


def test_another_sound_is_measured_in_place_of_the_own(pulse: Path, folder: Path, with_sound: Figures) -> None:
    earlier = folder / "earlier.flac"
    soundfile.write(earlier, clicks(CHANCE - 0.2), RATE)
    figures = measure(pulse, earlier).figures
    assert number(figures, "r") == pytest.approx(number(with_sound, "r"), abs=0.05)
    assert number(figures, "lag_ms") == pytest.approx(number(with_sound, "lag_ms") + 200, abs=5)
    assert number(figures, "av_align") < 0.3


def test_frame_rate_and_size_do_not_matter(folder: Path, with_sound: Figures) -> None:
    found = {30.0: with_sound}
    for fps in (15.0, 60.0):
        path = film(folder / f"{fps:.0f}.mp4", pulsing(CHANCE, 1 / fps), steady(fps), clicks(CHANCE))
        found[fps] = measure(path).figures
        assert abs(number(found[fps], "lag_ms")) < 500 / fps
        assert number(found[fps], "r") == pytest.approx(number(with_sound, "r"), abs=0.13)
        assert number(found[fps], "av_align") > 0.75
    assert found[60.0]["rate"] == 30 and found[15.0]["rate"] == 15
    motion = [number(figures, "mean_motion") for figures in found.values()]
    assert max(motion) < 1.4 * min(motion)
    big = film(
        folder / "big.mp4",
        lambda time: cv2.resize(pulsing(CHANCE, 0.1)(time), (480, 480), interpolation=cv2.INTER_CUBIC),
        steady(10, 2.5), clicks(CHANCE[:3], 2.5), 480,
    )  # fmt: skip
    small = film(
        folder / "small.mp4",
        lambda time: cv2.resize(pulsing(CHANCE, 0.1)(time), (256, 256), interpolation=cv2.INTER_CUBIC),
        steady(10, 2.5), clicks(CHANCE[:3], 2.5), 256,
    )  # fmt: skip
    larger, smaller = measure(big).figures, measure(small).figures
    assert Film(big).size == (256, 256)
    assert number(larger, "mean_motion") == pytest.approx(number(smaller, "mean_motion"), rel=0.1)
    assert number(larger, "r") == pytest.approx(number(smaller, "r"), abs=0.05)


def test_a_variable_frame_rate(folder: Path, with_sound: Figures) -> None:
    """Pictures come at uneven times; and where nothing changes for a while, none come."""
    rng = np.random.default_rng(4)
    uneven = np.cumsum(rng.uniform(0.02, 0.047, 300))
    uneven = uneven[uneven < SECONDS]
    figures = measure(film(folder / "uneven.mp4", pulsing(CHANCE, 1 / 30), uneven, clicks(CHANCE))).figures
    assert number(figures, "r") > 0.75 and abs(number(figures, "lag_ms")) < 1000 / 60 + 7
    assert number(figures, "fps") == pytest.approx(30, abs=2)
    moving = np.array([time for time in steady(30) if np.any((time - CHANCE > -0.04) & (time - CHANCE < 0.35))])
    assert len(moving) < 200
    figures = measure(film(folder / "holes.mp4", pulsing(CHANCE, 1 / 30), moving, clicks(CHANCE))).figures
    assert figures["rate"] == pytest.approx(30, abs=0.1)
    assert number(figures, "r") == pytest.approx(number(with_sound, "r"), abs=0.05)
    assert abs(number(figures, "lag_ms")) < 1000 / 60


def test_a_still_picture(folder: Path) -> None:
    figures = measure(film(folder / "still.mp4", lambda time: disc(20), steady(10), clicks(CHANCE[CHANCE < 4]))).figures
    assert figures["r"] is figures["lag_ms"] is figures["av_align"] is figures["beat_alignment"] is None
    assert number(figures, "silence_flicker") > 0.9999 and number(figures, "silence_s") > 2
    assert figures["mean_motion"] == 0 and number(figures, "warping_error") < 1e-5


@pytest.mark.parametrize("step", [3, 40])
def test_flicker_in_silence_is_what_was_put_there(folder: Path, step: int) -> None:
    frames = [np.full((32, 48, 3), 100 + step * (i % 2), np.uint8) for i in range(80)]
    sound = np.zeros((4 * RATE, 1), np.float32)
    sound[: RATE // 2, 0] = clicks(np.array([0.1]), 0.5)
    figures = measure(lossless(folder / f"flicker{step}.mkv", frames, 20, sound)).figures
    assert number(figures, "silence_flicker") == pytest.approx((255 - step) / 255, abs=1e-4)
    loud = np.sin(np.arange(4 * RATE) / 10).astype(np.float32)[:, None]
    assert measure(lossless(folder / "loud.mkv", frames, 20, loud)).figures["silence_flicker"] is None


def test_silence_begins_half_a_second_after_the_sound() -> None:
    level = np.full(1000, -20.0)
    level[:30] = -90  # too short
    level[100:149] = -90  # too short
    level[200:300] = -60.5
    level[900:] = -90
    assert silences(level, 1.0, 0.01) == [pytest.approx((3.5, 4.0)), pytest.approx((10.5, 11.0))]
    assert silences(np.full(60, -90.0), 0.0, 0.01) == [pytest.approx((0.0, 0.6))]
    assert silences(np.full(60, -20.0), 0.0, 0.01) == [] == silences(np.zeros(0), 0.0, 0.01)


def test_warping_error_knows_motion_from_change(folder: Path) -> None:
    wide = texture(8, 2 * SIDE)
    moving = [np.repeat(wide[20 : 20 + SIDE, i : i + SIDE, None], 3, axis=2).astype(np.uint8) for i in range(40)]
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8) for _ in range(40)]
    sound = clicks(np.array([0.5, 1.5]), 4.0)[:, None]
    still = measure(lossless(folder / "moving.mkv", moving, 15, sound)).figures
    change = measure(lossless(folder / "noise.mkv", noise, 15, sound)).figures
    assert number(still, "warping_error") < 3e-4
    assert change["warping_error"] is None or number(change, "warping_error") > 0.05
    # One pixel a frame, 15 a second, in a picture of so many pixels across.
    assert number(still, "mean_motion") == pytest.approx(15 / (SIDE * np.sqrt(2)), rel=0.05)


def test_a_pixel_that_was_hidden_is_not_compared() -> None:
    """All moves three to the right and one down; but what a block shows was never there, so nothing leads back from it."""
    rng = np.random.default_rng(6)
    before, now = (rng.integers(0, 256, (40, 50, 3)).astype(np.uint8) for _ in range(2))
    forth = np.tile(np.array([3, 1], np.float32), (40, 50, 1))
    back = -forth
    back[10:20, 15:30] = (4, 2)
    seen = np.zeros((40, 50), bool)
    errors = []
    for y, x in itertools.product(range(40), range(50)):
        from_y, from_x = y + int(back[y, x, 1]), x + int(back[y, x, 0])
        if 0 <= from_y < 40 and 0 <= from_x < 50 and (forth[from_y, from_x] + back[y, x] == 0).all():
            seen[y, x] = True
            errors += [((float(a) - float(b)) / 255) ** 2 for a, b in zip(now[y, x], before[from_y, from_x], strict=True)]
    assert 1 - seen.mean() == pytest.approx((150 + 50 + 3 * 39) / 2000)
    assert (visible(forth, back) == seen).all()
    assert warping_error(before, now, forth, back) == pytest.approx(np.mean(errors), rel=1e-4)
    away = np.full((40, 50, 2), 1000, np.float32)
    assert warping_error(before, now, away, away) is None
