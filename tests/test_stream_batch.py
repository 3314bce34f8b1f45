"""Stream batch: a pass a frame, hands that act at once, and pictures as good as those of steps one after another."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from moving_pictures import disc, likeness
from safetensors.torch import load, save
from some_styles import kohya, some_parts
from tiny_families import make_family

from engines.backends import BackendError, Build, Networks, open_networks
from engines.backends.torch_backend import TorchNetworks
from engines.denoise import Denoiser
from engines.denoise import Wanted as Asked
from engines.guidance import Meant, Strength
from engines.model import ModelInfo, inspect
from engines.model import load as load_modules
from engines.schedule import Schedule
from engines.slots import Slots
from engines.stream import Stream
from engines.warp import Motion
from visualizer.renderer.settings import RendererSettings
from visualizer.renderer.wanted import Wanted

PROMPT, OTHER = "a red re!", "bad feed"
KNOBS = {"picture/steps": 4.0, "picture/change": 0.8, "picture/walk": 1.0, "motion/zoom": 0.5, "motion/rotate": 30.0}

Batched = Callable[..., tuple[ModelInfo, Networks]]


@pytest.fixture(scope="module")
def lcm(tmp_path_factory: pytest.TempPathFactory) -> Batched:
    """A tiny LCM and its networks for so many slots."""
    info = inspect(make_family(tmp_path_factory.mktemp("batched") / "lcm", "lcm"))
    return lambda batch, backend="torch", **more: (
        info, open_networks(info, (64, 64), backend, tmp_path_factory.getbasetemp(), Build(batch=batch))
    )  # fmt: skip


@pytest.fixture(scope="module")
def shipped(embedded: Path, engine_cache: Path) -> tuple[ModelInfo, Networks]:
    """The model that ships, for four slots."""
    info = inspect(embedded)
    return info, open_networks(info, (128, 128), "openvino", engine_cache, Build(batch=4))


class Counted:
    """Networks that note how many latents each pass of the UNet took."""

    def __init__(self, networks: Networks) -> None:
        self._networks = networks
        self.passes: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._networks, name)

    def unet(self, latent: torch.Tensor, *asked: Any) -> torch.Tensor:
        self.passes.append(len(latent))
        return self._networks.unet(latent, *asked)


def frames(stream: Stream, numbers: range, **knobs: float) -> list[np.ndarray]:
    turned = {**KNOBS, **{name.replace("__", "/"): value for name, value in knobs.items()}}
    return [stream.paint(turned, None, number / 24) for number in numbers]


def started(opened: tuple[ModelInfo, Networks], prompt: str = PROMPT) -> Stream:
    stream = Stream(*opened)
    stream.set_prompt(prompt)
    return stream


def test_a_frame_is_one_pass(lcm: Batched) -> None:
    """The first takes its steps alone; then each step has a slot, or two steps share one where there are more."""
    info, networks = lcm(4)
    counted = Counted(networks)
    stream = started((info, counted))
    frames(stream, range(1))
    assert counted.passes == [1] * 4 and stream.delay_frames == 0
    for steps, passes, delay in ((4, 1, 3), (8, 2, 3), (6, 2, 2), (2, 1, 1), (1, 1, 0), (4, 1, 3)):
        counted.passes.clear()
        frames(stream, range(1, 2), picture__steps=float(steps))
        assert counted.passes == [1 if steps == 1 else 4] * passes
        assert stream.delay_frames == delay


def test_the_networks_answer_for_each_latent_as_for_one(embedded: Path, engine_cache: Path) -> None:
    """On both backends, with sound factors, each latent at a timestep of its own."""
    info = inspect(embedded)
    generator = torch.Generator().manual_seed(2)
    alone = open_networks(info, (128, 128), "torch", engine_cache)
    latent = torch.randn((3, *alone.latent_shape[1:]), generator=generator)
    text, factors, times = alone.encode_text("flames"), torch.rand((1, 7), generator=generator), [900.0, 500.0, 120.0]
    expected = torch.cat([alone.unet(latent[i : i + 1], times[i], text, factors) for i in range(3)])
    for backend, far in (("torch", 1e-4), ("openvino", 0.1)):
        networks = open_networks(info, (128, 128), backend, engine_cache, Build(batch=3))
        assert (networks.batch, networks.batches) == (3, {1, 3})
        found = networks.unet(latent, torch.tensor(times), text, factors)
        assert float((found - expected).pow(2).mean().sqrt()) < far * float(expected.std()), backend
        assert torch.equal(networks.unet(latent[:1], 900.0, text, factors), networks.unet(latent[:1], 900.0, text, factors))


def test_an_xl_model_and_one_that_is_told_a_scale_take_a_batch(tmp_path: Path) -> None:
    for family in ("sdxl", "lcm", "sd2"):
        info = inspect(make_family(tmp_path / family, family))
        networks = open_networks(info, (64, 64), "torch", tmp_path, Build(batch=2))
        latent, text = torch.randn((2, *networks.latent_shape[1:])), networks.encode_text(PROMPT)
        found = networks.unet(latent, torch.tensor([999.0, 499.0]), text, None)
        alone = [networks.unet(latent[i : i + 1], time, text, None) for i, time in ((0, 999.0), (1, 499.0))]
        assert torch.allclose(found, torch.cat(alone), atol=1e-4), family


@pytest.mark.parametrize("backend", ["torch", "openvino"])
def test_styles_weigh_on_each_of_a_batch_as_on_one(tmp_path: Path, backend: str) -> None:
    info = inspect(make_family(tmp_path / "lcm", "lcm"))
    style = kohya(some_parts(load_modules(info).unet, ("to_q", "conv1")), tmp_path / "ink.safetensors")
    networks = open_networks(info, (64, 64), backend, tmp_path / "engines", Build((style,), batch=3))
    latent, text = torch.randn((3, *networks.latent_shape[1:])), networks.encode_text(PROMPT)
    times, found = torch.tensor([999.0, 499.0, 99.0]), list[torch.Tensor]()
    for weight in (0.0, 0.8):
        networks.set_styles((weight,))
        found.append(networks.unet(latent, times, text, None))
        alone = torch.cat([networks.unet(latent[i : i + 1], float(times[i]), text, None) for i in range(3)])
        assert float((found[-1] - alone).abs().max()) < 0.1 * float(alone.std())
    assert float((found[0] - found[1]).abs().max()) > 0.3 * float(found[0].std())


def test_a_source_is_painted_over_as_late_as_the_pictures_are(embedded: Path, engine_cache: Path) -> None:
    info = inspect(embedded)
    networks = open_networks(info, (128, 128), "openvino", engine_cache, Build(sees=True, batch=4))
    stream, shown = started((info, networks), "glowing violet nebula"), [disc(number / 24, 128) for number in range(40)]
    knobs = {"picture/change": 0.9, "picture/steps": 4.0}
    painted = [stream.paint(knobs, None, number / 24, picture) for number, picture in enumerate(shown)]
    late = stream.delay_frames
    assert late == 3 and likeness(painted[11:], shown[8:-late]) > 0.6


def test_what_stands_still_takes_the_very_steps_of_a_sequence(lcm: Batched) -> None:
    """One latent through all slots, nothing moving, is one latent in as many steps."""
    info, networks = lcm(4)
    schedule, text = Schedule.of(info), networks.encode_text(PROMPT)
    wanted = Asked(text, text, 1.0, 1, None, None, Strength(0.0), 0.04)
    clean, noise = torch.randn((2, *networks.latent_shape), generator=torch.Generator().manual_seed(3))
    levels = schedule.levels(0.8, 4)
    expected = Denoiser(networks, schedule).run(schedule.noised(clean, noise, 0.8), levels, wanted, Motion())
    slots = Slots(schedule, Denoiser(networks, schedule), 4)
    slots.begin(torch.zeros_like(clean))
    found = [slots.advance(clean, noise, 0.8, 4, wanted, Motion()) for _ in range(4)]
    assert torch.allclose(found[3], expected, atol=1e-3)
    assert not torch.allclose(found[2], expected, atol=0.1), "the picture that filled the slots comes before"


@pytest.mark.parametrize(
    "turned",
    [{"light/gain": 0.5}, {"picture/seed": 7.0}, {"picture/change": 0.5}, {"picture/steps": 2.0}, {"motion/pan_x": 0.8},
     {"picture/guidance": 3.0}],
)  # fmt: skip
def test_a_knob_turned_now_acts_in_the_next_frame(lcm: Batched, turned: dict[str, float]) -> None:
    one, other = started(lcm(4)), started(lcm(4))
    assert all(map(np.array_equal, frames(one, range(9)), frames(other, range(9))))
    assert not np.array_equal(one.paint(KNOBS, None, 9 / 24), other.paint({**KNOBS, **turned}, None, 9 / 24))


def test_a_prompt_and_a_meaning_act_in_the_next_frame(lcm: Batched) -> None:
    opened = lcm(4)
    streams = [started(opened) for _ in range(3)]
    for stream in streams:
        frames(stream, range(9))
    streams[1].set_prompt(OTHER)
    meant = Meant(opened[1].encode_text(OTHER), opened[1].encode_text(""))
    led = {**KNOBS, "guide/strength": 2.0, "guide/refresh": 1.0}
    plain, said = (stream.paint(KNOBS, None, 9 / 24) for stream in streams[:2])
    assert not np.array_equal(plain, said) and not np.array_equal(plain, streams[2].paint(led, meant, 9 / 24))


@pytest.mark.parametrize("guidance", [1.0, 4.0])
def test_a_whole_state_goes_on_with_the_very_same_pictures(lcm: Batched, guidance: float) -> None:
    """Through a file's bytes, with slots that are filled, being filled, and fewer and more than before."""
    steps = [4, 4, 4, 4, 2, 2, 8, 8, 3, 4, 4, 4]
    opened = lcm(4)

    def on(stream: Stream, numbers: range) -> list[np.ndarray]:
        knobs = {"picture/guidance": guidance, "picture/guidance_refresh": 3.0}
        return [stream.paint({**KNOBS, **knobs, "picture/steps": steps[i]}, None, i / 24) for i in numbers]

    for cut in (0, 1, 3, 5, 8):
        stream = started(opened)
        on(stream, range(cut))
        stream.set_prompt(OTHER)
        kept = save(stream.whole_state())
        expected = on(stream, range(cut, 12))
        other = started(opened, OTHER)
        other.restore(load(kept))
        assert np.array_equal(on(other, range(cut, 12)), expected), f"after {cut} frames"


