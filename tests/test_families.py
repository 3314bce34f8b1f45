"""Models of every family load, paint, and are asked for exactly what diffusers' own pipelines ask them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_families import SCHEDULERS, WORDS, make_family, make_taesd

from engines.backends import open_networks
from engines.guidance import Meant
from engines.model import ModelError, inspect, load
from engines.schedule import Schedule
from engines.stream import Stream
from engines.tokenizer import Tokenizer

PROMPT, OTHER = "a red re!", "bad feed"
STEPS = {"sd1": 8, "sd2": 8, "sd-turbo": 1, "lcm": 4, "sdxl": 8, "sdxl-turbo": 1}

Folders = Callable[[str], Path]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """A family's tiny model, made once."""
    root = tmp_path_factory.mktemp("families")

    def folder(family: str) -> Path:
        path = root / family
        return path if path.exists() else make_family(path, family)

    return folder


@pytest.mark.parametrize("family", SCHEDULERS)
def test_a_family_is_told_from_its_files(folders: Folders, family: str) -> None:
    info = inspect(folders(family))
    assert (info.family.name, info.steps) == (family, STEPS[family])
    assert info.prediction == ("v_prediction" if family == "sd2" else "epsilon")
    assert (info.native_size, info.latent_scale, info.pooled) == ((64, 64), 8, family.startswith("sdxl"))


@pytest.mark.parametrize(
    ("family", "backend"),
    [(family, "torch") for family in SCHEDULERS] + [(family, "openvino") for family in SCHEDULERS if family != "sdxl"],
)
def test_a_family_streams(folders: Folders, engine_cache: Path, family: str, backend: str) -> None:
    """Frames that fade to another prompt, and are led by what a sound means, differ and hold no value that is none."""
    info = inspect(folders(family))
    networks = open_networks(info, (64, 64), backend, engine_cache)
    stream = Stream(info, networks)
    stream.set_prompt(PROMPT)
    knobs = {"picture/steps": float(info.steps), "picture/change": info.change, "picture/walk": 1.0}
    frames = [stream.paint(knobs, None, 0.0)]
    stream.set_prompt(OTHER)
    meant = Meant(networks.encode_text(OTHER), networks.encode_text(""))
    frames += [stream.paint(knobs, None, 0.1), stream.paint(knobs, meant, 0.2)]
    assert all(frame.shape == (64, 64, 3) and frame.std() > 0 for frame in frames)
    assert not np.array_equal(frames[0], frames[2])
    assert stream.state is not None
    assert np.isfinite(stream.state.latent).all()


@pytest.mark.parametrize("family", SCHEDULERS)
def test_the_unet_is_asked_as_diffusers_asks_it(folders: Folders, tmp_path: Path, family: str) -> None:
    """Text states, guidance scale, sizes and the vector of the whole text: the same prediction for the same latent."""
    info = inspect(folders(family))
    asked, found = _pipeline_step(info.path, family)
    networks = open_networks(info, (64, 64), "torch", tmp_path)
    text = networks.encode_text(PROMPT)
    sample, timestep, expected = asked
    assert torch.allclose(networks.unet(sample, timestep, text, None), expected, atol=1e-4)
    assert not torch.allclose(networks.unet(sample, timestep, networks.encode_text(OTHER), None), expected, atol=1e-4)
    if family in ("sd-turbo", "sdxl-turbo", "lcm"):  # their one step ends at the clean latent
        schedule = Schedule.of(info)
        assert schedule.timestep(1.0) == timestep == 999.0
        clean, _ = schedule.split(sample, expected, 1.0)
        assert float((clean - found).abs().max()) < 1e-4 * float(found.abs().max())


def _pipeline_step(folder: Path, family: str) -> tuple[tuple[torch.Tensor, float, torch.Tensor], torch.Tensor]:
    """((latent, timestep, prediction) of the first UNet call in diffusers' own pipeline, the latent it ends with)."""
    from diffusers import DiffusionPipeline

    pipeline = DiffusionPipeline.from_pretrained(folder, local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)
    calls: list[tuple[torch.Tensor, float, torch.Tensor]] = []

    def note(_: Any, inputs: tuple[Any, ...], named: dict[str, Any], output: Any) -> None:
        calls.append((inputs[0].clone(), float(inputs[1]), output[0].clone()))

    pipeline.unet.register_forward_hook(note, with_kwargs=True)
    guidance = 8.0 if family == "lcm" else 0.0
    noise = torch.randn((1, 4, 8, 8), generator=torch.Generator().manual_seed(5))
    found = pipeline(
        PROMPT, height=64, width=64, num_inference_steps=1, guidance_scale=guidance, latents=noise, output_type="latent"
    )
    return calls[0], found.images


