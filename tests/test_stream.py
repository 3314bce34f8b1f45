"""The stream's parts against slow references, and a whole stream on the model that ships."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from engines.backends import Networks, open_networks
from engines.guidance import Meant
from engines.light import light_map
from engines.model import ModelInfo, inspect
from engines.noise import NoiseWalk
from engines.schedule import Schedule
from engines.stream import MEAN_BAND, STD_BAND, Stream, level_per_frame, steadied
from engines.warp import Motion, warp


@pytest.mark.parametrize("prediction", ["flow", "epsilon", "v_prediction", "sample"])
def test_a_perfect_prediction_gives_back_picture_and_noise(prediction: str) -> None:
    rng = np.random.default_rng(1)
    clean, noise = rng.normal(size=(2, 1, 4, 8, 8))
    betas = np.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2
    alphas = np.cumprod(1 - betas)
    schedule = Schedule(prediction, None if prediction == "flow" else torch.tensor(alphas))
    for level in (0.2, 0.5, 0.9):
        if prediction == "flow":
            signal, sigma, truth = 1 - level, level, noise - clean
        else:
            alpha = alphas[round(level * 999)]
            signal, sigma = alpha**0.5, (1 - alpha) ** 0.5
            truth = {"epsilon": noise, "v_prediction": signal * noise - sigma * clean, "sample": clean}[prediction]
        noised = schedule.noised(torch.tensor(clean), torch.tensor(noise), level)
        assert np.allclose(noised, signal * clean + sigma * noise, atol=1e-6)
        found_clean, found_noise = schedule.split(noised, torch.tensor(truth), level)
        assert np.allclose(found_clean, clean, atol=1e-6)
        assert np.allclose(found_noise, noise, atol=1e-4)


def test_levels_fall_evenly_to_zero() -> None:
    assert Schedule("flow", None).levels(0.6, 3) == pytest.approx([0.6, 0.4, 0.2])
    assert Schedule("flow", None).timestep(0.6) == pytest.approx(600)


def test_the_walk_stays_gaussian_and_continuous_and_is_fixed_by_its_seed() -> None:
    walk = NoiseWalk((1, 4, 64, 64), 5)
    for phase in np.linspace(0, 7, 15):
        noise = walk.at(float(phase))
        assert float(noise.std()) == pytest.approx(1, abs=0.03)
        step = (walk.at(float(phase) + 0.01) - noise).pow(2).mean().sqrt()
        assert float(step) == pytest.approx(0.01, rel=0.15)
    assert torch.equal(NoiseWalk((1, 4, 64, 64), 5).at(3.3), walk.at(3.3))
    assert not torch.equal(NoiseWalk((1, 4, 64, 64), 6).at(3.3), walk.at(3.3))


def test_noise_moves_as_a_picture_does_and_stays_noise() -> None:
    walk = NoiseWalk((1, 4, 64, 64), 5)
    start = walk.at(0.4)
    walk.move(Motion())
    assert torch.equal(walk.at(0.4), start)
    for _ in range(10):
        walk.move(Motion(pan_x=0.2 / 64))  # two cells in all
    right = walk.at(0.4)
    assert _likeness(right[..., 4:], start[..., 2:-2]) > 0.98, "noise that is shifted by whole cells is the same"
    for _ in range(10):
        walk.move(Motion(pan_x=-0.2 / 64))
    assert _likeness(walk.at(0.4)[..., 4:-4], start[..., 4:-4]) > 0.98
    motion = Motion(zoom=0.1, rotate=6.0, pan_y=0.02, swirl=0.05)
    expected, before = warp(walk.at(0.4), motion), walk.at(0.4)
    walk.move(motion)
    inner = (..., slice(8, -8), slice(8, -8))
    assert _likeness(walk.at(0.4)[inner], expected[inner]) > 0.6 > 0.3 > abs(_likeness(walk.at(0.4)[inner], before[inner]))


@pytest.mark.parametrize("motion", [Motion(zoom=0.04), Motion(zoom=-0.04), Motion(rotate=3.0), Motion(swirl=0.05)])
def test_moved_noise_is_white_and_of_unit_strength(motion: Motion) -> None:
    walk = NoiseWalk((1, 4, 64, 64), 7)
    for step in range(120):
        walk.move(motion)
        if step % 13:
            continue
        noise = walk.at(0.02 * step)
        assert float(noise.std()) == pytest.approx(1, abs=0.02) and abs(float(noise.mean())) < 0.03
        assert float(noise.abs().max()) > 3.2, "Gaussian tails"
        for shift in (1, 2, 3):
            assert abs(_likeness(noise[..., shift:], noise[..., :-shift])) < 0.12
            assert abs(_likeness(noise[..., shift:, :], noise[..., :-shift, :])) < 0.12


def _likeness(one: torch.Tensor, other: torch.Tensor) -> float:
    return float(torch.corrcoef(torch.stack([one.flatten(), other.flatten()]))[0, 1])


def test_a_picture_goes_where_its_motion_says(painter: tuple[ModelInfo, Networks]) -> None:
    """Optical flow of what is painted: a noise that stood still would hold the picture in its place."""
    import cv2

    knobs = {"motion/pan_x": 0.25, "picture/change": 0.75, "picture/steps": 4.0}
    stream = Stream(*painter)
    stream.set_prompt("a golden city skyline")
    grey = [cv2.cvtColor(stream.paint(knobs, None, i / 24), cv2.COLOR_RGB2GRAY) for i in range(24)]
    flow = [cv2.calcOpticalFlowFarneback(a, b, None, 0.5, 3, 15, 3, 5, 1.2, 0) for a, b in itertools.pairwise(grey[8:])]
    right, down = np.mean(flow, axis=(0, 1, 2))
    assert right > 0.25 * 256 * 0.25 / 24 and abs(down) < right / 3


def test_warp_moves_what_it_says() -> None:
    y, x = torch.meshgrid(torch.arange(32.0), torch.arange(32.0), indexing="ij")

    def blob(cx: float, cy: float) -> torch.Tensor:
        return torch.exp(-((x - cx) ** 2 + (y - cy) ** 2) / 8)[None, None]

    def centre(picture: torch.Tensor) -> tuple[float, float]:
        weight = picture.clamp_min(0)[0, 0]
        return float((weight * x).sum() / weight.sum()), float((weight * y).sum() / weight.sum())

    start = blob(20, 12)
    assert warp(start, Motion()) is start
    assert centre(warp(start, Motion(pan_x=0.125))) == pytest.approx((24, 12), abs=0.1)
    assert centre(warp(start, Motion(pan_y=0.125))) == pytest.approx((20, 16), abs=0.1)
    assert centre(warp(blob(18, 14), Motion(zoom=1.0))) == pytest.approx((20.5, 12.5), abs=0.1)
    assert centre(warp(start, Motion(rotate=90))) == pytest.approx((19, 20), abs=0.2)


def test_statistics_are_pulled_into_the_band_and_left_alone_inside() -> None:
    torch.manual_seed(0)
    wild = torch.randn(1, 4, 32, 32) * 4 + 3
    calm = steadied(wild, 1.0)
    assert float(calm.mean((2, 3)).abs().max()) <= MEAN_BAND + 1e-4
    assert float(calm.std((2, 3)).max()) <= STD_BAND[1] + 1e-4
    inside = torch.randn(1, 4, 32, 32)
    assert torch.allclose(steadied(inside, 1.0), inside, atol=1e-5)


def test_the_light_map_keeps_grey_grey_and_turns_hues() -> None:
    matrix, offset = light_map(1.0, 1.0, 1.0, 120.0)
    assert torch.allclose(matrix @ torch.tensor([1.0, 0, 0]) + offset, torch.tensor([0.0, 1, 0]), atol=1e-5)
    matrix, offset = light_map(1.0, 1.5, 0.3, 40.0)
    assert torch.allclose(matrix @ torch.full((3,), 0.5) + offset, torch.full((3,), 0.5), atol=1e-5)
    matrix, offset = light_map(2.0, 1.0, 1.0, 0.0)
    assert torch.allclose(matrix @ torch.full((3,), 0.3) + offset, torch.full((3,), 0.6), atol=1e-5)


def test_what_is_kept_over_a_second_does_not_depend_on_the_frame_rate() -> None:
    for change in (0.5, 0.7):
        kept = [(1 - level_per_frame(change, 1 / fps)) ** fps for fps in (15, 24, 30, 50)]
        assert np.allclose(np.log(kept), 24 * np.log(1 - change), rtol=1e-6)
    assert level_per_frame(0.6, 1 / 24) == pytest.approx(0.6)
    assert level_per_frame(1.0, 1 / 60) == 1.0


def _run(painter: tuple[ModelInfo, Networks], frames: int, prompt: str = "flames", **controls: float) -> np.ndarray:
    stream = Stream(*painter)
    stream.set_prompt(prompt)
    knobs = {name.replace("__", "/"): value for name, value in controls.items()}
    return np.stack([stream.paint(knobs, None, i / 24) for i in range(frames)])


def test_the_same_stream_twice_is_identical_and_other_controls_differ(painter: tuple[ModelInfo, Networks]) -> None:
    first = _run(painter, 6, picture__walk=0.5, motion__zoom=0.3)
    assert np.array_equal(first, _run(painter, 6, picture__walk=0.5, motion__zoom=0.3))
    assert not np.array_equal(first[-1], _run(painter, 6, picture__walk=0.5, motion__zoom=0.3, sound__bass=1.0)[-1])
    assert not np.array_equal(first[0], _run(painter, 1, picture__seed=2)[0])
    assert not np.array_equal(first[0], _run(painter, 1, "blue ocean")[0])


def test_gain_zero_is_black_and_saturation_zero_is_grey(painter: tuple[ModelInfo, Networks]) -> None:
    assert _run(painter, 1, light__gain=0.0).max() <= 1
    grey = _run(painter, 1, light__saturation=0.0)[0].astype(int)
    assert np.abs(grey - grey.mean(-1, keepdims=True)).max() <= 2


def test_a_stream_goes_on_from_a_saved_state(painter: tuple[ModelInfo, Networks]) -> None:
    first = Stream(*painter)
    first.set_prompt("aurora")
    for i in range(8):
        first.paint({"picture/walk": 1.0}, None, i / 24)
    state = first.state
    assert state is not None
    copy = type(state)(state.latent.copy(), state.phase)
    expected = first.paint({}, None, 7 / 24)
    second = Stream(*painter, copy)
    second.set_prompt("aurora")
    assert np.abs(second.paint({}, None, 7 / 24).astype(int) - expected).max() <= 1


@pytest.mark.parametrize("refresh", [0.0, 3.0])
def test_a_whole_state_goes_on_with_the_very_same_pictures(tiny_model: Path, engine_cache: Path, refresh: float) -> None:
    """Through a file's bytes, with noise that has been dealt out anew, momenta, and a prompt that is fading in."""
    info = inspect(tiny_model)
    networks = open_networks(info, (64, 64), "torch", engine_cache)
    generator = torch.Generator().manual_seed(1)
    knobs = {
        "picture/walk": 3.0, "motion/zoom": 1.5, "motion/swirl": 2.0, "motion/rotate": 90.0, "guide/strength": 1.0,
        "guide/momentum": 0.6, "guide/mask": 0.3, "guide/refresh": refresh, "lens/mirrors": 5.0,
    }  # fmt: skip
    meant = [Meant(5 * torch.randn((1, 77, 32), generator=generator), networks.encode_text("")) for _ in range(14)]

    def frames(stream: Stream, numbers: range) -> list[np.ndarray]:
        return [stream.paint({**knobs, "light/gain": number / 7}, meant[number], number / 24) for number in numbers]

    for cut in (0, 1, 4, 9):
        stream = Stream(info, networks)
        stream.set_prompt("red")
        frames(stream, range(cut))
        stream.set_prompt("blue")
        kept = save(stream.whole_state())
        expected = frames(stream, range(cut, 14))
        other = Stream(info, networks)
        other.set_prompt("blue")
        other.restore(load(kept))
        assert np.array_equal(frames(other, range(cut, 14)), expected), f"after {cut} frames"
        assert cut < 9 or (stream._walk is not None and stream._walk._dealt > 0)


def test_a_long_stream_neither_saturates_nor_goes_dark(painter: tuple[ModelInfo, Networks]) -> None:
    stream = Stream(*painter)
    stream.set_prompt("glowing violet nebula")
    means, spreads = [], []
    for i in range(400):
        picture = stream.paint({"picture/walk": 0.6, "motion/zoom": 0.2, "sound/energy": 0.6}, None, i / 24)
        if i >= 100:
            means.append(picture.mean())
            spreads.append(picture.std())
    assert min(means) > 8 and max(means) < 200
    assert min(spreads) > 10
    assert not math.isclose(means[0], means[-1], abs_tol=1e-6)


def test_a_hub_model_streams_too(tiny_model: Path, engine_cache: Path) -> None:
    info = inspect(tiny_model)
    for backend in ("torch", "openvino"):
        stream = Stream(info, open_networks(info, (128, 64), backend, engine_cache))
        stream.set_prompt("red")
        pictures = [stream.paint({"picture/walk": 1.0}, None, i / 24) for i in range(3)]
        assert pictures[-1].shape == (64, 128, 3)
        assert not np.array_equal(pictures[0], pictures[-1])


def test_threads_do_not_change_the_noise() -> None:
    def moved(threads: int) -> torch.Tensor:
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            walk = NoiseWalk((1, 4, 32, 32), 5)
            for frame in range(60):
                walk.at(0.1 * frame)
                walk.move(Motion(zoom=0.08, rotate=3.0, swirl=0.02))
            return walk.at(6.0)
        finally:
            torch.set_num_threads(before)

    alone = moved(1)
    assert all(torch.equal(alone, moved(threads)) for threads in (2, 4, 4, 4, 4))
