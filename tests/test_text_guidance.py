"""Classifier-free guidance in the stream: diffusers' own combination, at the cost that is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load, save
from tiny_families import make_family

from engines.backends.torch_backend import TorchNetworks
from engines.denoise import Denoiser, Point, Wanted
from engines.guidance import Meant, Strength
from engines.model import ModelInfo, inspect
from engines.schedule import Schedule
from engines.stream import Stream
from engines.warp import Motion
from visualizer.preset import Preset

PROMPT, UNWANTED = "a red re!", "bad feed"
SCALES = {"sd1": 7.5, "sd2": 7.5, "sdxl": 5.0, "sd-turbo": 1.0, "lcm": 1.0}

Families = Callable[[str], tuple[ModelInfo, TorchNetworks]]


@pytest.fixture(scope="module")
def families(tmp_path_factory: pytest.TempPathFactory) -> Families:
    """A family's tiny model and its networks."""
    root = tmp_path_factory.mktemp("guided")

    def opened(family: str) -> tuple[ModelInfo, TorchNetworks]:
        folder = root / family
        info = inspect(folder if folder.exists() else make_family(folder, family))
        return info, TorchNetworks(info, (64, 64))

    return opened


class Counted:
    """Networks that note how many latents each pass of the UNet took."""

    def __init__(self, networks: TorchNetworks) -> None:
        self._networks = networks
        self.passes: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._networks, name)

    def unet(self, latent: torch.Tensor, *asked: Any) -> torch.Tensor:
        self.passes.append(len(latent))
        return self._networks.unet(latent, *asked)


@pytest.mark.parametrize("family", SCALES)
def test_a_look_has_the_guidance_that_its_model_is_made_for(families: Families, family: str) -> None:
    info, networks = families(family)
    assert Preset("look", "", {}).on(info).numbers()["picture/guidance"] == SCALES[family]
    assert Preset("look", "", {"picture/guidance": 3.0}).on(info).numbers()["picture/guidance"] == 3.0
    assert networks.batches == ({1, 2} if SCALES[family] > 1 else {1})


@pytest.mark.parametrize("unwanted", ["", UNWANTED])
@pytest.mark.parametrize("family", ["sd1", "sd2", "sdxl"])
def test_every_step_is_guided_as_diffusers_guides_it(families: Families, family: str, unwanted: str) -> None:
    """The same clean latent and noise as from what diffusers' pipeline hands to its scheduler."""
    info, networks = families(family)
    schedule = Schedule.of(info)
    stream = Stream(info, networks)
    stream.set_prompt(PROMPT, negative=unwanted)
    wanted = stream._wanted({**_knobs(info), "picture/guidance": 7.5}, None, 0.0)
    denoiser = Denoiser(networks, schedule)
    steps = _pipeline_steps(info.path, unwanted)
    assert len(steps) >= 4
    for latent, timestep, combined in steps:
        point = Point(0, latent, timestep / 999)
        assert schedule.timestep(point.level) == timestep
        denoiser.begin(wanted, Motion(), 1)
        ((clean, noise),) = denoiser.take([point], wanted)
        denoiser.end()
        expected = schedule.split(latent, combined, point.level)
        alone = schedule.split(latent, networks.unet(latent, timestep, wanted.text, None), point.level)
        for ours, theirs, plain in zip((clean, noise), expected, alone, strict=True):
            led = float((theirs - plain).abs().max())
            assert led > 1e-4, "guidance does something"
            assert float((ours - theirs).abs().max()) < 0.02 * led


def _pipeline_steps(folder: Path, unwanted: str) -> list[tuple[torch.Tensor, float, torch.Tensor]]:
    """(latent, timestep, guided prediction) of every step in diffusers' own pipeline."""
    from diffusers import DiffusionPipeline

    pipeline = DiffusionPipeline.from_pretrained(folder, local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)
    asked: list[tuple[torch.Tensor, float]] = []
    guided: list[torch.Tensor] = []
    pipeline.unet.register_forward_pre_hook(lambda _, given: asked.append((given[0][:1].clone(), float(given[1]))))
    step = pipeline.scheduler.step

    def noted(prediction: torch.Tensor, *given: Any, **named: Any) -> Any:
        guided.append(prediction.clone())
        return step(prediction, *given, **named)

    pipeline.scheduler.step = noted
    noise = torch.randn((1, 4, 8, 8), generator=torch.Generator().manual_seed(5))
    pipeline(
        PROMPT, negative_prompt=unwanted or None, height=64, width=64, num_inference_steps=4, guidance_scale=7.5,
        latents=noise, output_type="latent",
    )  # fmt: skip
    return [(latent, timestep, found) for (latent, timestep), found in zip(asked, guided, strict=True)]


def _knobs(info: ModelInfo, **others: float) -> dict[str, float]:
    knobs = {
        "picture/steps": 4.0, "picture/change": info.change, "picture/walk": 1.0, "picture/guidance": 1.0,
        "picture/guidance_refresh": 1.0, "picture/mix": 0.0, "guide/strength": 1.0, "guide/mask": 0.0,
        "guide/momentum": 0.0, "guide/refresh": 0.0,
    }  # fmt: skip
    return knobs | {f"picture/{name}": value for name, value in others.items()}


def _passes(opened: tuple[ModelInfo, TorchNetworks], frames: int, batches: set[int], **knobs: float) -> list[list[int]]:
    """The passes of each frame after the first."""
    info, networks = opened
    counted = Counted(networks)
    counted.batches = frozenset(batches)
    stream = Stream(info, counted)
    stream.set_prompt(PROMPT)
    found = []
    for number in range(frames + 1):
        counted.passes.clear()
        stream.paint(_knobs(info, **knobs), None, number / 24)
        found.append(list(counted.passes))
    return found[1:]


def test_guidance_costs_what_is_asked_for(families: Families) -> None:
    """None: a pass a step. Guided: one pass of two where the networks take two, else two; every n-th frame if so asked."""
    sd1 = families("sd1")
    assert _passes(sd1, 3, {1, 2}) == [[1] * 4] * 3
    assert _passes(sd1, 3, {1, 2}, guidance=7.5) == [[2] * 4] * 3
    assert _passes(sd1, 3, {1}, guidance=7.5) == [[1] * 8] * 3
    # The first frame has more steps, so it has seen those of all that follow.
    rare = _passes(sd1, 8, {1, 2}, guidance=7.5, guidance_refresh=4.0)
    assert rare == [[1] * 4, [1] * 4, [1] * 4, [2] * 4] * 2


def test_one_is_no_guidance_and_a_difference_that_stays_is_exact(families: Families) -> None:
    info, networks = families("sd1")

    def frames(**knobs: float) -> list[np.ndarray]:
        stream = Stream(info, networks)
        stream.set_prompt(PROMPT, negative=UNWANTED)
        return [stream.paint(_knobs(info, **knobs), None, i / 24) for i in range(4)]

    plain = frames()
    assert all(map(np.array_equal, plain, frames(guidance_refresh=3.0)))
    assert not any(map(np.array_equal, plain, frames(guidance=5.0)))
    again, kept = frames(guidance=5.0), frames(guidance=5.0, guidance_refresh=9.0)
    assert np.array_equal(again[0], kept[0]), "the first frame sees all"
    assert not np.array_equal(again[-1], kept[-1])


@pytest.mark.parametrize("refresh", [1.0, 3.0])
def test_a_guided_stream_stays_in_band(families: Families, refresh: float) -> None:
    """200 frames of feedback under strong guidance hold no value that is none, and do not run away."""
    info, networks = families("sd2")
    stream = Stream(info, networks)
    stream.set_prompt(PROMPT, negative=UNWANTED)
    knobs = _knobs(info, guidance=7.5, guidance_refresh=refresh, steps=2.0) | {"motion/zoom": 0.5}
    spread = []
    for number in range(200):
        stream.paint(knobs, None, number / 24)
        assert stream.state is not None and np.isfinite(stream.state.latent).all()
        spread.append(float(stream.state.latent.std()))
    assert max(spread[100:]) < 2 * max(spread[:100])


@pytest.mark.parametrize("refresh", [1.0, 3.0])
def test_a_guided_stream_goes_on_with_the_very_same_pictures(families: Families, refresh: float) -> None:
    """Through a file's bytes, while another prompt and negative prompt come, and the sound leads as well."""
    info, networks = families("sd1")
    knobs = _knobs(info, guidance=4.0, guidance_refresh=refresh) | {"motion/rotate": 40.0, "guide/refresh": 2.0}
    meant = Meant(networks.encode_text("a feed"), networks.encode_text(""))

    def frames(stream: Stream, numbers: range) -> list[np.ndarray]:
        return [stream.paint(knobs, meant, number / 24) for number in numbers]

    for cut in (1, 5):
        stream = Stream(info, networks)
        stream.set_prompt(PROMPT)
        frames(stream, range(cut))
        stream.set_prompt("red", negative=UNWANTED)
        frames(stream, range(cut, cut + 2))
        kept = save(stream.whole_state())
        expected = frames(stream, range(cut + 2, 10))
        other = Stream(info, networks)
        other.set_prompt("red", negative=UNWANTED)
        other.restore(load(kept))
        assert np.array_equal(frames(other, range(cut + 2, 10)), expected), f"after {cut} frames"


def test_sound_and_words_lead_together(families: Families) -> None:
    """x0 = x0_text + (w − 1)·(x0_text − x0_negative) + s·(x0_sound − x0_text), in three questions of two passes."""
    info, networks = families("sd1")
    counted, schedule = Counted(networks), Schedule.of(info)
    text, negative, sound = (networks.encode_text(said) for said in (PROMPT, UNWANTED, "a feed"))
    wanted = Wanted(text, negative, 3.0, 1, None, Meant(sound, text, 0.5), Strength(1.2, refresh=1), 0.04)
    denoiser = Denoiser(counted, schedule)
    latent = torch.randn((1, 4, 8, 8), generator=torch.Generator().manual_seed(1))
    found = denoiser.run(latent, [0.6], wanted, Motion())
    assert counted.passes == [2, 1]
    x0 = [schedule.split(latent, networks.unet(latent, schedule.timestep(0.6), said, None), 0.6)[0] for said in
          (text, negative, sound)]  # fmt: skip
    assert torch.allclose(found, x0[0] + 2 * (x0[0] - x0[1]) + 0.6 * (x0[2] - x0[0]), atol=1e-4)
    alone = Denoiser(counted, schedule).run(latent, [0.6], replace(wanted, scale=1.0, led=None), Motion())
    assert torch.allclose(alone, x0[0], atol=1e-5)