def test_a_successor_fills_its_slots_with_what_it_takes_up(shipped: tuple[ModelInfo, Networks]) -> None:
    """No frame at the start, or after a renderer took over, is anything but the picture."""
    first = started(shipped, "glowing violet nebula")
    pictures = frames(first, range(8), picture__walk=0.3, motion__zoom=0.0, motion__rotate=0.0)
    second = Stream(*shipped, first.state)
    second.set_prompt("glowing violet nebula")
    pictures += frames(second, range(8), picture__walk=0.3, motion__zoom=0.0, motion__rotate=0.0)
    steps = [np.abs(a.astype(int) - b).mean() for a, b in itertools.pairwise(pictures)]
    assert max(steps) < 6, steps


def test_pictures_are_as_good_as_those_of_steps_one_after_another(
    shipped: tuple[ModelInfo, Networks], engine_cache: Path
) -> None:
    """300 frames in band: light, contrast and fine detail as in the sequence, and no trembling between slots."""
    import cv2

    def measured(opened: tuple[ModelInfo, Networks], count: int) -> dict[str, float]:
        painted = frames(started(opened, "glowing violet nebula"), range(count), motion__zoom=0.1, motion__rotate=0.0)
        grey = np.stack([cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in painted[40:]]).astype(float)
        return {
            "mean": float(grey.mean()), "contrast": float(grey.std((1, 2)).mean()),
            "detail": float(np.mean([cv2.Laplacian(picture, cv2.CV_64F).std() for picture in grey])),
            "step": float(np.abs(np.diff(grey, axis=0)).mean()), "four": float(np.abs(grey[4:] - grey[:-4]).mean()),
            "darkest": float(grey.mean((1, 2)).min()), "lightest": float(grey.mean((1, 2)).max()),
        }  # fmt: skip

    alone = open_networks(shipped[0], (128, 128), "openvino", engine_cache)
    batched, sequence = measured(shipped, 300), measured((shipped[0], alone), 120)
    for name in ("mean", "contrast", "detail"):
        assert batched[name] == pytest.approx(sequence[name], rel=0.35), name
    assert batched["darkest"] > 8 and batched["lightest"] < 200
    assert batched["step"] < 0.6 * batched["four"], "the next picture is nearer than the next of the same slot"
    assert batched["step"] < 1.5 * sequence["step"]


def test_a_model_of_one_step_is_refused(tmp_path: Path) -> None:
    info = inspect(make_family(tmp_path / "sd-turbo", "sd-turbo"))
    with pytest.raises(BackendError, match=r"in one step, .* leave --batch out"):
        open_networks(info, (64, 64), "torch", tmp_path, Build(batch=4))


def test_a_live_show_paints_a_model_of_one_step_without_slots(tmp_path: Path) -> None:
    """The next model of several steps has them again: they stay asked for."""
    several, one = make_family(tmp_path / "lcm", "lcm"), make_family(tmp_path / "turbo", "sd-turbo")
    asked = RendererSettings(several, (64, 64), 24.0, "", tmp_path, "torch", batch=3)
    for model, slots in ((several, 3), (one, 1), (several, 3)):
        asked = replace(asked, model=model)
        assert Wanted.of(asked.wanted()).open().batch == slots


def test_guidance_shares_a_pass_with_the_slots(tmp_path: Path) -> None:
    """Both questions of all slots in one pass on torch, or in two where the networks take no more."""
    info = inspect(make_family(tmp_path / "sd1", "sd1"))
    counted = Counted(TorchNetworks(info, (64, 64), build=Build(batch=4)))
    assert counted.batches == {1, 2, 4, 8}
    stream = started((info, counted))
    for batches, passes in (({1, 2, 4, 8}, [8]), ({1, 4}, [4, 4])):
        counted.batches = frozenset(batches)
        frames(stream, range(2), picture__guidance=7.5)
        assert counted.passes[-len(passes) :] == passes
