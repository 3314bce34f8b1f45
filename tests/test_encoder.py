"""The sound encoder: streaming, causality, level, the bank, mixtures, weights, data and a training in miniature."""

from __future__ import annotations

import csv
import json
import math
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import load_file, save_file

from visualizer.__main__ import main
from visualizer.analysis.mel import MelConfig
from visualizer.encoder import metrics
from visualizer.encoder.augment import Augment, AugmentConfig, levels
from visualizer.encoder.bank import Bank, BankError, Entry, load_bank, make_bank, normalised, read_texts
from visualizer.encoder.config import PUBLISHED, SMALL, EncoderConfig, EncoderError
from visualizer.encoder.data import Clip, ClipError, ManifestError, MelCache, Skipped, read_manifest, read_sound
from visualizer.encoder.evaluate import evaluate, write_confusion
from visualizer.encoder.losses import Scale, TableLoss, in_batch, nearness, softened, to_states
from visualizer.encoder.meaning import BankStates, Mapper, Mixer, save_mapper
from visualizer.encoder.network import AudioEncoder, build_mapper, parameters
from visualizer.encoder.published import from_published
from visualizer.encoder.runner import LAUNCHED, Runner
from visualizer.encoder.settings import (
    DataConfig,
    RunConfig,
    SceneConfig,
    SegmentConfig,
    TrainConfig,
    TrainingError,
    load_settings,
)
from visualizer.encoder.streaming import Encoded, StreamingEncoder, meaning
from visualizer.encoder.train import train
from visualizer.encoder.weights import load_encoder, save_encoder

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


def test_a_reset_and_a_warm_start_begin_anew() -> None:
    encoder = StreamingEncoder(network())
    mel = sound(TINY, 60)
    first = encoder.push(mel)
    assert np.abs(encoder.push(mel)[-1].latent - first[-1].latent).max() > 1e-5
    warmed = encoder.warm(mel, 8000)
    assert warmed is not None and np.allclose(warmed.latent, first[-1].latent, atol=1e-6)
    assert warmed.sample == 8000 + 60 * MEL.hop
    encoder.reset()
    assert np.allclose(encoder.push(mel)[-1].latent, first[-1].latent, atol=1e-6)
    assert encoder.warm(mel[:2]) is None


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
    bank = load_bank()
    entries = read_texts(Path(__file__).parents[1] / "visualizer" / "encoder" / "bank.toml")
    assert len(bank) >= 150 and bank.texts == tuple(entry.text for entry in entries)
    assert len(set(bank.groups)) == 10
    row = bank.texts.index("heavy rain")
    weights = bank.weights(bank.vectors[row])
    assert weights.sum() == pytest.approx(1, abs=1e-5) and weights.argmax() == row
    assert max(bank.by_group(weights), key=bank.by_group(weights).__getitem__) == "weather"
    assert sum(bank.by_group(weights).values()) == pytest.approx(1, abs=1e-5)
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


def test_a_users_own_bank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped, folder = tmp_path / "shipped.safetensors", tmp_path / "banks"
    small_bank().save(shipped)
    monkeypatch.setattr("visualizer.resources.prompt_bank", lambda: shipped)
    assert len(load_bank(folder)) == 12
    folder.mkdir()
    (folder / "mine.toml").write_text('[club]\n"laser fog" = []\n')
    with pytest.raises(BankError, match=r"mine\.toml.*laser fog.*visualizer train bank"):
        load_bank(folder)
    taught = load_bank(folder, fake_teach)
    assert taught.texts[-1] == "laser fog" and taught.groups[-1] == "club"
    mine, table = read_texts(folder / "mine.toml"), folder / "mine.safetensors"
    make_bank(mine, fake_teach, "teacher", small_bank().centre).save(table)
    assert load_bank(folder).texts == taught.texts
    assert load_bank(folder).fingerprint != load_bank().fingerprint
    make_bank(mine, fake_teach, "another teacher").save(table)
    with pytest.raises(BankError, match="text space"):
        load_bank(folder)


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


