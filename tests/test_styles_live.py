"""Styles in the hands of a user: in a stream, in the library, on the command line."""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import load_file, save_file
from some_styles import kohya, merged, some_parts
from tiny_families import make_family

from engines.backends import Build
from engines.backends.torch_backend import TorchNetworks
from engines.model import inspect, load
from engines.stream import Stream
from engines.styles.file import StyleError
from visualizer import resources
from visualizer.__main__ import main
from visualizer.models import command
from visualizer.models.folders import add_folder
from visualizer.models.library import LibraryError, library
from visualizer.models.progress import bar
from visualizer.models.styles import add_style, chosen_styles
from visualizer.parameters import NUMBERS, PARAMETERS
from visualizer.renderer.client import RendererClient, RendererSettings
from visualizer.snapshots import Controls, Trace

SIZE = (64, 64)
MOVING = {"picture/walk": 1.0, "picture/change": 0.7}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_family(tmp_path_factory.mktemp("others") / "tiny-turbo", "sd-turbo")


@pytest.fixture(scope="module")
def style(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LoRA for the model, with a part for the text encoder."""
    file = tmp_path_factory.mktemp("styles") / "ink.safetensors"
    kohya(some_parts(load(inspect(model)).unet, ("to_q", "attn2.to_k", "to_out.0", "conv1")), file)
    text = "lora_te_text_model_encoder_layers_0_self_attn_q_proj"
    also = {f"{text}.lora_down.weight": torch.ones(2, 32), f"{text}.lora_up.weight": torch.ones(32, 2)}
    save_file({**load_file(file), **also}, file)
    return file


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's files, none yet."""
    monkeypatch.setattr(resources, "user_folder", lambda kind: tmp_path / "home" / kind)
    return tmp_path / "home"


def models(what: str, *rest: str) -> None:
    """``visualizer models`` as it is typed."""
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())
    command.run(parser.parse_args(["models", what, *rest]))


def test_a_weight_acts_in_the_very_next_frame(model: Path, style: Path) -> None:
    """At 0 the pictures are those without it, to the byte; nothing is written while a weight stands still."""
    info = inspect(model)
    plain, styled = (Stream(info, TorchNetworks(info, SIZE, build=build)) for build in (Build(), Build((style,))))
    for stream in (plain, styled):
        stream.set_prompt("red")
    networks = styled._networks
    assert isinstance(networks, TorchNetworks) and networks._merged is not None
    written: list[list[float]] = []
    write: Callable[[torch.Tensor], None] = networks._merged.write

    def noted(weights: torch.Tensor) -> None:
        written.append([round(weight, 6) for weight in weights.tolist()])
        write(weights)

    networks._merged.write = noted  # type: ignore[method-assign]
    for frame, weight in enumerate((0.0, 0.0, 0.0002, 0.0, 1.0)):
        wanted = plain.paint(MOVING, None, frame / 24)
        painted = styled.paint({**MOVING, "style/weight_1": weight}, None, frame / 24)
        assert np.array_equal(painted, wanted) == (weight < 0.1), f"frame {frame}"
    assert written == [[0.0], [1.0]]


def test_a_style_is_added_listed_described_and_removed(
    model: Path, style: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_folder(model, "turbo", False, bar)
    models("add", str(style), "--name", "Ink")
    said = capsys.readouterr().out
    assert "visualizer --style Ink" in said and "a style (LoRA)" in said
    assert "rank             3\n" in said and "1 layers, which are left out" in said and "fits             turbo" in said
    models("info", "Ink")
    assert capsys.readouterr().out.strip() in said
    models("list")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("turbo ") and lines[1].startswith("Ink ") and "style" in lines[1]
    with pytest.raises(LibraryError, match="already"):
        models("add", str(style), "--name", "turbo")
    models("remove", "Ink")
    assert [path.name for path in library().iterdir()] == ["turbo"]
    with pytest.raises(LibraryError, match="no installed model"):
        models("remove", "Ink")


def test_what_is_no_style_leaves_nothing(style: Path, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "loha.safetensors"
    save_file({"lora_unet_x.hada_w1_a": torch.ones(2, 2)}, file)
    with pytest.raises(StyleError, match="LoHa"):
        models("add", str(file))
    assert not library().exists() or not list(library().iterdir())


def test_styles_are_chosen_by_name_or_file(style: Path, home: Path, tmp_path: Path) -> None:
    """Up to three; what of one is left out is said, and a name that is none says which there are."""
    installed = add_style(style, "Ink", bar)
    told: list[str] = []
    assert chosen_styles(["Ink", str(style)], told.append) == (installed / "Ink.safetensors", style)
    assert len(told) == 2 and "text encoder" in told[0]
    with pytest.raises(LibraryError, match="installed are Ink"):
        chosen_styles(["Oil"], told.append)
    with pytest.raises(LibraryError, match="too many"):
        chosen_styles(["Ink"] * 4, told.append)


def test_commands_paint_with_styles(
    model: Path,
    style: Path,
    home: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A render shows the style, and one that is made for another model is refused in a sentence."""
    sound = tmp_path / "beat.wav"
    soundfile.write(sound, np.random.default_rng(1).normal(0, 0.1, 12_000), 48_000)

    def visualizer(*arguments: object) -> int:
        monkeypatch.setattr("sys.argv", ["visualizer", *map(str, arguments), "--size", "64x64", "--backend", "torch"])
        return main()

    for name, styles in (("plain", ()), ("ink", ("--style", style))):
        assert visualizer("render", sound, tmp_path / f"{name}.mp4", "--model", model, *styles) == 0
    assert "text encoder, too, which is left out" in capsys.readouterr().err
    plain, ink = (tmp_path / f"{name}.mp4" for name in ("plain", "ink"))
    assert plain.stat().st_size != ink.stat().st_size
    other = make_family(tmp_path / "other", "sdxl-turbo")
    assert visualizer("prepare", "--model", other, "--style", style) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 2 and "is not made for other, which is SDXL-Turbo" in said[1]


def test_a_renderer_is_loaded_with_styles(model: Path, style: Path, tmp_path: Path) -> None:
    """And moves their weights by the controls that it is sent."""
    client = RendererClient(tmp_path, RendererSettings(model, SIZE, 30.0, "red", tmp_path, "torch", styles=(style,)))
    client.start()

    def painted(weight: float) -> None:
        """A frame with this weight."""
        controls = {name: float(PARAMETERS[name].default) for name in NUMBERS} | {"style/weight_1": weight}
        client.send_controls(Controls(0, controls), Trace(0.0, 0.0, 0.0, 0.0))
        end = time.perf_counter() + 60.0
        while (frame := client.frame()) is None or not client.controls_taken:
            client.poll()
            assert client.status.state != "failed" and time.perf_counter() < end, client.status
            time.sleep(0.01)
        assert frame.picture.std() > 0

    try:
        painted(0.0)
        painted(2.0)
        assert client.status.state == "running" and not client.status.message
    finally:
        client.stop()


@pytest.mark.parametrize(("few_steps", "family", "steps"), [("lcm", "lcm", 4), ("trailing", "sd-turbo", 2), ("", "sd1", 8)])
def test_a_model_and_a_lora_become_a_model(
    home: Path, tmp_path: Path, few_steps: str, family: str, steps: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the LoRA in its weights for good, and the schedule of what the LoRA teaches; the base may then go."""
    base, file = make_family(tmp_path / "base", "sd1"), tmp_path / "quick.safetensors"
    unet = load(inspect(base)).unet
    parts = some_parts(unet, ("to_q", "conv1", "proj_in", "time_emb_proj"))
    kohya(parts, file)
    add_folder(base, "linked", False, bar)
    how = ["--few-steps", few_steps] if few_steps else []
    if few_steps == "trailing":
        with pytest.raises(LibraryError, match="--steps"):
            models("add", "linked", "--with", str(file), *how)
        how += ["--steps", "2"]
    models("add", "linked", "--with", str(file), "--weight", "0.5", *how)
    assert "visualizer --model linked-quick" in capsys.readouterr().out
    shutil.rmtree(base)
    info = inspect(library() / "linked-quick")
    assert (info.family.name, info.steps) == (family, steps)
    wanted, found = merged(unet, parts, 0.5).state_dict(), load(info).unet.state_dict()
    assert all(torch.allclose(found[name], wanted[name], rtol=1e-3, atol=1e-4) for name in wanted)
    stream = Stream(info, TorchNetworks(info, SIZE))
    assert stream.paint({"picture/steps": float(steps)}, None, 0.0).std() > 0
