"""The sound encoder: streaming, causality, level, the bank, mixtures, weights, data and a training in miniature."""

from __future__ import annotations

import csv
import json
import math
import os
import pickle
import re
import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import load_file, save_file

from engines.backends import open_networks
from engines.model import inspect
from engines.training import checkpoint
from visualizer.__main__ import main
from visualizer.analysis.analyzer import LOUDEST
from visualizer.analysis.mel import LogMel, MelConfig
from visualizer.encoder import metrics
from visualizer.encoder.audit import spectral_figures
from visualizer.encoder.augment import Augment, AugmentConfig, levels
from visualizer.encoder.bank import Bank, BankError, read_table
from visualizer.encoder.bank_texts import Entry, make_bank, read_texts
from visualizer.encoder.banks import bank_for, load_bank
from visualizer.encoder.clip_teacher import ClipText
from visualizer.encoder.config import PUBLISHED, SMALL, EncoderConfig, EncoderError
from visualizer.encoder.data import ClipError, MelCache, Skipped, Sounds, StoredMel, read_clip
from visualizer.encoder.evaluate import evaluate, write_confusion
from visualizer.encoder.files import put_in_place
from visualizer.encoder.learners import contrast
from visualizer.encoder.losses import BatchLoss, Scale, TableLoss, in_batch, nearness, softened, to_states
from visualizer.encoder.manifest import Clip, ManifestError, read_manifest, read_wordings
from visualizer.encoder.material import KIN, Material, aimed, check_captions, gather, space_of
from visualizer.encoder.meaning import BankStates, Mapper, Mixer, save_mapper
from visualizer.encoder.measure import measure
from visualizer.encoder.network import AudioEncoder, build_mapper, parameters
from visualizer.encoder.published import from_published, load_published
from visualizer.encoder.runner import LAUNCHED, Runner
from visualizer.encoder.sampler import Sampler
from visualizer.encoder.settings import (
    DataConfig,
    EvaluateConfig,
    LossConfig,
    MapperConfig,
    RunConfig,
    SceneConfig,
    SegmentConfig,
    TrainConfig,
    TrainingError,
    load_settings,
)
from visualizer.encoder.space import Teacher, centred, normalised
from visualizer.encoder.stage import Stage
from visualizer.encoder.streaming import Encoded, StreamingEncoder, meaning
from visualizer.encoder.train import train
from visualizer.encoder.warp import Warp
from visualizer.encoder.weights import load_encoder, read_tensors, save_encoder
from visualizer.resources import prompt_bank