def published_state() -> dict[str, torch.Tensor]:
    """The encoder's tensors as the paper fixes them, in torchvision's and torch's names."""
    state = {"audio_encoder.conv.weight": torch.zeros(3, 1, 3, 3), "audio_encoder.conv.bias": torch.zeros(3)}

    def norm(name: str, width: int) -> None:
        state.update({f"{name}.{part}": torch.ones(width) for part in ("weight", "running_var")})
        state.update({f"{name}.{part}": torch.zeros(width) for part in ("bias", "running_mean")})
        state[f"{name}.num_batches_tracked"] = torch.tensor(1)

    root = "audio_encoder.resnet"
    state[f"{root}.conv1.weight"] = torch.zeros(64, 3, 7, 7)
    norm(f"{root}.bn1", 64)
    inside = 64
    for stage, width in enumerate((64, 128, 256, 512), 1):
        for block in range(2):
            name = f"{root}.layer{stage}.{block}"
            state[f"{name}.conv1.weight"] = torch.zeros(width, inside, 3, 3)
            state[f"{name}.conv2.weight"] = torch.zeros(width, width, 3, 3)
            norm(f"{name}.bn1", width)
            norm(f"{name}.bn2", width)
            if width != inside:
                state[f"{name}.downsample.0.weight"] = torch.zeros(width, inside, 1, 1)
                norm(f"{name}.downsample.1", width)
            inside = width
    state |= {f"{root}.fc.weight": torch.zeros(768, 512), f"{root}.fc.bias": torch.zeros(768)}
    state |= {f"lstm.weight_{kind}_l0": torch.zeros(3072, 768) for kind in ("ih", "hh")}
    state |= {f"lstm.bias_{kind}_l0": torch.zeros(3072) for kind in ("ih", "hh")}
    return state | {"attention.conv1d.weight": torch.zeros(1, 768, 1), "attention.conv1d.bias": torch.full((1,), 0.5)}


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


# Losses


def test_repeated_captions_are_no_negatives() -> None:
    texts = torch.eye(4)[[0, 1, 1, 2]]
    latents, captions = texts.clone(), torch.tensor([0, 1, 1, 2])
    scale = torch.tensor(50.0)
    assert in_batch(latents, texts, captions, scale) < 1e-4
    assert in_batch(latents, texts, torch.arange(4), scale) > 0.3
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
    alone = AugmentConfig(mix=0, background=0, room=0, equalizer=0, low_pass=0, noise=0, masked=0)
    shifted = Augment(alone, -1000.0, 0.01, 7)(mel)
    assert torch.allclose(shifted.mel - mel, (shifted.mel - mel)[:, :1, :1].expand_as(mel), atol=1e-3)
    assert ((levels(shifted.mel) - levels(mel)) > -30.1).all() and ((levels(shifted.mel) - levels(mel)) < 6.1).all()


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
    tone(tmp_path / "short.wav", 500, seconds=0.05)
    names = {
        "corrupt": "not a sound file", "silent": "silent", "low": "8000 Hz", "eight": "8 channels", "nan": "not numbers",
        "short": "only", "missing": "no sound file",
    }  # fmt: skip
    skipped = Skipped()
    cache = MelCache(tmp_path / "mels", MEL)
    clips = [Clip(tmp_path / f"{name}.wav", "a tone") for name in ("good", *names)]
    found = cache.mels([*clips, Clip(good, "a tone", start=5.0)], skipped)
    assert [clip.path.stem for clip, _ in found] == ["good"]
    assert found[0][1].shape == (100, 16) and found[0][1].dtype == np.float16
    assert len(skipped.reasons) == len(names) + 1
    for (name, words), reason in zip(names.items(), skipped.reasons, strict=False):
        assert name in reason and words in reason and "\n" not in reason
    assert "before its clip begins" in skipped.reasons[-1]
    assert len(capsys.readouterr().err.strip().splitlines()) == len(names) + 1
    kept = next((tmp_path / "mels").rglob("*.npy"))
    kept.write_bytes(b"broken off")
    assert np.array_equal(cache.mel(clips[0]), found[0][1])
    with pytest.raises(ClipError):
        read_sound(clips[2])