def test_steps_of_lcm_are_those_it_was_trained_at(folders: Folders) -> None:
    """Whatever the level, the timestep is one of the fifty, and near 0 the boundary condition gives the latent back."""
    schedule = Schedule.of(inspect(folders("lcm")))
    assert {schedule.timestep(level) for level in np.linspace(0, 1, 777)} == {20.0 * i - 1 for i in range(1, 51)}
    from diffusers import LCMScheduler

    theirs = LCMScheduler.from_pretrained(folders("lcm"), subfolder="scheduler")
    theirs.set_timesteps(4)
    noised, predicted = torch.randn(1, 4, 8, 8), torch.randn(1, 4, 8, 8)
    for timestep in theirs.timesteps:
        level = (float(timestep) + 1) / 1000
        expected = theirs.step(predicted, timestep, noised).denoised
        assert torch.allclose(schedule.split(noised, predicted, level)[0], expected, rtol=1e-4, atol=1e-4)


def test_a_quick_decoder_stands_in(folders: Folders, tmp_path: Path) -> None:
    """``vae_tiny`` beside the model's parts is what decodes, and the model counts as another one."""
    plain, folder = inspect(folders("sd-turbo")), tmp_path / "quick"
    shutil.copytree(plain.path, folder)
    make_taesd(folder / "vae_tiny")
    info = inspect(folder)
    assert info.fingerprint != plain.fingerprint
    assert type(load(info).vae).__name__ == "AutoencoderTiny"
    picture = Stream(info, open_networks(info, (64, 64), "torch", tmp_path)).paint({}, None, 0.0)
    assert picture.shape == (64, 64, 3)


def test_a_linked_model_is_the_same_model(folders: Folders, tmp_path: Path) -> None:
    """A folder with nothing but a link is loaded from where it points, and says so when that is gone."""
    there, folder = tmp_path / "there", tmp_path / "linked"
    shutil.copytree(folders("lcm"), there)
    folder.mkdir()
    (folder / "link.json").write_text(json.dumps({"folder": str(there)}))
    info = inspect(folder)
    assert (info.path, info.fingerprint) == (folder, inspect(there).fingerprint)
    open_networks(info, (64, 64), "torch", tmp_path)
    shutil.rmtree(there)
    with pytest.raises(ModelError, match=r"gone: bring it back"):
        inspect(folder)


@pytest.mark.parametrize("family", ["sd1", "sd2"])
def test_a_quick_tokenizer_pads_as_the_slow_one(folders: Folders, tmp_path: Path, family: str) -> None:
    """OpenCLIP's encoders are padded with "!", which one file of a repository says and another denies."""
    from transformers import CLIPTokenizer

    folder = tmp_path / "tokenizer"
    shutil.copytree(folders(family) / "tokenizer", folder)
    slow = Tokenizer(folder)
    CLIPTokenizer.from_pretrained(folder).backend_tokenizer.save(str(folder / "tokenizer.json"))
    ids = Tokenizer(folder)(PROMPT)
    assert ids == slow(PROMPT)
    assert ids[-1] == (0 if family == "sd2" else WORDS.index("<|endoftext|>"))


def test_half_precision_files_alone_are_enough(folders: Folders, tmp_path: Path) -> None:
    folder = tmp_path / "half"
    shutil.copytree(folders("sdxl-turbo"), folder)
    for weights in folder.rglob("*.safetensors"):
        weights.rename(weights.with_suffix(".fp16.safetensors"))
    networks = open_networks(inspect(folder), (64, 64), "torch", tmp_path)
    assert networks.encode_text(PROMPT).shape == (1, 78, 80)


@pytest.mark.parametrize(
    ("file", "key", "value", "named"),
    [
        ("model_index.json", "_class_name", "FluxPipeline", "FluxPipeline"),
        ("unet/config.json", "_class_name", "UNet2DModel", "UNet2DModel"),
        ("unet/config.json", "encoder_hid_dim_type", "image_proj", "image_proj"),
        ("unet/config.json", "class_embed_type", "timestep", "wants a class"),
        ("unet/config.json", "in_channels", 9, "9 channels"),
        ("scheduler/scheduler_config.json", "beta_schedule", "sigmoid", "sigmoid"),
    ],
)
def test_another_architecture_is_named(
    folders: Folders, tmp_path: Path, file: str, key: str, value: object, named: str
) -> None:
    folder = tmp_path / "other"
    shutil.copytree(folders("sd1"), folder)
    config = json.loads((folder / file).read_text())
    (folder / file).write_text(json.dumps({**config, key: value}))
    with pytest.raises(ModelError, match=named) as caught:
        Schedule.of(inspect(folder))
    assert "\n" not in str(caught.value)
