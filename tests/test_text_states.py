"""From bank weights, or straight from a latent, to states of a picture model's text encoder."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from small_encoder import small_bank

from engines.backends import open_networks
from engines.model import inspect
from visualizer.encoder.bank import read_table
from visualizer.encoder.config import EncoderError
from visualizer.encoder.meaning import BankStates, Mapper, Mixer, save_mapper
from visualizer.encoder.network import build_mapper
from visualizer.resources import prompt_bank

pytestmark = pytest.mark.usefixtures("one_thread")


def encoding(calls: list[str]):  # type: ignore[no-untyped-def]
    def encode(text: str) -> torch.Tensor:
        calls.append(text)
        return torch.full((1, 5, 8), float(text.split()[1]))

    return encode


def test_the_mixture_is_the_weighted_mean_of_the_texts_states(tmp_path: Path) -> None:
    bank, calls = small_bank(), []
    states = BankStates(bank, encoding(calls), "model", tmp_path)
    weights = np.zeros(12, np.float32)
    weights[[3, 5, 8]] = 0.5, 0.3, 0.2
    mixture = Mixer(states, smooth_s=0).mix(weights, 0.1)
    assert mixture is not None and mixture.states.shape == (1, 5, 8)
    assert torch.allclose(mixture.states, torch.full((1, 5, 8), 0.5 * 3 + 0.3 * 5 + 0.2 * 8))
    assert mixture.presence == pytest.approx(1)
    heaviest = Mixer(states, smooth_s=0, top=2).mix(weights, 0.1)
    assert heaviest is not None and torch.allclose(heaviest.states, torch.tensor((0.5 * 3 + 0.3 * 5) / 0.8))
    assert sorted(calls) == ["text 3", "text 5", "text 8"], "a text is encoded once, when it is needed"
    assert states.fill(4) == 5 and states.fill(99) == 0 and len(calls) == 12
    again: list[str] = []
    assert BankStates(bank, encoding(again), "model", tmp_path).left == 0 and not again
    assert BankStates(bank, encoding(again), "other model", tmp_path).left == 12


def test_the_bank_speaks_through_the_text_encoder_of_the_model_that_ships(embedded: Path, tmp_path: Path) -> None:
    bank, info = read_table(prompt_bank()), inspect(embedded)
    encode = open_networks(info, info.native_size, "torch", tmp_path).encode_text
    states = BankStates(bank, encode, info.fingerprint, tmp_path)
    weights = np.zeros(len(bank), np.float32)
    weights[[bank.texts.index("heavy rain"), bank.texts.index("birdsong")]] = 0.75, 0.25
    mixture = Mixer(states, smooth_s=0).mix(weights, 0.1)
    assert mixture is not None and mixture.presence == pytest.approx(1)
    rain, birds = encode("heavy rain"), encode("birdsong")
    assert not torch.allclose(rain, birds, atol=0.1)
    assert torch.allclose(mixture.states, 0.75 * rain + 0.25 * birds, atol=1e-5)
    assert states.fill(len(bank)) == 0
    kept = BankStates(bank, encode, info.fingerprint, tmp_path)
    assert kept.left == 0 and torch.equal(kept.row(3), states.row(3))


def test_weights_are_smoothed_in_time_not_in_calls() -> None:
    states = BankStates(small_bank(), encoding([]), "model")
    weights = np.zeros(12, np.float32)
    weights[4] = 1
    coarse, fine = Mixer(states, 0.7), Mixer(states, 0.7)
    assert fine.mix(np.zeros(12, np.float32), 0.1) is None
    one = coarse.mix(weights, 0.5)
    for _ in range(10):
        many = fine.mix(weights, 0.05)
    assert one is not None and many is not None
    assert one.presence == pytest.approx(1 - math.exp(-0.5 / 0.7), abs=1e-5) == pytest.approx(many.presence, abs=1e-5)
    faded = fine.mix(np.zeros(12, np.float32), 0.7)
    assert faded is not None and faded.presence < many.presence and torch.allclose(faded.states, many.states, atol=1e-5)


def test_a_mapper_serves_its_own_spaces_only(tmp_path: Path) -> None:
    path, made = tmp_path / "mapper.safetensors", build_mapper(24, (16, 5, 8))
    save_mapper(path, made, (5, 8), "space", "clip", torch.ones(1, 8))
    latent = np.random.default_rng(1).normal(size=24).astype(np.float32)
    states = Mapper(path, "space", "clip").states(latent)
    assert states.shape == (1, 6, 8) and (states[0, 0] == 1).all()
    with torch.inference_mode():
        assert torch.allclose(states[0, 1:], made(torch.from_numpy(latent)[None]).view(5, 8), atol=0.01)
    with pytest.raises(EncoderError, match="text space"):
        Mapper(path, "another", "clip")
    with pytest.raises(EncoderError, match="text encoder"):
        Mapper(path, "space", "another")
    curved = build_mapper(24, (16, 5, 8), gelu=True)
    save_mapper(path, curved, (5, 8), "space", "clip")
    with torch.inference_mode():
        expected = curved(torch.from_numpy(latent)[None]).view(1, 5, 8)
    assert torch.allclose(Mapper(path, "space", "clip").states(latent), expected, atol=0.01) and expected.min() > -0.171
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(EncoderError, match="cannot be read"):
        Mapper(path, "space", "clip")