def test_manifests(tmp_path: Path) -> None:
    rows = tmp_path / "a.csv"
    rows.write_text('path,start,duration,caption,source,split\nx/1.wav,0.5,2,"a dog, barking",s1,test\n2.wav,,,rain,,\n')
    first, second = read_manifest(rows)
    assert first == Clip(tmp_path / "x/1.wav", "a dog, barking", 0.5, 2.0, "s1", "test")
    assert second.split == "train" and second.source == "2.wav" and second.duration == 0
    lines = tmp_path / "a.jsonl"
    lines.write_text('{"path": "1.wav", "caption": "rain"}\n\n{"path": "2.wav", "caption": "wind", "start": 1}\n')
    assert [clip.caption for clip in read_manifest(lines, tmp_path / "f")] == ["rain", "wind"]
    assert read_manifest(lines, tmp_path / "f")[0].path == tmp_path / "f" / "1.wav"
    vgg, folder = tmp_path / "vggsound.csv", tmp_path / "vgg"
    folder.mkdir()
    for name in ("--0PQM4-hqg_000030", "0aB_7"):
        (folder / f"{name}.wav").write_bytes(b"")
    vgg.write_text('--0PQM4-hqg,30,waterfall burbling,train\n0aB,7,"people crowd, cheering",test\ngone,1,rain,train\n')
    found = read_manifest(vgg, folder)
    assert [(clip.path.stem, clip.caption, clip.split) for clip in found] == [
        ("--0PQM4-hqg_000030", "waterfall burbling", "train"), ("0aB_7", "people crowd, cheering", "test"),
    ]  # fmt: skip
    for path, text, words in (
        (rows, "path,caption\n,rain\n", "line 2 lacks"), (rows, "path,caption,start\na,b,x\n", "line 2: start"),
        (vgg, "a,b\n", "line 1 is neither"), (lines, "[1]\n", "line 1 is not"),
        (vgg, "gone,1,rain,train\n", "names no clip"),
    ):  # fmt: skip
        path.write_text(text)
        with pytest.raises(ManifestError, match=words):
            read_manifest(path, folder)
    with pytest.raises(ManifestError, match="cannot be read"):
        read_manifest(tmp_path / "none.csv")


# Evaluation


def test_zero_shot_figures_of_a_trivial_problem(tmp_path: Path) -> None:
    table = np.eye(12, dtype=np.float32)
    captions = np.repeat(np.arange(12), 5)
    found = evaluate(table[captions], table, captions)
    assert all(value == 1 for name, value in found.figures.items() if not name.startswith("shuffled_"))
    assert found.figures["shuffled_zero_shot_top1"] < 0.4
    assert np.array_equal(found.confusion, 5 * np.eye(12))
    constant = evaluate(np.tile(normalised(np.ones(12)), (60, 1)), table, captions)
    assert constant.figures["zero_shot_top1"] == 0 and constant.figures["sound_to_text_r10"] == 0
    wrong = evaluate(np.roll(table, 1, 0)[captions], table, captions)
    assert wrong.figures["zero_shot_top1"] == 0
    write_confusion(tmp_path / "c.csv", found.confusion, [str(i) for i in range(12)])
    with (tmp_path / "c.csv").open() as file:
        read = list(csv.reader(file))
    assert len(read) == 13 and read[3][3] == "5"