MEL = MelConfig(sample_rate=16_000, window_samples=256, n_fft=256, hop=160, bands=16, fmin=50.0, fmax=7500.0)
TINY = EncoderConfig(
    mel=MEL, segment_frames=20, step_frames=5, widths=(4, 8), blocks=(1, 1), stem_stride=(1, 2), lstm=12, window=4,
    latent=24,
)  # fmt: skip


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def sound(config: EncoderConfig, frames: int, seed: int = 1) -> np.ndarray:
    """Mel of bursts and pauses, some of it on the floor."""
    random = np.random.default_rng(seed)
    envelope = np.repeat(random.choice([-60.0, -25.0, 0.0], frames // 10 + 1), 10)[:frames, None]
    spectrum = random.uniform(-50, -15, config.mel.bands)
    mel = spectrum + envelope + random.normal(0, 3, (frames, config.mel.bands))
    return np.maximum(mel, config.mel.floor_db).astype(np.float32)


def network(config: EncoderConfig = TINY, seed: int = 3) -> AudioEncoder:
    torch.manual_seed(seed)
    made = AudioEncoder(config, "space")
    for module in made.modules():
        if isinstance(module, torch.nn.BatchNorm2d):  # statistics as after some training
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    return made.eval()


def fake_teach(texts: list[str]) -> np.ndarray:
    """A sentence encoder that knows words: each word has a random direction, a text is their mean."""
    vectors = []
    for text in texts:
        words = [np.random.default_rng(abs(hash_of(word))).normal(size=24) for word in text.split()]
        vectors.append(np.mean(words, 0))
    return normalised(np.stack(vectors))


def hash_of(word: str) -> int:
    return int.from_bytes(word.encode(), "little") % (1 << 60)


def small_bank(width: int = 24, count: int = 12) -> Bank:
    random = np.random.default_rng(5)
    texts, groups = [f"text {i}" for i in range(count)], [f"group {i % 3}" for i in range(count)]
    vectors = random.normal(size=(count, width)).astype(np.float32)
    return Bank(texts, groups, vectors, "teacher", np.zeros(width, np.float32))


# Streaming


@pytest.mark.parametrize("config", [TINY, replace(TINY, level_s=0.0, unit_outputs=True), SMALL])
def test_streaming_gives_what_offline_gives_however_the_mel_is_cut(config: EncoderConfig) -> None:
    model = network(config)
    mel = sound(config, 238)
    with torch.inference_mode():
        latents, attention = (value[0].numpy() for value in model(torch.from_numpy(mel)[None]))
    assert len(latents) == 238 // config.step_frames
    random = np.random.default_rng(2)
    cuts = [[238], [1] * 238, [7] * 34, list(random.integers(0, 60, 30))]
    for sizes in cuts if config is not SMALL else cuts[2:]:
        encoder = StreamingEncoder(model)
        steps: list[Encoded] = []
        at = 0
        for size in [*sizes, 238]:
            steps += encoder.push(mel[at : at + size])
            at = min(238, at + size)
        assert np.abs(np.stack([step.latent for step in steps]) - latents).max() < 1e-4
        assert np.abs(np.stack([step.attention for step in steps]) - attention).max() < 1e-4
        assert [step.sample for step in steps] == [config.step_samples * (i + 1) for i in range(len(steps))]


def test_the_benchmark_compares_a_stream_with_the_whole_and_judges_the_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[1])
    from benchmarks import encoder as benchmark

    found = benchmark.check(network(), 8.0)
    assert found["steps"] == 160 and 100 < found["blocks"] < 1000
    assert found["latent_difference"] < 1e-4 and found["attention_difference"] < 1e-4
    figures = benchmark.measure(network(), 20 / 3600)
    assert figures["sound_h"] == pytest.approx(20 / 3600) and figures["times_real_time"] > 0
    assert figures["memory_growth_mb"] == pytest.approx(figures["memory_mb_end"] - figures["memory_mb_start"], nan_ok=True)
    for median, late, words in ((1, 2, "holds for 99 %"), (1, 9, "holds for half"), (9, 9, "is missed")):
        assert words in benchmark.verdict({"step_ms_p50": median, "step_ms_p99": late})


def test_a_reset_begins_anew() -> None:
    encoder = StreamingEncoder(network())
    mel = sound(TINY, 60)
    first = encoder.push(mel)
    assert np.abs(encoder.push(mel)[-1].latent - first[-1].latent).max() > 1e-5
    encoder.reset(8000)
    again = encoder.push(mel)[-1]
    assert np.allclose(again.latent, first[-1].latent, atol=1e-6) and again.sample == 8000 + 60 * MEL.hop


def test_what_a_stream_carries_does_not_grow() -> None:
    encoder = StreamingEncoder(network())
    sizes = set()
    for _ in range(30):
        encoder.push(sound(TINY, 10))
        state = encoder._state
        held = (encoder._mel, state.level, state.hidden, state.cell, state.past, state.known)
        sizes.add(sum(value.untyped_storage().nbytes() for value in held))
    assert len(sizes) == 1


def test_silence_means_nothing() -> None:
    bank, encoder = small_bank(), StreamingEncoder(network())
    quiet = encoder.push(np.full((40, 16), MEL.floor_db, np.float32))
    assert all(step.silent for step in quiet)
    assert meaning(quiet[-1], bank, 0.07, margin=-1).weights.sum() == 0
    (loud,) = encoder.push(sound(TINY, 5))
    said = meaning(loud, bank, 0.07, top=3, margin=-1)
    assert not loud.silent and np.count_nonzero(said.weights) == 3 and said.weights.sum() == pytest.approx(1)
    assert said.sample == 45 * MEL.hop and said.attention.shape == (4,)


def test_mel_that_is_not_finite_or_of_another_shape_is_refused() -> None:
    encoder = StreamingEncoder(network())
    mel = sound(TINY, 10)
    mel[3, 2] = math.nan
    with pytest.raises(ValueError, match="finite"):
        encoder.push(mel)
    with pytest.raises(ValueError, match="16"):
        encoder.push(np.zeros((4, 17), np.float32))
    assert len(encoder.push(sound(TINY, 5))) == 1


# The network


def test_the_shipped_shape_is_small(tmp_path: Path) -> None:
    model = AudioEncoder(SMALL)
    assert parameters(model) <= 4e6
    save_encoder(tmp_path, model)
    assert (tmp_path / "model.safetensors").stat().st_size <= 8e6
    assert SMALL.step_ms == 100 and PUBLISHED.step_ms <= 100


def test_steps_do_not_answer_to_what_comes_after_them() -> None:
    model = network()
    mel = torch.from_numpy(sound(TINY, 100))[None]
    other = mel.clone()
    other[:, 60:] = torch.from_numpy(sound(TINY, 40, 9))
    with torch.inference_mode():
        latents, attention = model(mel)
        changed, _ = model(other)
    assert torch.allclose(latents[:, :12], changed[:, :12], atol=1e-6)
    assert (latents[:, 12:] - changed[:, 12:]).abs().max() > 1e-4
    assert torch.allclose(attention.sum(-1), torch.ones(1, 20))
    assert torch.equal(attention[0, 0], torch.tensor([0.0, 0.0, 0.0, 1.0]))
    assert (attention[0, 3:] > 0).all()
    assert torch.allclose(latents.norm(dim=-1), torch.ones(1, 20), atol=1e-5)


def test_the_level_is_taken_out_of_the_spectrum_and_kept_beside_it() -> None:
    model = network()
    loud = torch.from_numpy(np.random.default_rng(4).uniform(-40, -20, (1, 120, 16)).astype(np.float32))
    quiet = loud - 20
    with torch.inference_mode():
        features, measures, _ = model.see(model.from_silence(loud), model.begin().level)
        softer, softer_measures, _ = model.see(model.from_silence(quiet), model.begin().level)
        assert (model(loud)[0] - model(quiet)[0]).abs().max() > 1e-3
    assert torch.allclose(features[:, 8:], softer[:, 8:], atol=0.02)
    assert torch.allclose((measures - softer_measures)[:, 8:, 0], torch.tensor(20 / 30), atol=0.02)


def test_a_pause_does_not_make_the_next_sound_seem_loud() -> None:
    model = network()
    pause = torch.full((1, 300, 16), MEL.floor_db)
    tone = torch.full((1, 300, 16), -40.0)
    with torch.inference_mode():
        _, after, _ = model.see(model.from_silence(torch.cat([pause, tone], 1)), model.begin().level)
        _, alone, _ = model.see(model.from_silence(tone), model.begin().level)
    assert torch.allclose(after[:, 64:, :2], alone[:, 4:, :2], atol=0.05)


# The bank


def test_the_bank_that_ships() -> None:
    bank = read_table(prompt_bank())
    entries = read_texts(Path(__file__).parents[1] / "visualizer" / "encoder" / "bank.toml")
    assert len(bank) >= 150 and bank.texts == tuple(entry.text for entry in entries)
    assert len(set(bank.groups)) == 10
    row = bank.texts.index("heavy rain")
    weights = bank.weights(bank.vectors[row])
    assert weights.sum() == pytest.approx(1, abs=1e-5) and weights.argmax() == row
    assert bank.groups[row] == "weather"
    assert np.count_nonzero(bank.weights(bank.vectors[row], top=5)) == 5
    sharp, soft = (bank.weights(bank.vectors[row], temperature=t)[row] for t in (0.02, 0.2))
    assert sharp > soft


def test_the_bank_abstains_where_nothing_stands_out() -> None:
    bank = small_bank()
    latent = bank.vectors[2]
    assert bank.weights(latent).sum() == pytest.approx(1, abs=1e-6)
    assert bank.weights(latent, margin=2.0).sum() == 0
    assert bank.weights(np.full(24, np.nan, np.float32)).sum() == 0
    assert bank.weights(np.zeros(24, np.float32), margin=-1).sum() == pytest.approx(1, abs=1e-6)
    with pytest.raises(ValueError, match="temperature"):
        bank.weights(latent, temperature=0)


def test_another_text_space_is_refused() -> None:
    bank = small_bank()
    bank.check(bank.space)
    with pytest.raises(BankError, match="text space"):
        bank.check("0123456789abcdef")
    with pytest.raises(BankError, match="values"):
        bank.similarities(np.zeros(7, np.float32))


def test_wordings_are_averaged_and_the_centre_is_taken_out() -> None:
    entries = [Entry("red sea", "a", ("red ocean",)), Entry("blue sky", "b"), Entry("green hill", "b")]
    bank = make_bank(entries, fake_teach, "teacher")
    every = fake_teach(["red sea", "red ocean", "blue sky", "green hill"])
    around = normalised(every - every.mean(0))
    assert np.allclose(bank.vectors[0], normalised(around[:2].mean(0)), atol=1e-5)
    assert np.allclose(bank.vectors[1], around[2], atol=1e-5)


def test_a_users_own_bank(tmp_path: Path) -> None:
    shipped, folder = tmp_path / "shipped.safetensors", tmp_path / "banks"
    small_bank().save(shipped)
    assert len(load_bank(shipped, folder)[0]) == 12
    folder.mkdir()
    (folder / "mine.toml").write_text('[club]\n"laser fog" = []\n')
    bank, (left_out,) = load_bank(shipped, folder)
    assert len(bank) == 12 and re.search(r"mine\.toml.*laser fog.*visualizer train bank", left_out)
    mine, table = read_texts(folder / "mine.toml"), folder / "mine.safetensors"
    make_bank(mine, fake_teach, "teacher", small_bank().centre).save(table)
    bank, left_out = load_bank(shipped, folder)
    assert bank.texts[-1] == "laser fog" and bank.groups[-1] == "club" and not left_out
    assert bank.fingerprint != load_bank(shipped)[0].fingerprint
    make_bank(mine, fake_teach, "another teacher").save(table)
    bank, (left_out,) = load_bank(shipped, folder)
    assert len(bank) == 12 and "mine.safetensors" in left_out and "text space" in left_out and "\n" not in left_out
    with pytest.raises(BankError, match="there is no prompt bank"):
        load_bank(tmp_path / "none.safetensors", folder)


def test_an_encoder_brings_the_bank_of_its_own_space(tmp_path: Path) -> None:
    assert bank_for(tmp_path) == prompt_bank()
    small_bank().save(tmp_path / "bank.safetensors")
    assert load_bank(bank_for(tmp_path))[0].space == small_bank().space


@pytest.mark.parametrize(
    ("text", "words"),
    [("x = 1", "outside a group"), ('[a]\n"b" = 3', "other wording"), ("[a]", "no texts"), ("[a", "cannot be read")],
)
def test_a_bank_that_is_written_wrong_is_one_sentence(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "bank.toml"
    path.write_text(text)
    with pytest.raises(BankError, match=words):
        read_texts(path)


# From weights to a text encoder's states


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


# Weights


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


# Losses


def test_repeated_captions_are_no_negatives() -> None:
    targets = torch.eye(4)[[0, 1, 1, 2]]
    latents = texts = targets.clone()
    scale = torch.tensor(50.0)
    assert in_batch(latents, texts, targets @ targets.T > 0, scale) < 1e-4
    assert in_batch(latents, texts, torch.eye(4) > 0, scale) > 0.3
    assert in_batch(latents[:0], texts[:0], torch.ones(0, 0) > 0, scale) == 0
    loss = BatchLoss(torch.eye(4))
    assert loss(latents, targets) < 1e-4 < 1 < loss(latents.roll(2, 0), targets)
    mixed = 0.5 * targets + 0.5 * targets.roll(1, 0)
    assert loss(torch.nn.functional.normalize(mixed, dim=-1), mixed) < 0.1, "a mixture is no negative of its parts"
    learned = Scale()
    assert learned().item() == pytest.approx(1 / 0.07, rel=1e-5)
    learned.log.data.fill_(20.0)
    assert learned().item() == pytest.approx(100, rel=1e-5)


def test_the_table_loss_and_its_soft_targets() -> None:
    table = torch.nn.functional.normalize(torch.tensor([[1.0, 0.0, 0.0], [0.9, 0.4, 0.0], [0.0, 0.0, 1.0]]), dim=-1)
    targets = torch.tensor([[1.0, 0.0, 0.0]])
    soft = softened(targets, nearness(table))
    assert soft.sum().item() == pytest.approx(1) and soft[0, 0] > 0.9 and soft[0, 1] > 10 * soft[0, 2]
    loss = TableLoss(table)
    right, near, wrong = (loss(table[row : row + 1], targets).item() for row in range(3))
    assert right < near < wrong
    assert loss(table[:1], targets[:, :1]).item() == pytest.approx(right), "texts that are never right need no target"
    assert loss(table[:0], targets[:0]).item() == 0
    assert set(loss.state_dict()) == {"scale.log"}
    assert to_states(torch.zeros(2, 6), torch.ones(2, 3, 2)).item() == 1


# Augmentation


def test_augmentation_is_seeded_stays_above_the_floor_and_mixes_targets() -> None:
    mel = torch.from_numpy(np.stack([sound(TINY, 40, seed) for seed in range(16)]))
    first, again = (Augment(AugmentConfig(), -100.0, 0.01, 7)(mel) for _ in range(2))
    assert torch.equal(first.mel, again.mel) and torch.equal(first.partner, again.partner)
    assert first.mel.shape == mel.shape and first.mel.isfinite().all() and first.mel.min() >= -100
    assert (first.partner != torch.arange(16)).all()
    mixed = first.mixed(torch.eye(16))
    assert torch.allclose(mixed.sum(1), torch.ones(16)) and 0 < (first.share < 1).sum() < 16
    assert ((first.share > 0.3) & (first.share <= 1)).all()
    alone = AugmentConfig(mix=0, background=0, style=0, room=0, equalizer=0, low_pass=0, noise=0, masked=0)
    shifted = Augment(alone, -1000.0, 0.01, 7)(mel)
    assert torch.allclose(shifted.mel - mel, (shifted.mel - mel)[:, :1, :1].expand_as(mel), atol=1e-3)
    assert ((levels(shifted.mel) - levels(mel)) > -30.1).all() and ((levels(shifted.mel) - levels(mel)) < 6.1).all()


def test_a_sound_that_is_known_by_its_level_keeps_it() -> None:
    mel = torch.from_numpy(np.stack([sound(TINY, 60, seed) for seed in range(32)]))
    mel[:16] -= 25
    kept = torch.arange(32) % 2 == 0
    quiet = dict(background=0, room=0, equalizer=0, low_pass=0, noise=0, masked=0)
    alone = Augment(AugmentConfig(mix=0, **quiet), -1000.0, 0.01, 7)(mel, kept)
    change = levels(alone.mel) - levels(mel)
    assert change[kept].abs().max() < 3.1 and change[~kept].min() < -15 and torch.equal(alone.kept, kept)
    mixed = Augment(AugmentConfig(mix=1, style=0, **quiet), -1000.0, 0.01, 7)(mel, kept)
    assert torch.equal(mixed.kept, kept | kept[mixed.partner])
    both = levels(torch.logaddexp(mel * 0.2302585, mel[mixed.partner] * 0.2302585) / 0.2302585)
    assert ((levels(mixed.mel) - both)[mixed.kept].abs() < 3.1).all(), "they sound together as loud as they are"
    louder = kept & (levels(mel) - levels(mel)[mixed.partner] > 15)
    assert louder.any() and (mixed.share[louder] > 0.8).all(), "and what is louder has the more of the target"


def test_a_style_leaves_level_and_silence_alone() -> None:
    mel = torch.from_numpy(np.stack([sound(TINY, 60, seed) for seed in range(8)])).clamp_min(-80)
    mel[:, :20] = -100
    nothing = dict(mix=0, background=0, room=0, equalizer=0, low_pass=0, noise=0, masked=0, gain_db=(0.0, 0.0))
    styled = Augment(AugmentConfig(style=1, **nothing), -100.0, 0.01, 7)(mel).mel
    assert (styled[:, :20] == -100).all()
    assert (levels(styled) - levels(mel)).abs().max() < 3 < (styled - mel).abs().max()


def test_pitch_and_speed() -> None:
    config = MelConfig()
    time = np.arange(48_000) / 48_000
    mel, higher = (LogMel(config, 1).push(0.3 * np.sin(2 * np.pi * hertz * time)) for hertz in (1000, 1000 * 2 ** (4 / 12)))
    warp = Warp(config)
    assert warp(mel, 4.0, 1.0)[50].argmax() == higher[50].argmax() != mel[50].argmax()
    assert np.array_equal(warp(mel, 0.0, 1.0), mel) and len(warp(mel, 0.0, 1.25)) == 80 == len(mel) / 1.25
    assert warp(mel, -3.0, 0.9).max() == pytest.approx(mel.max(), abs=3) and warp(mel[:1], 1.0, 0.9).shape == (1, 64)
    ramp = np.arange(100, dtype=np.float32)[:, None] * np.ones((1, 64), np.float32)
    assert np.allclose(warp(ramp, 0.0, 2.0)[[0, -1]], ramp[[0, -1]]), "played faster, but whole"


# Data


def tone(path: Path, hertz: float, seconds: float = 1.0, rate: int = 16_000, channels: int = 1, seed: int = 0) -> Path:
    random = np.random.default_rng(seed)
    time = np.arange(int(rate * seconds)) / rate
    wave = 0.3 * np.sin(2 * np.pi * hertz * time * random.uniform(0.95, 1.05)) + random.normal(0, 0.01, len(time))
    soundfile.write(path, np.repeat(wave[:, None], channels, 1), rate, subtype="FLOAT" if path.suffix == ".wav" else None)
    return path


def test_bad_sound_files_are_one_sentence_each_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = tone(tmp_path / "good.wav", 500)
    (tmp_path / "corrupt.wav").write_bytes(b"RIFF not really")
    soundfile.write(tmp_path / "silent.wav", np.zeros(16_000), 16_000)
    tone(tmp_path / "low.wav", 500, rate=8000)
    tone(tmp_path / "eight.wav", 500, channels=8)
    broken, rate = soundfile.read(good, dtype="float32")
    broken[100] = np.nan
    soundfile.write(tmp_path / "nan.wav", broken, rate, subtype="FLOAT")
    huge = np.full(16_000, 1e30, np.float32)
    soundfile.write(tmp_path / "huge.wav", huge, 16_000, subtype="FLOAT")
    assert np.abs(read_clip(Clip(tmp_path / "huge.wav", "a bang"))[0]).max() == LOUDEST, "cut as in the show"
    tone(tmp_path / "short.wav", 500, seconds=0.05)
    tone(tmp_path / "click.wav", 500, seconds=0.1)
    names = {
        "corrupt": "not a sound file", "silent": "silent", "low": "8000 Hz", "eight": "8 channels", "nan": "not numbers",
        "short": "only", "missing": "no sound file",
    }  # fmt: skip
    skipped = Skipped()
    cache = MelCache(tmp_path / "mels", MEL)
    assert len(cache.mel(Clip(tmp_path / "click.wav", "a click"))) == 10, "a tenth of a second is enough"
    clips = [Clip(tmp_path / f"{name}.wav", "a tone") for name in ("good", *names)]
    found = cache.mels([*clips, Clip(good, "a tone", start=5.0)], skipped)
    assert [clip.path.stem for clip, _ in found] == ["good"]
    mel = found[0][1].read()
    assert mel.shape == (100, 16) and len(found[0][1]) == 100
    assert np.array_equal(found[0][1].read(40, 9), mel[40:49]) and found[0][1].read(95, 20).shape == (5, 16)
    assert len(skipped.reasons) == len(names) + 1
    for (name, words), reason in zip(names.items(), skipped.reasons, strict=False):
        assert name in reason and words in reason and "\n" not in reason
    assert "before its clip begins" in skipped.reasons[-1]
    assert len(capsys.readouterr().err.strip().splitlines()) == len(names) + 1
    for content in (b"broken off", found[0][1].path.read_bytes()[:-50]):
        found[0][1].path.write_bytes(content)
        assert np.array_equal(cache.mel(clips[0]).read(), mel)
    assert not list((tmp_path / "mels").rglob("*.part"))
    cache.mels([*clips], silent := Skipped(speaks=False))
    assert len(silent.reasons) == len(names) and not capsys.readouterr().err
    with pytest.raises(ClipError):
        read_clip(clips[2])


def test_manifests(tmp_path: Path) -> None:
    rows = tmp_path / "a.csv"
    rows.write_text(
        'path,start,duration,caption,class,level,source,split\nx/1.wav,0.5,2,"a dog, barking",dog,1,s1,test\n'
        "2.wav,,,rain,,,,\n"
    )
    first, second = read_manifest(rows)
    assert first == Clip(tmp_path / "x/1.wav", "a dog, barking", 0.5, 2.0, "s1", "test", "dog", True)
    assert second.split == "train" and second.source == str(tmp_path / "2.wav") and second.duration == 0
    assert first.label == "dog" and second.label == "rain" and not second.level
    lines = tmp_path / "a.jsonl"
    lines.write_text('{"path": "1.wav", "caption": "rain"}\n\n{"path": "2.wav", "caption": "wind", "start": 1}\n')
    assert [clip.caption for clip in read_manifest(lines, tmp_path / "f")] == ["rain", "wind"]
    assert read_manifest(lines, tmp_path / "f")[0].path == tmp_path / "f" / "1.wav"
    vgg, folder = tmp_path / "vggsound.csv", tmp_path / "vgg"
    folder.mkdir()
    for name in ("--0PQM4-hqg_000030.flac", "0aB_7.wav", "0aB_7.json", "--0PQM4-hqg_000030.txt"):
        (folder / name).write_bytes(b"")
    vgg.write_text('--0PQM4-hqg,30,waterfall burbling,train\n0aB,7,"people crowd, cheering",test\ngone,1,rain,train\n')
    found = read_manifest(vgg, folder)
    assert [(clip.path.name, clip.caption, clip.split) for clip in found] == [
        ("--0PQM4-hqg_000030.flac", "waterfall burbling", "train"), ("0aB_7.wav", "people crowd, cheering", "test"),
    ]  # fmt: skip
    for path, text, words in (
        (rows, "path,caption\n,rain\n", "line 2 lacks"), (rows, "path,caption,start\na,b,x\n", "line 2: start"),
        (vgg, "a,b\n", "line 1 is neither"), (lines, "[1]\n", "line 1 is not"),
        (vgg, "gone,1,rain,train\n", "names no clip"),
        (rows, 'path,caption\na,"light\nrain"\n', "line 3: a value goes over several lines"),
        (rows, 'path,caption\na,"rain" b\n', "line 2 is no CSV"), (rows, 'path,caption\na,"rain\n', "no CSV"),
        (rows, "path,caption\n" + "a" * 200_000 + ",b\n", "line 2 is no CSV"),
        (rows, "path,caption,level\na,b,loud\n", "line 2: level is 1"),
    ):  # fmt: skip
        path.write_text(text)
        with pytest.raises(ManifestError, match=words) as caught:
            read_manifest(path, folder)
        assert "\n" not in str(caught.value)
    with pytest.raises(ManifestError, match="cannot be read"):
        read_manifest(tmp_path / "none.csv")
    rows.write_text("class,split,caption\nrain,test,a drizzle\nrain,test,wet\nrain,train,rain\n")
    assert read_wordings(rows) == {"test": {"rain": ("a drizzle", "wet")}, "train": {"rain": ("rain",)}}
    for text, words in (("class,caption\n", "does not begin"), ("class,split,caption\na,,b\n", "line 2")):
        rows.write_text(text)
        with pytest.raises(ManifestError, match=words):
            read_wordings(rows)


# Evaluation


def test_zero_shot_figures_of_a_trivial_problem(tmp_path: Path) -> None:
    columns = np.eye(12, dtype=np.float32)
    classes = np.repeat(np.arange(12), 5)
    found = evaluate(columns[classes], columns, classes)
    assert all(value == 1 for name, value in found.figures.items() if not name.startswith("shuffled_"))
    assert found.figures["shuffled_zero_shot_top1"] < 0.4
    assert np.array_equal(found.confusion, 5 * np.eye(12))
    constant = evaluate(np.tile(normalised(np.ones(12)), (60, 1)), columns, classes)
    assert constant.figures["zero_shot_top1"] == 0 and constant.figures["sound_to_text_r10"] == 0
    wrong = evaluate(np.roll(columns, 1, 0)[classes], columns, classes)
    assert wrong.figures["zero_shot_top1"] == 0
    write_confusion(tmp_path / "c.csv", found.confusion, [str(i) for i in range(12)])
    with (tmp_path / "c.csv").open() as file:
        read = list(csv.reader(file))
    assert len(read) == 13 and read[3][3] == "5"


@pytest.mark.parametrize("strange", [np.nan, np.inf])
def test_latents_that_are_not_numbers_name_nothing(strange: float) -> None:
    columns, classes = np.eye(6, dtype=np.float32), np.repeat(np.arange(6), 3)
    latents = columns[classes]
    latents[::3] = strange
    found = evaluate(latents, columns, classes)
    assert found.figures["zero_shot_top1"] == found.figures["sound_to_text_r5"] == pytest.approx(2 / 3)
    assert found.figures["text_to_sound_r1"] == 1 and found.confusion.sum() == 12
    lost = evaluate(np.full_like(latents, strange), columns, classes).figures
    assert lost["zero_shot_top5"] == lost["sound_to_text_r5"] == lost["text_to_sound_r10"] == 0


def test_figures_do_not_depend_on_how_many_are_looked_at_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(2)
    columns, classes = normalised(random.normal(size=(30, 8))), random.integers(30, size=100)
    latents = normalised(columns[classes] + random.normal(0, 0.5, (100, 8)))
    whole = evaluate(latents, columns, classes)
    monkeypatch.setattr("visualizer.encoder.evaluate.AT_ONCE", 7)
    monkeypatch.setattr("visualizer.encoder.evaluate.MOST_CONFUSED", 29)
    parts = evaluate(latents, columns, classes)
    assert parts.figures == pytest.approx(whole.figures) and 0.1 < whole.figures["zero_shot_top1"] < 0.99
    assert whole.confusion is not None and parts.confusion is None


def test_captions_without_classes_do_not_take_their_square(tmp_path: Path) -> None:
    """Of 50,000 captions every clip its own: what is drawn is made of a batch alone."""
    count = 50_000
    mel = stored(tmp_path, "1", np.full((60, 16), -30.0))
    train = [(Clip(Path("1"), f"caption {row}", source=str(row)), mel) for row in range(count)]
    captions = [clip.caption for clip, _ in train]
    aims = {caption: np.array([row]) for row, caption in enumerate(captions)}
    found = Material(train, [], captions, np.zeros((0, 2)), aims, np.zeros((0, 2)), captions, {}, "space", 0)
    sampler = Sampler(found, network(), AugmentConfig(), np.random.default_rng(1))
    drawn = sampler.segments(SegmentConfig(batch=4, before_s=0.2))
    assert drawn.targets.shape == (4, count) and torch.equal(drawn.targets.sum(1), torch.ones(4))
    clips, config = [clip for clip, _ in train], settings_for(tmp_path, tmp_path, 1)
    with pytest.raises(TrainingError, match=r'50000 captions.*contrast = "batch"'):
        check_captions(clips, config)
    check_captions(clips, replace(config, loss=LossConfig(contrast="batch")))


class Loudness(torch.nn.Module):
    """Stands for an encoder that hears nothing but the level: below −40 dB the first direction, above it the second."""

    def __init__(self) -> None:
        super().__init__()
        self.config = TINY
        self.attend = torch.nn.Conv1d(1, 1, 1)

    def forward(self, mel: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        loud = (levels(mel) > -40).long()
        return torch.eye(4)[loud][:, None].expand(-1, 8, -1), torch.zeros(1)


def stored(folder: Path, name: str, mel: np.ndarray) -> StoredMel:
    np.save(folder / f"{name}.npy", mel.astype(np.float16))
    return StoredMel(folder / f"{name}.npy", len(mel))


def sounds_of(folder: Path, levels_of: dict[str, float], split: str, bands: int = 16) -> Sounds:
    """Two noises of each class at its level, dB; those whose name has "rain" are known by it."""
    random, found = np.random.default_rng(len(split)), []
    for kind, level in levels_of.items():
        for take in range(2):
            mel = np.full((60, bands), level - 10 * np.log10(bands)) + random.normal(0, 1, (60, bands))
            clip = Clip(Path(kind), kind, source=f"{kind} {split} {take}", split=split, kind=kind, level="rain" in kind)
            found.append((clip, stored(folder, f"{kind}-{split}-{take}", mel)))
    return found


def test_quiet_against_loud_is_measured(tmp_path: Path) -> None:
    known = {"drizzle rain": -50.0, "pouring rain": -20.0, "voice": -30.0}
    classes = list(known)
    material = Material(
        sounds_of(tmp_path, known, "train"), sounds_of(tmp_path, known, "test"), classes, np.eye(3, 4), {},
        np.zeros((0, 4)), classes, {"test": np.eye(3, 4, dtype=np.float32)}, "space", 0,
    )  # fmt: skip
    settings = EvaluateConfig(pairs=(("drizzle rain", "pouring rain"),))
    figures = measure(Loudness(), material, settings, tmp_path)  # type: ignore[arg-type]
    assert figures["test_drizzle rain_against_pouring rain"] == 1
    assert figures["test_pouring rain_quieter_is_drizzle rain"] == 1, "24 dB below −20 are below −40"
    assert figures["test_quieter_named_the_same"] == 0, "the voice sinks below −40 dB, and is heard as drizzle"
    assert figures["test_zero_shot_top1"] == pytest.approx(2 / 3) and figures["test_quieter_zero_shot_top1"] == 0
    assert (tmp_path / "confusion-test.csv").read_text().splitlines()[0] == "heard as,drizzle rain,pouring rain,voice"
    deaf = replace(settings, quieter_db=1.0)
    assert measure(Loudness(), material, deaf, tmp_path)["test_pouring rain_quieter_is_drizzle rain"] == 0  # type: ignore[arg-type]


def test_the_mean_spectrum_is_a_baseline_and_labels_are_dealt_out(tmp_path: Path) -> None:
    known = {"a": -50.0, "b": -20.0, "c": -35.0}
    train, test = (sounds_of(tmp_path, known, split) for split in ("train", "test"))
    assert spectral_figures(train, test) == {"spectral_mean_top1": 1.0}
    material = Material(train * 8, test, [], np.zeros((0, 4)), {}, np.zeros((0, 4)), list(known), {}, "space", 0)
    labels = [clip.label for clip, _ in material.dealt(3).train]
    assert sorted(labels) == sorted(clip.label for clip, _ in material.train) != labels
    assert 0.1 < np.mean([new == clip.label for new, (clip, _) in zip(labels, material.train, strict=True)]) < 0.7


# Training

TEACHER = Teacher("teacher", fake_teach)
KINDS = {
    "low": (200, ("low hum", "deep hum"), ("bottom drone", "subterranean moan")),
    "middle": (1200, ("middle tone", "average tone"), ("plain beep", "ordinary note")),
    "high": (5000, ("high whistle", "shrill whistle"), ("piercing squeak", "needle of sound")),
}
"""Classes: pitch in Hz, captions of training and of tests."""


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tones of three pitches with a manifest, a small bank that gives the space, and a list of wordings."""
    folder = tmp_path_factory.mktemp("material")
    rows, words = ["path,caption,class,level,split"], ["class,split,caption"]
    for name, (hertz, train_words, test_words) in KINDS.items():
        for take in range(5):
            split = {4: "test", 3: "valid"}.get(take, "train")
            path = tone(folder / f"{name}-{take}.flac", hertz, seconds=0.6, seed=hertz + take)
            caption = test_words[0] if split == "test" else train_words[take % 2]
            rows.append(f"{path.name},{caption},{name},{int(name == 'low')},{split}")
        words += [f"{name},test,{word}" for word in test_words] + [f"{name},train,{word}" for word in train_words]
    (folder / "corrupt.wav").write_bytes(b"nothing")
    rows.append("corrupt.wav,low hum,low,1,train")
    (folder / "sounds.csv").write_text("\n".join(rows) + "\n")
    (folder / "words.csv").write_text("\n".join(words) + "\n")
    (folder / "bank.toml").write_text(
        '[g]\n"low hum" = []\n"green sea" = []\n"red sky" = []\n'
        '"piercing squeak" = ["shrieking"]\n"plain plain beep" = []\n'
    )
    make_bank(read_texts(folder / "bank.toml"), fake_teach, "teacher").save(folder / "bank.safetensors")
    return folder


def settings_for(folder: Path, run: Path, steps: int, device: str = "cpu") -> TrainConfig:
    stage = {"batch": 4, "steps": steps, "warmup": 1}
    return TrainConfig(
        RunConfig(folder=str(run), device=device, threads=1, minutes=5, log_every=1, tensorboard=False),
        DataConfig(
            manifest=str(folder / "sounds.csv"), wordings=str(folder / "words.csv"), bank=str(folder / "bank.safetensors"),
        ),
        TINY, AugmentConfig(), SegmentConfig(**stage, before_s=0.2),
        SceneConfig(**stage, scene_s=1.0, sound_s=(0.3, 0.6), ignored_s=0.1, reuse=2),
    )  # fmt: skip


def test_what_is_held_out_never_enters_the_loss(material: Path, tmp_path: Path) -> None:
    found = gather(settings_for(material, tmp_path, 1), TEACHER, Runner("cpu"))
    learnt = {word for _, words, _ in KINDS.values() for word in words}
    tested = {word for _, _, words in KINDS.values() for word in words}
    assert set(found.captions) == learnt and not learnt & tested
    assert [clip.split for clip, _ in found.train] == ["train"] * 9
    bank = read_table(material / "bank.safetensors")
    assert len(found.others) == 3 - 1, "“piercing squeak” is tested, “low hum” learnt, and “plain plain beep” is its kin"
    teach = {word: centred(fake_teach([word]), bank.centre)[0] for word in tested}
    choice = found.choice(torch.device("cpu")).numpy()
    assert len(choice) == len(learnt) + len(found.others)
    assert all((found.others @ vector).max() < KIN for vector in teach.values())
    loss = contrast(LossConfig(), torch.from_numpy(choice))
    assert np.array_equal(loss.table, choice) and all((choice @ vector).max() < 0.9 for vector in teach.values())
    # A column a class: the mean of its words in the split, each of them over the prompts.
    assert found.classes == ["high", "low", "middle"] and set(found.columns) == {"test", "valid"}
    prompts = DataConfig().prompts
    vectors = [
        normalised(centred(fake_teach([prompt.format(word) for prompt in prompts]), bank.centre).mean(0))
        for word in KINDS["low"][2]
    ]
    assert np.allclose(found.columns["test"][1], normalised(np.mean(vectors, 0)), atol=1e-5)
    rows = [found.captions.index(word) for word in KINDS["low"][1]]
    assert sorted(found.aims["low"]) == sorted(rows)
    assert np.array_equal(aimed([found.aims["low"]], 6)[0], np.isin(np.arange(6), rows) / np.float32(2))
    figures = train(settings_for(material, tmp_path, 1), teacher=TEACHER)
    for split in ("test", "valid"):
        assert {f"{split}_zero_shot_top1", f"{split}_zero_shot_top5", f"{split}_spectral_mean_top1"} <= set(figures)
        assert 0 <= figures[f"{split}_words_alone_top1"] <= 1
    assert figures["valid_words_alone_top1"] == 1, "validation has the words of training"
    for split in ("test", "valid"):
        assert (tmp_path / f"confusion-{split}.csv").exists()


def test_a_bank_of_another_teacher_is_refused(material: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"made by 'teacher'.*teacher is 'someone else'"):
        gather(settings_for(material, tmp_path, 1), Teacher("someone else", fake_teach), Runner("cpu"))
    config = settings_for(material, tmp_path, 1)
    own = replace(config, data=replace(config.data, bank=str(material / "bank.toml")))
    made = space_of(own, Teacher("someone else", fake_teach), Runner("cpu"))
    assert made.teacher == "someone else" and read_table(tmp_path / "bank.safetensors").space == made.space
    strayed = Teacher("someone else", lambda texts: fake_teach(texts)[:, ::-1])
    assert space_of(own, strayed, Runner("cpu")).space == made.space, "a run that goes on keeps its space"
    with pytest.raises(TrainingError, match="24"):
        space_of(replace(config, encoder=replace(TINY, latent=25)), TEACHER, Runner("cpu"))


def test_the_teacher_is_asked_once_a_run(material: Path, tmp_path: Path) -> None:
    asked: list[int] = []

    def teach(texts: list[str]) -> np.ndarray:
        asked.append(len(texts))
        return fake_teach(texts)

    config, teacher = settings_for(material, tmp_path, 1), Teacher("teacher", teach)
    first, again = gather(config, teacher, Runner("cpu")), gather(config, teacher, Runner("cpu"))
    assert len(asked) == 1 and np.array_equal(first.table, again.table)
    (table,) = (tmp_path / "targets").iterdir()
    table.write_bytes(table.read_bytes()[:-10])
    gather(config, teacher, Runner("cpu"))
    gather(replace(config, data=replace(config.data, prompts=("{}",))), teacher, Runner("cpu"))
    assert asked[0] == asked[1] == 3 * asked[2], "asked anew for a table that is not whole, and for other texts"
    strange = Teacher("teacher", lambda texts: np.full((len(texts), 24), np.nan, np.float32))
    table.unlink()
    with pytest.raises(TrainingError, match="not numbers"):
        gather(config, strange, Runner("cpu"))
    assert len(gather(config, teacher, Runner("cpu")).table) == len(first.table), "what is no number was not kept"


def test_a_source_on_both_sides_is_refused(material: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared.csv"
    rows = ["low-0.flac,hum,forest,train", "low-1.flac,hum,forest,test", "low-2.flac,hum,,train"]
    shared.write_text("\n".join(["path,caption,source,split", *rows]) + "\n")
    config = settings_for(material, tmp_path, 1)
    config = replace(config, data=replace(config.data, manifest=str(shared), folder=str(material)))
    with pytest.raises(TrainingError, match=r"'forest' stands in the splits test, train of .*shared\.csv"):
        gather(config, TEACHER, Runner("cpu"))
    # Two stretches of one file are one source where the manifest names none.
    shared.write_text("path,caption,start,split\nlow-0.flac,hum,0,train\nlow-0.flac,hum,0.3,test\n")
    with pytest.raises(TrainingError, match=r"low-0\.flac' stands in"):
        gather(config, TEACHER, Runner("cpu"))


def test_sounds_take_no_memory_and_no_open_files(material: Path, tmp_path: Path) -> None:
    found = gather(settings_for(material, tmp_path, 1), TEACHER, Runner("cpu"))
    held = Path("/proc/self/fd")
    opened = len(list(held.iterdir())) if held.exists() else 0
    sampler = Sampler(found, network(), AugmentConfig(), np.random.default_rng(1))
    drawn = [sampler.segments(SegmentConfig(batch=8, before_s=0.2)) for _ in range(5)]
    assert not opened or len(list(held.iterdir())) == opened
    assert all(isinstance(mel, StoredMel) for _, mel in found.train)
    assert drawn[0].mel.shape == (8, 35, 16)


def test_sounds_are_drawn_by_class_and_source_and_short_ones_come_again(tmp_path: Path) -> None:
    mel, names = np.full((60, 16), -30.0), ("a", "b")
    aims = {name: np.array([row]) for row, name in enumerate(names)}
    train = [(Clip(Path("1"), "a", source="rare", kind="a"), stored(tmp_path, "1", mel - 30))]
    train += [(Clip(Path("1"), "a", source="much", kind="a"), stored(tmp_path, "2", mel))] * 30
    train += [(Clip(Path("1"), "b", source="click", kind="b", level=True), stored(tmp_path, "3", mel[:3] + 20))]
    found = Material(train, [], ["a", "b"], np.eye(2), aims, np.zeros((0, 2)), ["a", "b"], {}, "space", 0)
    sampler = Sampler(found, network(), AugmentConfig(), np.random.default_rng(1))
    drawn = sampler.segments(SegmentConfig(batch=400, before_s=0.2, sudden=0.0))
    assert drawn.targets[:, 1].mean() == pytest.approx(0.5, abs=0.1)
    assert torch.equal(drawn.kept, drawn.targets[:, 1] == 1)
    of_a = drawn.mel[drawn.targets[:, 0] == 1].amax((1, 2))
    assert (of_a < -45).float().mean() == pytest.approx(0.5, abs=0.15), "every source as often as any other"
    clicks = (drawn.mel[drawn.targets[:, 1] == 1] > -20).any(-1).float().argmax(1)
    assert clicks.min() < 20 <= 30 < clicks.max(), "a click lies anywhere in the segment, which is the last 20 frames"
    scenes = sampler.scenes(SceneConfig(batch=40, scene_s=2.0, sound_s=(1.0, 2.0), ignored_s=0.3))
    assert (scenes.asked & (scenes.targets[..., 1] == 1)).any(), "a short sound is asked for, as it comes again"
    heard = (scenes.mel > -25).any(-1)
    for row in np.flatnonzero((scenes.targets[:, :, 1] == 1).all(1))[:3]:
        assert 2 <= (heard[row, 1:] & ~heard[row, :-1]).sum() <= 16
    assert torch.equal(scenes.kept, (scenes.targets[..., 1] == 1).any(1))


def test_level_features_of_level_classes_are_never_dropped() -> None:
    model = network().train()
    measures, kept = torch.ones(64, 5, 3), torch.arange(64) < 32
    dropped = model.dropped(measures, kept)
    assert (dropped[:32] == 1).all() and (dropped[32:] == 0).any()


def test_a_training_takes_steps_and_goes_on_after_a_kill(material: Path, tmp_path: Path) -> None:
    figures = train(settings_for(material, tmp_path, 2), teacher=TEACHER)
    assert 0 <= figures["test_zero_shot_top1"] <= 1 and "valid_shuffled_zero_shot_top1" in figures
    loaded = load_encoder(tmp_path / "encoder")
    assert loaded.config == TINY and len(loaded.space) == 16 and 0.01 <= loaded.temperature != 0.07
    about = (tmp_path / "encoder" / "config.json").read_text()
    assert json.loads(about)["notes"]["skipped"] == 1 and str(tmp_path) not in about, "weights that ship tell no paths"
    assert load_bank(bank_for(tmp_path / "encoder"))[0].space == loaded.space, "it brings the bank it is read with"
    for name in ("segments.csv", "scenes.csv", "confusion-test.csv", "evaluation.json"):
        assert (tmp_path / name).exists()
    # As if killed in stage 2: its checkpoint says that it is not done.
    kept = torch.load(tmp_path / "scenes.pt", weights_only=True)
    assert kept["seconds"] > 0
    torch.save({**kept, "done": False}, tmp_path / "scenes.pt")
    train(settings_for(material, tmp_path, 4), resume=True, teacher=TEACHER)
    assert torch.load(tmp_path / "segments.pt", weights_only=True)["step"] == 2, "a stage that is done is left alone"
    assert torch.load(tmp_path / "scenes.pt", weights_only=True)["step"] == 4
    lines = (tmp_path / "scenes.csv").read_text().splitlines()
    assert [line.split(",")[1] for line in lines] == ["step", "1", "2", "3", "4"]
    other = replace(settings_for(material, tmp_path, 2), encoder=replace(TINY, lstm=13))
    with pytest.raises(TrainingError, match="another encoder"):
        train(other, resume=True, teacher=TEACHER)


def test_a_training_starts_from_an_encoder_that_is_alike(material: Path, tmp_path: Path) -> None:
    train(settings_for(material, tmp_path / "first", 1), teacher=TEACHER)
    settings = settings_for(material, tmp_path / "second", 1)
    start = replace(settings, run=replace(settings.run, start=str(tmp_path / "first" / "encoder")))
    still = replace(start, segments=replace(start.segments, rate=1e-12), scenes=replace(start.scenes, rate=1e-12))
    train(still, teacher=TEACHER)
    weights = [dict(load_encoder(tmp_path / name / "encoder").named_parameters()) for name in ("first", "second")]
    assert all(torch.allclose(weights[0][name], weights[1][name], atol=2e-3) for name in weights[0])
    with pytest.raises(TrainingError, match="another form"):
        train(replace(start, encoder=replace(TINY, lstm=13)), teacher=TEACHER)


def test_a_stage_that_goes_on_has_what_is_left_of_its_time(
    material: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(checkpoint.time, "monotonic", lambda: now[0])
    config = settings_for(material, tmp_path, 0)
    config = replace(config, run=replace(config.run, checkpoint_minutes=0.001))
    learner = torch.nn.Linear(4, 1)

    def begin(resume: bool) -> Stage:
        return Stage("segments", config, config.segments, learner, Runner("cpu"), resume)

    def batch() -> tuple[torch.Tensor, dict[str, float]]:
        now[0] += 60
        if now[0] in (360, 1320):
            raise KeyboardInterrupt
        return learner(torch.ones(2, 4)).square().mean(), {}

    first = begin(False)
    with pytest.raises(KeyboardInterrupt):
        first.learn(10, batch)
    assert first.step == 5
    now[0] = 1000
    second = begin(True)
    assert second.seconds == 300 and second.step == 5
    assert not np.array_equal(first.seeds().generate_state(2), begin(False).seeds().generate_state(2))
    assert np.array_equal(first.seeds().generate_state(2), second.seeds().generate_state(2))
    second.learn(10, batch)
    assert second.done and second.step == 10, "ten minutes in all, not ten more"
    with (tmp_path / "segments.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["seconds"]) for row in rows] == [60.0 * step for step in range(1, 11)]
    rates = [float(row["rate"]) for row in rows]
    assert rates[4] == max(rates) and rates[5:] == sorted(rates, reverse=True)[-5:], "the rate falls on from where it was"


def test_a_loss_that_is_no_number_stops_before_the_weights_are_touched(material: Path, tmp_path: Path) -> None:
    learner = torch.nn.Linear(4, 1)
    before = learner.weight.detach().clone()
    stage = Stage("scenes", settings_for(material, tmp_path, 5), SceneConfig(), learner, Runner("cpu"), False)
    with pytest.raises(TrainingError, match=r"stage scenes is not a number after 0 steps.*\[scenes\]") as caught:
        stage.learn(1, lambda: (learner(torch.full((2, 4), math.nan)).mean(), {}))
    assert torch.equal(learner.weight, before) and "\n" not in str(caught.value) and not stage.path.exists()


@pytest.mark.parametrize("kind", ["table", "batch"])
def test_a_training_lowers_its_loss(kind: str, material: Path, tmp_path: Path) -> None:
    config = settings_for(material, tmp_path, 40)
    quiet = AugmentConfig(mix=0, background=0, style=0, room=0, masked=0, noise=0)
    config = replace(
        config, augment=quiet, segments=replace(config.segments, batch=12, sudden=0.0), loss=LossConfig(contrast=kind)
    )
    train(config, teacher=TEACHER)
    with (tmp_path / "segments.csv").open() as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    assert np.mean(losses[-5:]) < np.mean(losses[:5]) - 0.1
    assert load_encoder(tmp_path / "encoder").temperature != pytest.approx(0.07, rel=1e-6), "the scale is learnt"


def test_an_audit_trains_on_labels_that_mean_nothing(material: Path, tmp_path: Path) -> None:
    config = replace(settings_for(material, tmp_path, 2), evaluate=EvaluateConfig(audit_minutes=5))
    figures = train(config, teacher=TEACHER)
    assert 0 <= figures["test_shuffled_training_top1"] <= 1 and "valid_shuffled_training_top1" in figures
    assert (tmp_path / "shuffled" / "scenes.pt").exists() and not (tmp_path / "shuffled" / "encoder").exists()


# CLIP's text encoder as teacher and as what a mapper maps to


def clip_folder(folder: Path, width: int) -> Path:
    """A CLIP text encoder of random weights, one layer, in the diffusers layout."""
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(3)
    config = CLIPTextConfig(
        vocab_size=300, hidden_size=width, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, bos_token_id=0,
        eos_token_id=1, max_position_embeddings=12,
    )  # fmt: skip
    CLIPTextModel(config).save_pretrained(folder / "text_encoder")
    tokenizer = folder / "tokenizer"
    tokenizer.mkdir()
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["<|startoftext|>", "<|endoftext|>", *letters, *(letter + "</w>" for letter in letters)]
    (tokenizer / "vocab.json").write_text(json.dumps({word: number for number, word in enumerate(words)}))
    (tokenizer / "merges.txt").write_text("#version: 0.2\n")
    (tokenizer / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "CLIPTokenizer"}))
    return folder


def test_clip_is_read_from_a_local_folder_in_either_layout(tmp_path: Path) -> None:
    diffusers = clip_folder(tmp_path / "model", 24)
    text = ClipText(diffusers)
    vectors = text.teach(["low hum", "red sky"])
    assert vectors.shape == (2, 24) and np.allclose(np.linalg.norm(vectors, axis=1), 1) and abs(vectors[0] @ vectors[1]) < 1
    assert text.states(["low hum", "red sky"]).shape == (2, 12, 24)
    plain = tmp_path / "clip"
    shutil.copytree(diffusers / "text_encoder", plain)
    shutil.copytree(diffusers / "tokenizer", plain, dirs_exist_ok=True)
    again = ClipText(plain)
    assert again.fingerprint == text.fingerprint and np.allclose(again.teach(["red sky"]), vectors[1:], atol=1e-6)
    (diffusers / "text_encoder" / "model.safetensors").write_bytes(b"nothing")
    weights = load_file(plain / "model.safetensors")
    short = {name: value for name, value in weights.items() if "final" not in name}
    save_file(short, plain / "model.safetensors", {"format": "pt"})
    for folder, words in ((diffusers, "cannot be read"), (tmp_path, "holds no text encoder"), (plain, "lacks 'final")):
        with pytest.raises(TrainingError, match=words) as caught:
            ClipText(folder)
        assert "\n" not in str(caught.value)


def test_a_mapper_is_trained_and_written(material: Path, tmp_path: Path) -> None:
    folder = clip_folder(tmp_path / "model", 24)
    config = settings_for(material, tmp_path, 2)
    mapper = MapperConfig(share=0.1, batch=32, steps=60, rate=1e-2, warmup=1, text_encoder=str(folder), hidden=32)
    train(replace(config, mapper=mapper), teacher=TEACHER)
    space, text = load_encoder(tmp_path / "encoder").space, ClipText(folder)
    made = Mapper(tmp_path / "mapper.safetensors", space, text.fingerprint)
    found = made.states(np.eye(24, dtype=np.float32)[0])
    assert found.shape == (1, 12, 24)
    assert torch.allclose(found[0, 0], text.states(["anything"])[0, 0], atol=2e-3), "the first token is CLIP's own"
    with (tmp_path / "mapper.csv").open() as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    assert len(losses) == 60 and np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])


def test_the_published_form_is_trained_where_the_space_is_as_wide(material: Path, tmp_path: Path) -> None:
    clip_folder(tmp_path / "model", 768)
    path = tmp_path / "train.toml"
    stage = 'batch = 2\nsteps = 1\noptimizer = "adamw"\n'
    path.write_text(
        f'[run]\nfolder = "run"\nthreads = 1\ntensorboard = false\n[data]\nmanifest = "{material / "sounds.csv"}"\n'
        f'bank = "{material / "bank.toml"}"\nteacher = "model"\n[encoder]\nform = "published"\n[loss]\ncontrast = "batch"\n'
        f"[segments]\n{stage}before_s = 0.1\n[scenes]\n{stage}scene_s = 1.0\nignored_s = 0.1\n"
    )
    train(load_settings(path))
    loaded = load_encoder(tmp_path / "run" / "encoder")
    assert loaded.config == replace(PUBLISHED, mapper=())
    bank = read_table(tmp_path / "run" / "bank.safetensors")
    bank.check(loaded.space)
    assert bank.teacher.startswith("CLIP text encoder ") and bank.vectors.shape == (5, 768)


def test_a_training_configuration_file(material: Path, tmp_path: Path) -> None:
    path = tmp_path / "train.toml"
    data = '[data]\nmanifest = "sounds.csv"\nteacher = "clip"\n'
    path.write_text(
        data + "[encoder]\nlstm = 128\n[scenes]\nrate = 1\n[augment]\ngain_db = [-10, 0]\n"
        '[evaluate]\npairs = [["rain_light", "rain_heavy"]]\n[mapper]\ntext_encoder = "sd"\n'
    )
    config = load_settings(path)
    assert config.data.manifest == str(tmp_path / "sounds.csv") and config.encoder == replace(SMALL, lstm=128)
    assert config.scenes.rate == 1 and config.augment.gain_db == (-10, 0)
    assert config.evaluate.pairs == (("rain_light", "rain_heavy"),) and config.mapper.text_encoder == str(tmp_path / "sd")
    assert config.data.teacher == str(tmp_path / "clip") and config.data.wordings == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[dat]\n", "unknown section dat"), ("[data]\nmanifets = 'a'\n", "manifets"), ("[run]\nseed = 'a'\n", "seed"),
        ("[data]\n", "names no manifest"), ("[encoder]\nform = 'x'\n", "form"), ("[encoder]\nlstm = 0\n", "lstm"),
        ("[segments]\noptimizer = 'sgd'\n", "optimizer"), ("[", "cannot be read"), ("run = 3\n", "must be a section"),
        ("[run]\nlog_every = 0\n", "log_every"), ("[run]\nthreads = 0\n", "threads"), ("[run]\nseed = -1\n", "seed"),
        ("[run]\nminutes = 0\n", "minutes"), ("[run]\nminutes = nan\n", "minutes"),
        ("[segments]\nshare = 0\n[scenes]\nshare = 0\n", "both 0"), ("[scenes]\nshare = -1\n", "share"),
        ("[segments]\nbatch = 0\n", "batch"), ("[scenes]\nbatch = -4\n", "batch"), ("[segments]\nrate = nan\n", "rate"),
        ("[segments]\nema = 1\n", "ema"), ("[segments]\nwarmup = -1\n", "warmup"), ("[segments]\nsudden = 2\n", "sudden"),
        ("[scenes]\nreuse = 0\n", "reuse"), ("[scenes]\nkept = 0\n", "kept"), ("[scenes]\nsound_s = [5, 1]\n", "sound_s"),
        ("[scenes]\nsound_s = [1]\n", "sound_s"), ("[scenes]\nsound_s = ['a', 'b']\n", "sound_s"),
        ("[scenes]\nscene_s = 0\n", "scene_s"), ("[scenes]\nignored_s = 9\n", "ignored_s"),
        ("[augment]\ngain_db = [1]\n", "gain_db"), ("[augment]\ngain_db = [6, -30]\n", "gain_db"),
        ("[augment]\nroom_s = [0, 1]\n", "room_s"), ("[augment]\nmix = 2\n", "mix"), ("[augment]\nspeed = 1\n", "speed"),
        ("[data]\nprompts = []\n", "prompts"), ("[data]\nprompts = ['{x}']\n", "prompts"),
        ("[data]\nprompts = ['no place']\n", "prompts"), ("[data]\nprompts = [3]\n", "prompts"),
        ("[encoder]\nmapper = [2048, 77, 768]\n", r"takes no mapper.*\[mapper\]"),
        ("[loss]\ncontrast = 'both'\n", "contrast"), ("[mapper]\nshare = 0.1\n", "text_encoder"),
        ("[evaluate]\npairs = [['a']]\n", "pairs"), ("[evaluate]\nquieter_db = 0\n", "quieter_db"),
    ],
)  # fmt: skip
def test_a_configuration_that_makes_no_sense_is_one_sentence(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "train.toml"
    path.write_text(text)
    with pytest.raises(TrainingError, match=words) as caught:
        load_settings(path)
    assert "\n" not in str(caught.value) and "train.toml" in str(caught.value)


def test_pairs_and_devices_that_are_not_there_are_said(material: Path, tmp_path: Path) -> None:
    config = replace(settings_for(material, tmp_path, 1), evaluate=EvaluateConfig(pairs=(("low", "lowest"),)))
    with pytest.raises(TrainingError, match="'lowest'"):
        gather(config, TEACHER, Runner("cpu"))
    with pytest.raises(TrainingError, match="'abacus'"):
        Runner("abacus")


def test_the_configuration_of_the_weights_that_ship() -> None:
    root = Path(__file__).parents[1]
    config = load_settings(root / "visualizer" / "encoder" / "configs" / "small.toml")
    assert config.encoder == SMALL and config.run.device == "cpu" and 60 <= config.run.minutes <= 90
    assert Path(config.data.manifest).resolve().is_relative_to(root) and not config.data.bank
    assert all(len(pair) == 2 for pair in config.evaluate.pairs) and config.evaluate.pairs


def test_the_command_line_says_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for what, words in (("encoder", "no training configuration"), ("bank", "no prompt bank")):
        monkeypatch.setattr(sys, "argv", ["visualizer", "train", what, str(tmp_path / "none.toml")])
        assert main() == 2
        assert words in capsys.readouterr().err


def test_what_is_not_installed_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    monkeypatch.setattr(metrics, "_said", False)
    assert metrics.board(tmp_path) is None and metrics.board(tmp_path) is None
    assert capsys.readouterr().err.count("TensorBoard") == 1
    monkeypatch.setitem(sys.modules, "accelerate", None)
    monkeypatch.setenv(LAUNCHED, "no")
    with pytest.raises(TrainingError, match="pip install accelerate"):
        Runner("cpu")


TRAINED_BY_COMMAND = """
[run]
folder = "run"
threads = 1
log_every = 1
minutes = 5
[data]
manifest = {manifest!r}
wordings = {wordings!r}
[encoder]
segment_frames = 20
step_frames = 5
widths = [4, 8]
blocks = [1, 1]
stem_stride = [1, 2]
lstm = 12
window = 4
mel = {{ sample_rate = 16000, window_samples = 256, n_fft = 256, hop = 160, bands = 16, fmin = 50.0, fmax = 7500.0 }}
[segments]
batch = 4
steps = 3
warmup = 1
before_s = 0.2
[scenes]
batch = 4
steps = 3
warmup = 1
scene_s = 1.0
sound_s = [0.3, 0.6]
ignored_s = 0.1
"""


def test_two_processes_train_together(material: Path, tmp_path: Path) -> None:
    """``visualizer train encoder`` itself under the launcher, with sentence encoder, shipped bank and TensorBoard."""
    config, run = tmp_path / "train.toml", tmp_path / "run"
    config.write_text(
        TRAINED_BY_COMMAND.format(manifest=str(material / "sounds.csv"), wordings=str(material / "words.csv"))
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # On CPUs the launcher starts one process itself and leaves the others to MPI, so each is launched with its rank.
    command = [
        sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2", "--num_machines", "1",
        "--mixed_precision", "no", "--main_process_port", str(port), "--module",
        "visualizer", "train", "encoder", str(config),
    ]  # fmt: skip
    started = []
    for rank in range(2):
        ranks = {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
        # In a session of its own: what the launcher starts must end with it.
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
        environment = {**os.environ, **ranks, "OMP_NUM_THREADS": "1"}
        started.append(subprocess.Popen(command, env=environment, cwd=Path(__file__).parents[1], **pipes))
    told = []
    try:
        told = [process.communicate(timeout=240) for process in started]
    finally:
        for process in started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    assert [process.returncode for process in started] == [0, 0], "\n".join(err[-3000:] for _, err in told)
    out, err = ("".join(parts) for parts in zip(*told, strict=True))
    assert err.count("skipped: ") == 1 and out.count("clips were skipped") == 1 == out.count("The encoder is in")
    assert out.count("test_zero_shot_top1") == 1, "the main process alone measures"
    assert not list(run.rglob("*.part")) and len(list((run / "targets").iterdir())) == 1
    assert torch.load(run / "scenes.pt", weights_only=True)["step"] == 3
    lines = (run / "segments.csv").read_text().splitlines()
    assert [line.split(",")[1] for line in lines] == ["step", "1", "2", "3"], "one process writes"
    assert load_encoder(run / "encoder").space == read_table(prompt_bank()).space
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    board = EventAccumulator(str(run / "tensorboard")).Reload()
    for name in ("segments/loss", "scenes/loss"):
        assert [scalar.step for scalar in board.Scalars(name)] == [1, 2, 3]


def test_the_bank_that_ships_is_what_its_teacher_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts, written = tmp_path / "mine.toml", read_texts(prompt_bank().with_suffix(".toml"))
    entries = [entry for entry in written if entry.text in ("heavy rain", "birdsong")]
    rows = [f"{json.dumps(entry.text)} = {json.dumps(entry.wordings, ensure_ascii=False)}" for entry in entries]
    texts.write_text("\n".join(["[mine]", *rows, '"a downpour at night" = []']) + "\n")
    monkeypatch.setattr(sys, "argv", ["visualizer", "train", "bank", str(texts)])
    assert main() == 0
    shipped, mine = read_table(prompt_bank()), read_table(tmp_path / "mine.safetensors")
    mine.check(shipped.space)
    for entry in entries:
        one, other = (bank.vectors[bank.texts.index(entry.text)] for bank in (shipped, mine))
        assert one @ other > 0.999
    like = shipped.similarities(mine.vectors[mine.texts.index("a downpour at night")])
    assert "rain" in shipped.texts[int(like.argmax())]


def test_a_file_that_two_write_at_once_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "mel.npy"
    with put_in_place(path) as first, put_in_place(path) as second:
        assert first != second
        first.write_text("one")
        second.write_text("two")
    assert path.read_text() in ("one", "two")
    with pytest.raises(KeyboardInterrupt), put_in_place(path) as part:
        part.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() != "half" and list(path.parent.iterdir()) == [path]


def test_the_bank_and_the_command_line_do_not_import_torch() -> None:
    code = "import sys, visualizer.__main__, visualizer.encoder.bank; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr
