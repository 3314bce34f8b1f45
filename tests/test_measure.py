"""``visualizer measure`` on videos whose answers are known: a disc that pulses with, after, and without its sound."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import soundfile

from visualizer.measure import plot as plots
from visualizer.measure.alignment import av_align, beat_alignment
from visualizer.measure.correlation import Correlation, chance, correlate, pearson
from visualizer.measure.curve import Curve
from visualizer.measure.envelope import RANGE_DB
from visualizer.measure.errors import MeasureError
from visualizer.measure.figures import Figures, Measured, measure
from visualizer.measure.film import Film
from visualizer.measure.flow import flow, grey, moved
from visualizer.measure.listening import Listened, listen
from visualizer.measure.matching import pairs
from visualizer.measure.picking import onset_hops, peak_cells
from visualizer.measure.shuffling import shuffled
from visualizer.measure.silence import silences
from visualizer.measure.soundtrack import Soundtrack
from visualizer.measure.warping import visible, warping_error
from visualizer.output.recorder import Recorder
from visualizer.snapshots import FloatArray, Picture

RATE = 48_000
SIDE = 96
SECONDS = 8.0
CALM = 1e-4
"""A floor of noise, −80 dBFS: silence that is not digital."""

Paint = Callable[[float], Picture]
Y, X = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32) - SIDE / 2
DISTANCE = np.hypot(X, Y)


def texture(seed: int, side: int = SIDE) -> np.ndarray:
    """Soft noise, float32 0–255."""
    noise = np.random.default_rng(seed).normal(0, 1, (side, side)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 2)
    return np.asarray(cv2.normalize(soft, None, 0, 255, cv2.NORM_MINMAX))


@lru_cache(maxsize=256)
def disc(radius: float) -> Picture:
    """A textured disc: all of it moves when it grows."""
    scale = np.float32(24 / radius)
    x, y = X * scale + SIDE / 2, Y * scale + SIDE / 2
    skin = cv2.remap(texture(3), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    inside = np.clip(radius - DISTANCE, 0, 1)
    return np.repeat((inside * skin + (1 - inside) * 30)[..., None], 3, axis=2).astype(np.uint8)


def pulsing(times: np.ndarray, frame_s: float, delay: float = 0.0) -> Paint:
    """Grows at each of ``times`` and falls back within a quarter of a second.

    Painted as it is at a frame's end, so that the frame during which a pulse begins shows it.
    """

    def paint(time: float) -> Picture:
        since = time + frame_s - 1e-6 - delay - times
        since = since[since >= 0]
        left = max(0.0, 1 - float(since.min()) / 0.25) if len(since) else 0.0
        return disc(24 + 6 * left**2)

    return paint


def clicks(times: np.ndarray, seconds: float = SECONDS) -> FloatArray:
    """Bursts of noise with a low thump, as of a drum, shape (n,)."""
    rng = np.random.default_rng(1)
    sound = rng.normal(0, CALM, int(seconds * RATE))
    after = np.arange(6000) / RATE
    fade = np.cos(np.pi * after / after[-1]) / 2 + 0.5  # what breaks off clicks once more
    for time in times:
        hit = 0.5 * np.sin(2 * np.pi * 55 * after) * np.exp(-after * 30) + rng.normal(0, 0.2, 6000) * np.exp(-after * 120)
        start = round(time * RATE)
        sound[start : start + 6000] += (hit * fade)[: len(sound) - start]
    return sound.clip(-1, 1).astype(np.float32)


def film(path: Path, paint: Paint, times: np.ndarray, sound: FloatArray | None, size: int = SIDE) -> Path:
    """Record what ``paint`` gives at each of ``times``."""
    with Recorder(path, (size, size), 30, channels=1, quality=4, drop=False) as recorder:
        if sound is not None:
            recorder.sound(sound[:, None], 0.0)
        for time in times:
            recorder.video(paint(time), time)
    assert recorder.error is None
    return path


def steady(fps: float, seconds: float = SECONDS) -> np.ndarray:
    return np.arange(round(seconds * fps)) / fps


def irregular() -> np.ndarray:
    times = np.cumsum(np.random.default_rng(5).uniform(0.3, 0.8, 40))
    return times[times < SECONDS - 0.5]


BEATS = 0.107 + np.arange(0, SECONDS - 0.4, 0.5)
CHANCE = irregular()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("videos")


@pytest.fixture(scope="module")
def pulse(folder: Path) -> Path:
    """Pulses with its sound, on no beat, 30 frames a second."""
    return film(folder / "pulse.mp4", pulsing(CHANCE, 1 / 30), steady(30), clicks(CHANCE))


@pytest.fixture(scope="module")
def measured(pulse: Path) -> Measured:
    return measure(pulse)


@pytest.fixture(scope="module")
def with_sound(measured: Measured) -> Figures:
    return measured.figures


def number(figures: Figures, key: str) -> float:
    value = figures[key]
    assert value is not None, key
    return value


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


def lossless(path: Path, frames: list[Picture], fps: int, sound: FloatArray | None, rate: int = RATE) -> Path:
    """What no codec has touched: FFV1 in RGB and PCM, in Matroska; sound of shape (n, channels)."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("ffv1", rate=Fraction(fps))
        video.height, video.width = frames[0].shape[:2]
        video.pix_fmt = "bgr0"
        audio = None
        if sound is not None:
            layout = {1: "mono", 2: "stereo", 8: "7.1"}[sound.shape[1]]
            audio = container.add_stream("pcm_f32le", rate=rate, layout=layout)
            audio.codec_context.format = "flt"
        for picture in frames:
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(video.encode(None))
        if audio is not None and sound is not None:
            frame = av.AudioFrame.from_ndarray(sound.reshape(1, -1), format="flt", layout=layout)
            frame.sample_rate = rate
            container.mux(audio.encode(frame))
            container.mux(audio.encode(None))
    return path


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


def test_the_envelope_is_librosas(folder: Path) -> None:
    librosa = pytest.importorskip("librosa")
    time = np.arange(int(SECONDS * RATE)) / RATE
    sound = clicks(BEATS) + 0.1 * np.sin(2 * np.pi * (200 + 40 * time) * time)
    soundfile.write(folder / "librosa.wav", sound.astype(np.float32), RATE)
    ours = listen(Soundtrack(folder / "librosa.wav"), 0.0)
    theirs = librosa.onset.onset_strength(
        y=sound.astype(np.float32), sr=RATE, hop_length=480, n_fft=1024, n_mels=64, fmin=30, fmax=16_000
    )
    length = min(len(ours.rises), len(theirs))
    best = max(
        float(np.corrcoef(ours.rises[max(0, -k) : length - max(0, k)], theirs[max(0, k) : length + min(0, k)])[0, 1])
        for k in range(-3, 4)
    )
    assert best > 0.8
    found = librosa.onset.onset_detect(onset_envelope=theirs, sr=RATE, hop_length=480, units="time")
    assert len(pairs(ours.onsets, found, 0.03)) > 0.9 * max(len(found), len(ours.onsets))


def test_how_loud_a_recording_is_does_not_matter(folder: Path) -> None:
    def heard(gain: float) -> Listened:
        soundfile.write(folder / "gain.wav", gain * clicks(CHANCE), RATE, subtype="FLOAT")
        return listen(Soundtrack(folder / "gain.wav"), 0.0)

    loud, soft = heard(1.0), heard(0.01)
    assert soft.rises == pytest.approx(loud.rises, abs=0.01) and np.array_equal(soft.onsets, loud.onsets)
    assert loud.rises.max() < RANGE_DB
    assert np.abs(loud.onsets - CHANCE).max() <= 0.0051


@pytest.mark.parametrize(("rate", "channels"), [(44_100, 2), (8000, 1), (96_000, 8)])
def test_sound_of_any_rate_and_channels(folder: Path, rate: int, channels: int) -> None:
    """Eight channels, of which one alone sounds; and what is not a number."""
    import soxr

    sound = np.zeros((int(SECONDS * rate), channels), np.float32)
    sound[:, -1] = soxr.resample(clicks(CHANCE), RATE, rate)[: len(sound)]
    sound[rate // 10 : rate // 10 + 5] = np.nan
    sound[rate // 9] = np.inf
    path = lossless(folder / f"{rate}.mkv", [disc(20)] * 16, 2, sound, rate)
    found = listen(Soundtrack(path), 0.0)
    assert np.isfinite(found.rises).all()
    assert found.end == pytest.approx(SECONDS, abs=0.011)
    assert len(pairs(found.onsets, CHANCE, 0.012)) == len(CHANCE) >= len(found.onsets) - 1


def test_a_gap_in_the_sound_is_silence(folder: Path) -> None:
    """A sound that begins two seconds late, and has a hole where packets are missing."""
    path = folder / "gap.mkv"
    with av.open(str(path), "w") as container:
        audio = container.add_stream("pcm_s16le", rate=RATE, layout="mono")
        for first in (2, 6):
            block = (32_000 * clicks(np.array([0.25]), 1.0)).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(block[None], format="s16", layout="mono")
            frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), first * RATE
            container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
    track = Soundtrack(path)
    heard = listen(track, track.start)
    assert (heard.start, heard.end) == pytest.approx((2.0, 7.0), abs=0.02)
    assert heard.onsets == pytest.approx([2.25, 6.25], abs=0.02)


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "visualizer", "measure", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_the_command_prints_and_draws(pulse: Path, folder: Path, with_sound: Figures) -> None:
    pytest.importorskip("matplotlib")
    done = run(pulse, "--json", "--plot", folder / "plot.png")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == with_sound and not done.stderr
    drawn = cv2.imread(str(folder / "plot.png"))
    assert drawn is not None and drawn.shape[1] > 1200 and drawn.std() > 20
    short = film(folder / "short.mp4", pulsing(CHANCE, 1 / 10), steady(10, 2.5), clicks(CHANCE[:3], 2.5))
    done = run(short)
    assert done.returncode == 0 and "watching" in done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(with_sound)


def test_a_long_video_is_drawn_in_part(measured: Measured) -> None:
    assert plots.stretch(measured) == (0.0, pytest.approx(SECONDS))
    edges = np.arange(1801) / 30
    rises = np.where((edges[:-1] > 31) & (edges[:-1] < 49), 5.0, 1.0)
    begin, end = plots.stretch(replace(measured, edges=edges, rises=rises))
    assert end - begin == pytest.approx(20) and begin <= 31 and end >= 49


def test_what_cannot_be_measured_is_one_sentence(folder: Path, pulse: Path) -> None:
    mute = lossless(folder / "mute.mkv", [disc(20), disc(24)] * 20, 10, None)
    single = lossless(folder / "single.mkv", [disc(20)], 10, clicks(CHANCE)[:, None])
    sound = folder / "sound.wav"
    soundfile.write(sound, clicks(CHANCE), RATE)
    short = folder / "short.wav"
    soundfile.write(short, clicks(CHANCE, 1.5), RATE)
    text = folder / "text.mp4"
    text.write_text("this is no video")
    brief = lossless(folder / "brief.mkv", [disc(20), disc(24)] * 5, 10, clicks(CHANCE)[:, None])
    cases: list[tuple[tuple[Path, ...], str]] = [
        ((mute,), r"mute\.mkv has no sound; .* --audio FILE"),
        ((single,), r"single\.mkv holds a single picture"),
        ((sound,), r"sound\.wav has no moving picture"),
        ((pulse, short), r"short\.wav lasts 1\.5 s"),
        ((text,), r"text\.mp4 is no video or sound"),
        ((folder / "none.mp4",), r"There is no file .*none\.mp4"),
        ((pulse, folder / "none.wav"), r"There is no file .*none\.wav"),
        ((folder,), "is a folder"),
        ((brief,), r"brief\.mkv and its sound run together for 1\.0 s"),
    ]
    for arguments, words in cases:
        with pytest.raises(MeasureError, match=words) as caught:
            measure(*arguments)
        assert str(caught.value).endswith(".") and "\n" not in str(caught.value)
    with pytest.raises(MeasureError, match=r"\.png"):
        plots.check_plot(Path("out.xyz"))
    with pytest.raises(MeasureError, match="no folder"):
        plots.check_plot(folder / "no" / "out.png")
    done = run(mute)
    assert done.returncode == 2 and "--audio" in done.stderr.splitlines()[-1] and "Traceback" not in done.stderr


def test_without_matplotlib_a_plot_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plots, "find_spec", lambda name: None)
    with pytest.raises(MeasureError, match=r"pip install .*matplotlib"):
        plots.check_plot(Path("out.png"))


def test_a_silent_sound_measures_what_it_can(folder: Path) -> None:
    path = lossless(folder / "silent.mkv", [disc(18 + i % 7) for i in range(60)], 20, np.zeros((3 * RATE, 2), np.float32))
    figures = measure(path).figures
    for key in ("r", "lag_ms", "av_align", "av_align_shuffled", "beat_alignment"):
        assert figures[key] is None
    assert 0.5 < number(figures, "silence_flicker") < 1 and figures["warping_error"] is not None


def test_a_file_that_breaks_off_is_measured_as_far_as_it_goes(pulse: Path, folder: Path) -> None:
    whole = folder / "whole.mkv"
    film(whole, pulsing(CHANCE, 1 / 15), steady(15), clicks(CHANCE))
    torn = folder / "torn.mkv"
    torn.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    figures = measure(torn).figures
    assert 60 < number(figures, "frames") < 120 and number(figures, "r") > 0.7


def test_measuring_needs_no_torch() -> None:
    code = "import sys, visualizer.measure.figures, visualizer.measure.plot; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"