# Training


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tones of three pitches with a manifest, a small bank that gives the space, and a configuration file."""
    folder = tmp_path_factory.mktemp("material")
    rows = ["path,caption,split"]
    for number, (caption, hertz) in enumerate((("low hum", 200), ("middle tone", 1200), ("high whistle", 5000))):
        for take in range(4):
            path = tone(folder / f"{number}-{take}.flac", hertz, seconds=0.6, seed=10 * number + take)
            rows.append(f"{path.name},{caption},{'test' if take == 3 else 'train'}")
    (folder / "corrupt.wav").write_bytes(b"nothing")
    rows.append("corrupt.wav,low hum,train")
    (folder / "sounds.csv").write_text("\n".join(rows) + "\n")
    entries = [Entry(text, "g") for text in ("low hum", "middle tone", "high whistle", "green sea")]
    make_bank(entries, fake_teach, "teacher").save(folder / "bank.safetensors")
    return folder


def settings_for(folder: Path, run: Path, steps: int, device: str = "cpu") -> TrainConfig:
    stage = {"batch": 4, "steps": steps, "warmup": 1}
    return TrainConfig(
        RunConfig(folder=str(run), device=device, threads=1, minutes=5, log_every=1, tensorboard=False),
        DataConfig(manifest=str(folder / "sounds.csv"), bank=str(folder / "bank.safetensors")),
        TINY, AugmentConfig(), SegmentConfig(**stage, before_s=0.2),
        SceneConfig(**stage, scene_s=1.0, sound_s=(0.3, 0.6), ignored_s=0.1, reuse=2),
    )  # fmt: skip


def test_a_training_takes_steps_and_goes_on_after_a_kill(material: Path, tmp_path: Path) -> None:
    figures = train(settings_for(material, tmp_path, 2), teach=fake_teach)
    assert 0 <= figures["zero_shot_top1"] <= 1 and "shuffled_zero_shot_top1" in figures
    loaded = load_encoder(tmp_path / "encoder")
    assert loaded.config == TINY and len(loaded.space) == 16 and 0.01 <= loaded.temperature != 0.07
    assert json.loads((tmp_path / "encoder" / "config.json").read_text())["notes"]["skipped"] == 1
    for name in ("segments.csv", "scenes.csv", "confusion.csv", "evaluation.json"):
        assert (tmp_path / name).exists()
    # As if killed in stage 2: its checkpoint says that it is not done.
    kept = torch.load(tmp_path / "scenes.pt", weights_only=True)
    torch.save({**kept, "done": False}, tmp_path / "scenes.pt")
    train(settings_for(material, tmp_path, 4), resume=True, teach=fake_teach)
    assert torch.load(tmp_path / "segments.pt", weights_only=True)["step"] == 2, "a stage that is done is left alone"
    assert torch.load(tmp_path / "scenes.pt", weights_only=True)["step"] == 4
    lines = (tmp_path / "scenes.csv").read_text().splitlines()
    assert [line.split(",")[1] for line in lines] == ["step", "1", "2", "3", "4"]
    other = replace(settings_for(material, tmp_path, 2), encoder=replace(TINY, lstm=13))
    with pytest.raises(TrainingError, match="another encoder"):
        train(other, resume=True, teach=fake_teach)


def test_a_training_lowers_its_loss(material: Path, tmp_path: Path) -> None:
    config = settings_for(material, tmp_path, 40)
    quiet = AugmentConfig(mix=0, background=0, room=0, masked=0, noise=0)
    config = replace(config, augment=quiet, segments=replace(config.segments, batch=12, sudden=0.0))
    train(config, teach=fake_teach)
    with (tmp_path / "segments.csv").open() as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    assert np.mean(losses[-5:]) < np.mean(losses[:5]) - 0.1


def test_a_training_configuration_file(material: Path, tmp_path: Path) -> None:
    path = tmp_path / "train.toml"
    data = '[data]\nmanifest = "sounds.csv"\n'
    path.write_text(data + "[encoder]\nlstm = 128\n[scenes]\nrate = 1\n[augment]\ngain_db = [-10, 0]\n")
    config = load_settings(path)
    assert config.data.manifest == str(tmp_path / "sounds.csv") and config.encoder == replace(SMALL, lstm=128)
    assert config.scenes.rate == 1 and config.augment.gain_db == (-10, 0)
    for text, words in (
        ("[dat]\n", "unknown section dat"), ("[data]\nmanifets = 'a'\n", "manifets"), ("[run]\nseed = 'a'\n", "seed"),
        ("[data]\n", "names no manifest"), ("[encoder]\nform = 'x'\n", "form"), ("[encoder]\nlstm = 0\n", "lstm"),
        ("[segments]\noptimizer = 'sgd'\n", "optimizer"), ("[", "cannot be read"),
    ):  # fmt: skip
        path.write_text(text)
        with pytest.raises(TrainingError, match=words):
            load_settings(path)


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


def test_a_training_under_accelerate(material: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("accelerate")
    monkeypatch.setenv(LAUNCHED, "no")
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    assert train(settings_for(material, tmp_path, 2), teach=fake_teach)


def test_the_bank_and_the_command_line_do_not_import_torch() -> None:
    code = "import sys, visualizer.__main__, visualizer.encoder.bank; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr
