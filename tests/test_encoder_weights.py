"""An encoder's folder, and the published layout."""

from __future__ import annotations

import json
import math
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from small_encoder import TINY, network, sound

from visualizer.encoder.config import PUBLISHED, EncoderError
from visualizer.encoder.network import build_mapper, parameters
from visualizer.encoder.published import from_published, load_published
from visualizer.encoder.weights import load_encoder, read_tensors, save_encoder

pytestmark = pytest.mark.usefixtures("one_thread")


def test_an_encoder_is_a_folder(tmp_path: Path) -> None:
    model = network()
    save_encoder(tmp_path, model, {"figures": {"a": 1.0}})
    loaded = load_encoder(tmp_path)
    assert loaded.config == TINY and loaded.space == "space" and loaded.temperature == 0.07 and not loaded.training
    assert all(value.dtype == torch.float32 for value in loaded.parameters())
    mel = torch.from_numpy(sound(TINY, 60))[None]
    with torch.inference_mode():
        assert torch.allclose(loaded(mel)[0], model(mel)[0], atol=5e-3)


def test_weights_that_do_not_fit_are_one_sentence(tmp_path: Path) -> None:
    def refused(words: str) -> None:
        with pytest.raises(EncoderError, match=words) as caught:
            load_encoder(tmp_path)
        assert "\n" not in str(caught.value)

    refused(r"lacks config\.json")
    save_encoder(tmp_path, network())
    weights, settings = tmp_path / "model.safetensors", tmp_path / "config.json"
    state, about = load_file(weights), settings.read_text()
    save_file({name: value for name, value in state.items() if name != "lstm.weight_ih_l0"}, weights)
    refused(r"lstm\.weight_ih_l0")
    save_file({**state, "head.weight": torch.zeros(2)}, weights)
    refused(r"head\.weight")
    save_file({**state, "attend.bias": torch.tensor([math.nan])}, weights)
    refused(r"not numbers in 'attend\.bias'")
    save_file(state, weights)
    settings.write_text(about.replace('"lstm": 12', '"lstm": 13'))
    refused("shape")
    settings.write_text(about.replace('"lstm": 12', '"lstn": 12'))
    refused("lstn")
    settings.write_text(json.dumps({"hello": 1}))
    refused("does not say that it is an encoder")
    settings.write_text("{")
    refused("cannot be read")
    settings.write_text(about)
    weights.write_bytes(pickle.dumps({"a": 1}))
    refused("cannot be read")
    weights.unlink()
    refused("no weights")


def published_state(seed: int = 1) -> dict[str, torch.Tensor]:
    """The encoder's tensors as the paper fixes them, in torchvision's and torch's names, random."""
    random = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=random) / math.sqrt(math.prod(shape[1:]))

    state = {"audio_encoder.conv.weight": normal(3, 1, 3, 3), "audio_encoder.conv.bias": normal(3)}

    def norm(name: str, width: int) -> None:
        state.update({f"{name}.{part}": torch.rand(width, generator=random) + 0.5 for part in ("weight", "running_var")})
        state.update({f"{name}.{part}": 0.1 * normal(width) for part in ("bias", "running_mean")})
        state[f"{name}.num_batches_tracked"] = torch.tensor(1)

    root = "audio_encoder.resnet"
    state[f"{root}.conv1.weight"] = normal(64, 3, 7, 7)
    norm(f"{root}.bn1", 64)
    inside = 64
    for stage, width in enumerate((64, 128, 256, 512), 1):
        for block in range(2):
            name = f"{root}.layer{stage}.{block}"
            state[f"{name}.conv1.weight"] = normal(width, inside, 3, 3)
            state[f"{name}.conv2.weight"] = normal(width, width, 3, 3)
            norm(f"{name}.bn1", width)
            norm(f"{name}.bn2", width)
            if width != inside:
                state[f"{name}.downsample.0.weight"] = normal(width, inside, 1, 1)
                norm(f"{name}.downsample.1", width)
            inside = width
    state |= {f"{root}.fc.weight": normal(768, 512), f"{root}.fc.bias": normal(768)}
    state |= {f"lstm.weight_{kind}_l0": 2 * normal(3072, 768) for kind in ("ih", "hh")}
    state |= {f"lstm.bias_{kind}_l0": 0.1 * normal(3072) for kind in ("ih", "hh")}
    return state | {"attention.conv1d.weight": 20 * normal(1, 768, 1), "attention.conv1d.bias": torch.full((1,), 0.5)}


def published_reference(state: dict[str, torch.Tensor], mel: np.ndarray) -> list[torch.Tensor]:
    """What the paper's layers make of mel (frames, 128) in dB, written out: a latent every 8 frames."""
    functional = torch.nn.functional

    def normed(x: torch.Tensor, name: str) -> torch.Tensor:
        mean, variance, weight, bias = (
            state[f"{name}.{part}"][:, None, None] for part in ("running_mean", "running_var", "weight", "bias")
        )
        return (x - mean) / (variance + 1e-5).sqrt() * weight + bias

    def convolved(x: torch.Tensor, name: str, stride: int) -> torch.Tensor:
        weight = state[f"{name}.weight"]
        return functional.conv2d(x, weight, stride=stride, padding=weight.shape[-1] // 2)

    root, padded = "audio_encoder.resnet", np.concatenate([np.full((145, 128), -80.0, np.float32), mel])
    hidden = cell = torch.zeros(768)
    outputs, latents = [], []
    for start in range(0, len(mel) - 7, 8):
        x = torch.from_numpy(padded[start : start + 153].T)[None, None]
        x = (x / 80 + 1).clamp(0, 1)
        x = convolved(x, "audio_encoder.conv", 1) + state["audio_encoder.conv.bias"][:, None, None]
        x = functional.max_pool2d(normed(convolved(x, f"{root}.conv1", 2), f"{root}.bn1").relu(), 3, 2, 1)
        for stage in (1, 2, 3, 4):
            for block in (0, 1):
                name, stride = f"{root}.layer{stage}.{block}", 2 if stage > 1 and block == 0 else 1
                inner = normed(convolved(x, f"{name}.conv1", stride), f"{name}.bn1").relu()
                inner = normed(convolved(inner, f"{name}.conv2", 1), f"{name}.bn2")
                if f"{name}.downsample.0.weight" in state:
                    x = normed(convolved(x, f"{name}.downsample.0", stride), f"{name}.downsample.1")
                x = (inner + x).relu()
        feature = state[f"{root}.fc.weight"] @ x.mean((2, 3))[0] + state[f"{root}.fc.bias"]
        gates = state["lstm.weight_ih_l0"] @ feature + state["lstm.bias_ih_l0"]
        gates = gates + state["lstm.weight_hh_l0"] @ hidden + state["lstm.bias_hh_l0"]
        let_in, forget, new, out = gates.chunk(4)
        cell = forget.sigmoid() * cell + let_in.sigmoid() * new.tanh()
        hidden = out.sigmoid() * cell.tanh()
        outputs.append(hidden / hidden.norm())
        window = torch.stack(outputs[-16:])
        weights = (window @ state["attention.conv1d.weight"][0, :, 0] + state["attention.conv1d.bias"]).softmax(0)
        mixed = weights @ window
        latents.append(mixed / mixed.norm())
    return latents


def test_the_published_form_computes_what_the_paper_says(monkeypatch: pytest.MonkeyPatch) -> None:
    # The mapper's layers as published, but narrow: 454 million random weights would show no more.
    monkeypatch.setattr("visualizer.encoder.published.PUBLISHED", replace(PUBLISHED, mapper=(48, 3, 768)))
    random = torch.Generator().manual_seed(2)
    state = published_state()
    layers = {"0.weight": (48, 768), "0.bias": (48,), "2.weight": (3 * 768, 48), "2.bias": (3 * 768,)}
    state |= {f"mapper.{name}": torch.randn(shape, generator=random) for name, shape in layers.items()}
    model = from_published(state, "clip")
    assert model.config.mapper_gelu and parameters(from_published(published_state(), "clip")) > 15e6
    mel = sound(model.config, 18 * 8 + 3)
    with torch.inference_mode():
        latents, _ = model(torch.from_numpy(mel)[None])
        expected = torch.stack(published_reference(state, mel))
        assert latents.shape == (1, 18, 768) and torch.allclose(latents[0], expected, atol=2e-4)
        assert (latents[0, -1] - latents[0, 0]).norm() > 0.05
        states = model.states(latents)
        inner = torch.nn.functional.gelu(expected @ state["mapper.0.weight"].T + state["mapper.0.bias"])
        outer = torch.nn.functional.gelu(inner @ state["mapper.2.weight"].T + state["mapper.2.bias"])
    assert states.shape == (1, 18, 3, 768) and torch.allclose(states[0].flatten(1), outer, atol=5e-3)
    assert states.min() > -0.171 and build_mapper(768, (48, 3, 768))[-1].out_features == 3 * 768
    with pytest.raises(ValueError, match="no mapper"):
        from_published(published_state(), "clip").states(latents)


def test_the_published_layout_loads_and_a_missing_key_is_named() -> None:
    state = published_state()
    model = from_published({f"module.{name}": value for name, value in state.items()}, "clip")
    assert model.space == "clip" and model.attend.bias.item() == 0.5 and model.mapper is None
    assert model.config == replace(PUBLISHED, mapper=())
    short = {name: value for name, value in state.items() if name != "audio_encoder.resnet.layer3.1.conv2.weight"}
    with pytest.raises(EncoderError, match=r"audio_encoder\.resnet\.layer3\.1\.conv2\.weight"):
        from_published(short, "clip")
    with pytest.raises(EncoderError, match=r"decoder\.weight"):
        from_published({**state, "decoder.weight": torch.zeros(1)}, "clip")
    with pytest.raises(EncoderError, match=r"mapper\.0\.bias"):
        from_published({**state, "mapper.0.weight": torch.zeros(1).expand(7680, 768)}, "clip")


class Evil:
    """What a pickle can do that should hold weights."""

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (Path("evil"),))


def test_a_published_checkpoint_is_read_as_tensors_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    state, path = published_state(), tmp_path / "published.pth"
    torch.save({"state_dict": state, "epoch": 3}, path)
    assert torch.equal(load_published(path, "clip").attend.weight, state["attention.conv1d.weight"])
    for content, words in (({"state_dict": Evil()}, "holds more than tensors"), ([1, 2], "not a checkpoint of weights")):
        torch.save(content, path)
        with pytest.raises(EncoderError, match=words) as caught:
            load_published(path, "clip")
        assert "\n" not in str(caught.value) and not Path("evil").exists()
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(EncoderError, match="damaged"):
        load_published(path, "clip")
    with pytest.raises(EncoderError, match="no checkpoint"):
        load_published(tmp_path / "none.pth", "clip")
    # Nothing else is read from pickles: an encoder's folder stays .safetensors.
    with pytest.raises(EncoderError, match="pickle"):
        read_tensors(path)
