"""A model folder is checked before it is loaded, and every backend computes the same networks."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from engines.backends import BackendError, open_networks
from engines.backends.openvino_backend import OpenVinoNetworks
from engines.model import ModelError, inspect
from engines.tokenizer import Tokenizer


def test_the_embedded_model_states_what_it_takes(embedded: Path) -> None:
    info = inspect(embedded)
    assert info.native_size == (256, 256)
    assert info.prediction == "flow"
    assert info.sound_factors == ("energy", "bass", "mid", "treble", "onset", "brightness", "tension")
    assert sum(f.stat().st_size for f in embedded.rglob("*") if f.is_file()) <= 28e6


def test_a_hub_layout_is_understood(tiny_model: Path) -> None:
    info = inspect(tiny_model)
    assert (info.native_size, info.latent_scale, info.prediction, info.sound_factors) == ((64, 64), 8, "epsilon", ())


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder", "tokenizer", "scheduler", "model_index.json"])
def test_a_missing_part_is_named(tiny_model: Path, tmp_path: Path, part: str) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(tiny_model, broken)
    gone = broken / part
    shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    with pytest.raises(ModelError, match=part.split(".")[0]):
        inspect(broken)


def test_a_pickle_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(tiny_model, broken)
    weights = broken / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    with pytest.raises(ModelError, match=r"pickle.*convert it to \.safetensors"):
        inspect(broken)


def test_a_torn_weight_file_is_one_sentence(tiny_model: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(tiny_model, broken)
    weights = broken / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ModelError, match="copy the whole folder again") as caught:
        open_networks(inspect(broken), (64, 64), "torch", tmp_path)
    assert "\n" not in str(caught.value)


def test_no_folder_and_wrong_size_and_unknown_backend(tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model folder"):
        inspect(tmp_path / "nothing")
    with pytest.raises(ModelError, match="multiples of 64"):
        inspect(tiny_model).latent_shape((100, 64))
    with pytest.raises(BackendError, match="openvino"):
        open_networks(inspect(tiny_model), (64, 64), "abacus", tmp_path)


def test_openvino_equals_torch_in_full_precision(embedded: Path, engine_cache: Path) -> None:
    info = inspect(embedded)
    reference = open_networks(info, (256, 256), "torch", engine_cache)
    converted = OpenVinoNetworks(info, (256, 256), engine_cache, precision="f32")
    torch.manual_seed(0)
    latent = torch.randn(reference.latent_shape)
    text = reference.encode_text("glowing violet nebula")
    assert torch.allclose(converted.encode_text("glowing violet nebula"), text, atol=2e-2)
    factors = torch.rand(1, 7)
    expected = reference.unet(latent, 600.0, text, factors)
    got = converted.unet(latent, 600.0, text, factors)
    # The converted weights are stored in fp16, as the shipped ones are.
    assert float((got - expected).abs().max()) < 2e-2 * float(expected.abs().max())
    pictures = [n.decode(latent, torch.eye(3), torch.zeros(3)).astype(int) for n in (reference, converted)]
    assert np.abs(pictures[0] - pictures[1]).max() <= 3


def test_the_quick_tokenizer_gives_the_ids_of_transformers(embedded: Path) -> None:
    from transformers import CLIPTokenizer

    quick = Tokenizer(embedded / "tokenizer")
    slow = CLIPTokenizer(
        vocab=str(embedded / "tokenizer" / "vocab.json"), merges=str(embedded / "tokenizer" / "merges.txt")
    )
    for text in ("glowing violet nebula", "", "a VERY long prompt " * 20, "naïve café, 128 BPM!"):
        assert quick(text) == slow(text, padding="max_length", truncation=True, max_length=quick.length).input_ids
