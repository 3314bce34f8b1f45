"""Each training stage takes a step, goes on from its checkpoint, and the export loads with stock classes."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("diffusers")

from diffusers import AutoencoderTiny, FlowMatchEulerDiscreteScheduler, UNet2DConditionModel
from safetensors import safe_open
from tokenizers import Tokenizer
from transformers import CLIPTextModel, CLIPTokenizer

from engines.call import apart, together, velocity
from engines.model import patch_of
from engines.training import (
    autoencoder,
    cache,
    checkpoint,
    critic,
    feedback,
    muon,
    pictures,
    pieces,
    text_encoder,
    tune,
    unet,
)
from engines.training.config import (
    AutoencoderConfig,
    CacheConfig,
    Config,
    CriticConfig,
    ModelConfig,
    RunConfig,
    TextConfig,
    TuneConfig,
    UnetConfig,
    load_config,
)
from engines.training.export import export
from engines.training.networks import build_unet, encode, with_guidance
from engines.training.perception import Perception

TEXTS = ["Lava, dripping!", "l'été à 3 h", "synthwave grid, neon", "", "日本 ☂", "word " * 60]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return Config(
        RunConfig(folder=str(tmp_path_factory.mktemp("run")), autocast="", threads=1, log_every=1),
        ModelConfig(
            size=64, vocabulary=700, text_width=32, text_layers=1, text_intermediate=32, unet_widths=(16, 16, 32),
            unet_heads=2, unet_groups=8, encoder_width=8, decoder_width=16, encoder_blocks=(0, 0, 0, 1),
            decoder_blocks=(1, 1),
        ),
        TextConfig(texts=200, held_out=20, batch=8),
        AutoencoderConfig(batch=2, crop=32),
        CacheConfig(families=("ocean", "mandala"), groups=4, group_size=2, shard_groups=2),
        UnetConfig(batch=4, self_feedback_from=0.0, guidance_from=0.0, features=0.4, names=0.02, sound=0.3),
        CriticConfig(batch=4),
        TuneConfig(batch=2, streams=6),
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(config: Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every stage once, two steps each, then exported."""
    patch = pytest.MonkeyPatch()
    patch.setattr(text_encoder, "teacher_folder", lambda: _words(tmp_path_factory.mktemp("teacher")))
    patch.setattr(text_encoder, "teach", lambda texts, config: torch.nn.functional.normalize(
        torch.randn(len(texts), text_encoder.TEACHER_WIDTH), dim=-1))  # fmt: skip
    text_encoder.run(config, steps=2)
    text_encoder.run(config, steps=2, resume=True)
    patch.undo()
    pictures.render_pictures(config)
    autoencoder.run(config, steps=2)
    autoencoder.run(config, steps=2, resume=True)
    cache.run(config)
    critic.run(config, steps=2)
    unet.run(config, steps=2)
    unet.run(config, steps=2, resume=True)
    tune.run(config, steps=4)
    tune.run(config, steps=4, resume=True)
    target = tmp_path_factory.mktemp("model") / "embedded"
    target.mkdir()
    (target / "README.md").write_text("card", encoding="utf-8")
    export(config, target)
    return target


def _words(folder: Path) -> Path:
    letters = "abcdefgh"
    (folder / "vocab.txt").write_text("\n".join(a + b + c for a in letters for b in letters for c in letters[:2]))
    return folder


def test_stages_go_on_from_their_checkpoints(config: Config, folder: Path) -> None:
    run = Path(config.run.folder)
    assert checkpoint.load(run / "text.pt")["step"] == 4
    kept = checkpoint.load(run / "autoencoder.pt")
    assert kept["step"] == 4 and kept["frozen"]
    assert checkpoint.load(run / "unet.pt")["step"] == 4
    assert checkpoint.load(run / "tune.pt")["step"] == 8
    assert len((run / "tune.csv").read_text().splitlines()) == 9
    assert len((run / "unet.csv").read_text().splitlines()) == 5


def test_cache_holds_every_group_and_its_mirror_image(config: Config, folder: Path) -> None:
    run = Path(config.run.folder)
    data = cache.Latents.load(run, config.model.size)
    assert data.latents.shape == (8, 2, 2, 4, 8, 8)
    assert sorted(data.families) == ["mandala"] * 4 + ["ocean"] * 4
    shown = np.load(pictures.shards(run, config.model.size)[0])[0]
    vae = autoencoder.restore(config, run)
    mirrored = encode(vae, pictures.to_model(torch.from_numpy(shown[..., ::-1].copy()))).unflatten(0, (2, -1))
    assert torch.allclose(data.latents[2].float(), mirrored, atol=0.01)


def test_cache_leaves_out_families_that_are_not_learnt(config: Config, folder: Path, tmp_path: Path) -> None:
    run = Path(config.run.folder)
    (tmp_path / "pictures").symlink_to(run / "pictures")
    (tmp_path / "autoencoder.pt").symlink_to(run / "autoencoder.pt")
    other = dataclasses.replace(
        config,
        run=dataclasses.replace(config.run, folder=str(tmp_path)),
        cache=dataclasses.replace(config.cache, families=("ocean",)),
    )
    cache.run(other)
    assert cache.Latents.load(tmp_path, config.model.size).families == ["ocean"] * 4


def test_autoencoder_begins_with_another_run(config: Config, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "pictures").symlink_to(Path(config.run.folder) / "pictures")
    other = dataclasses.replace(config, run=dataclasses.replace(config.run, folder=str(tmp_path)),
                                autoencoder=dataclasses.replace(config.autoencoder, rate=0.0))  # fmt: skip
    autoencoder.run(other, steps=1, start=Path(config.run.folder))
    begun = checkpoint.load(tmp_path / "autoencoder.pt")["model"]
    first = checkpoint.load(Path(config.run.folder) / "autoencoder.pt")["average"]
    assert all(torch.allclose(begun[name], first[name]) for name in first if name.startswith("decoder"))


def test_patches_come_apart_as_they_were() -> None:
    latents = torch.randn(2, 4, 6, 10)
    assert together(latents, 2).shape == (2, 16, 3, 5)
    assert torch.equal(apart(together(latents, 2), 2), latents)
    assert torch.equal(together(latents, 1), latents)
    assert [patch_of(channels, 4) for channels in (4, 16, 36)] == [1, 2, 3]
    with pytest.raises(ValueError, match="8 channels, which are no patches of 4"):
        patch_of(8, 4)


def test_export_loads_with_stock_classes(folder: Path) -> None:
    text = CLIPTextModel.from_pretrained(folder / "text_encoder")
    network = UNet2DConditionModel.from_pretrained(folder / "unet")
    vae = AutoencoderTiny.from_pretrained(folder / "vae")
    FlowMatchEulerDiscreteScheduler.from_pretrained(folder / "scheduler")
    with safe_open(folder / "unet" / "diffusion_pytorch_model.safetensors", "pt") as file:
        assert {file.get_tensor(name).dtype for name in file.keys()} == {torch.float16}  # noqa: SIM118
    tokens = CLIPTokenizer.from_pretrained(folder / "tokenizer")(
        ["a prompt"], padding="max_length", max_length=24, truncation=True, return_tensors="pt"
    )
    states = text.float()(input_ids=tokens["input_ids"]).last_hidden_state
    assert states.shape == (1, 24, 32)
    labels = torch.cat([torch.rand(1, 7), states.mean(1)], 1)
    patches = network.float()(torch.randn(1, 16, 4, 4), 500.0, states, class_labels=labels).sample
    latents = apart(patches, patch_of(network.config.in_channels, vae.config.latent_channels))
    assert latents.shape == (1, 4, 8, 8)
    assert vae.float().decode(latents).sample.shape == (1, 48, 16, 16)
    told = json.loads((folder / "live.json").read_text())
    assert (told["prediction"], told["families"]) == ("flow", ["ocean", "mandala"])
    assert (folder / "README.md").read_text() == "card"
    assert not folder.with_name("embedded.old").exists()


def test_both_tokenizers_give_the_same_ids(folder: Path) -> None:
    fast = Tokenizer.from_file(str(folder / "tokenizer" / "tokenizer.json"))
    for source in (folder / "tokenizer",):
        clip = CLIPTokenizer.from_pretrained(source)
        for text in TEXTS:
            ids = clip(text, padding="max_length", max_length=24, truncation=True)["input_ids"]
            assert ids == fast.encode(text).ids and len(ids) == 24


def test_vocab_and_merges_alone_make_the_same_tokenizer(folder: Path, tmp_path: Path) -> None:
    for name in ("vocab.json", "merges.txt"):
        (tmp_path / name).write_bytes((folder / "tokenizer" / name).read_bytes())
    clip = CLIPTokenizer.from_pretrained(tmp_path)
    fast = Tokenizer.from_file(str(folder / "tokenizer" / "tokenizer.json"))
    for text in TEXTS[:4]:
        assert clip(text)["input_ids"] == [i for i in fast.encode(text).ids if i != 699] + [699]


def test_folding_normalises_latents(config: Config) -> None:
    vae = autoencoder.build_autoencoder(config.model)
    pictures = torch.rand(8, 3, 32, 32) * 2 - 1
    before = vae.encoder(pictures)
    flat = before.transpose(0, 1).flatten(1)
    autoencoder.fold(vae.encoder, flat.mean(1), flat.std(1))
    after = vae.encoder(pictures).transpose(0, 1).flatten(1)
    assert torch.allclose(after.mean(1), torch.zeros(4), atol=1e-3)
    assert torch.allclose(after.std(1), torch.ones(4), atol=1e-2)


def test_the_velocity_of_stale_feedback_leads_to_the_clean_picture() -> None:
    clean, stale, noise = torch.randn(3, 2, 4, 8, 8)
    time = torch.tensor([0.4, 0.9])
    noised = feedback.noise_to(stale, noise, time)
    velocity = feedback.target(noised, clean, time)
    assert torch.allclose(noised - time[:, None, None, None] * velocity, clean, atol=1e-5)
    same = feedback.target(feedback.noise_to(clean, noise, time), clean, time)
    assert torch.allclose(same, noise - clean, atol=1e-5)
    assert feedback.degrade(clean).shape == clean.shape


def test_muon_makes_updates_orthogonal_and_learns() -> None:
    turned = muon.orthogonal(torch.randn(3, 20, 50))
    values = torch.linalg.svdvals(turned)
    assert values.min() > 0.5 and values.max() < 1.4
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.Flatten(), torch.nn.Linear(8 * 36, 4))
    data, goal = torch.randn(16, 3, 8, 8), torch.randn(16, 4)
    learning = muon.optimizers(network, 0.02, 0.0)
    losses = []
    for _ in range(60):
        loss = (network(data) - goal).square().mean()
        losses.append(float(loss.detach()))
        network.zero_grad()
        loss.backward()
        for optimizer in learning:
            optimizer.step()
    assert losses[-1] < 0.2 * losses[0]


def test_a_fixed_strength_of_guidance_paints_as_the_told_network_does(config: Config) -> None:
    told = build_unet(config.model).eval()
    fixed = build_unet(config.model, told=False).eval()
    fixed.load_state_dict(with_guidance(told.state_dict(), 0.4))
    noised, states, factors = torch.randn(2, 4, 8, 8), torch.randn(2, 24, 32), torch.rand(2, 7)
    time = torch.tensor([0.3, 0.9])
    with torch.no_grad():
        a = unet.predict(told, noised, time, states, factors, torch.full((2,), 0.4))
        b = unet.predict(fixed, noised, time, states, factors)
        c = unet.predict(told, noised, time, states, factors, torch.zeros(2))
    assert torch.allclose(a, b, atol=1e-5) and not torch.allclose(a, c, atol=1e-5)


def test_perception_compares_a_guess_with_the_picture_and_with_its_name(config: Config, folder: Path) -> None:
    sees = Perception(config)
    clean, palettes = torch.randn(4, 4, 8, 8), torch.arange(4)
    families, everyone, nobody = ["ocean", "mandala"] * 2, torch.ones(4, dtype=torch.bool), torch.zeros(4, dtype=torch.bool)
    factors = torch.rand(4, 7)
    apart, told, followed = sees(clean, clean, families, palettes, factors, nobody)
    assert apart < 1e-6 and told == 0 and followed == 0
    guess = torch.randn_like(clean).requires_grad_()
    apart, told, followed = sees(guess, clean, families, palettes, factors, everyone)
    assert apart > 0.1 and told > 1 and followed > 0
    (apart + told + followed).backward()
    assert guess.grad is not None and guess.grad.abs().mean((1, 2, 3)).min() > 0


def test_a_network_that_is_to_be_perceived_needs_the_critic_first(config: Config, tmp_path: Path) -> None:
    elsewhere = dataclasses.replace(config, run=dataclasses.replace(config.run, folder=str(tmp_path)))
    with pytest.raises(FileNotFoundError, match="run the stage 'critic' first"):
        Perception(elsewhere)


def test_a_run_travels_in_pieces(
    config: Config, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "PIECE_BYTES", 100_000)
    run = Path(config.run.folder)
    made = pieces.pack(run, tmp_path / "pieces")
    assert len(made) > 2 and all(path.stat().st_size <= 100_000 for path in made)
    (tmp_path / "run").mkdir()
    back = checkpoint.load(pieces.unpack(tmp_path / "pieces", tmp_path / "run"))
    kept = checkpoint.load(run / "unet.pt")
    assert back["step"] == kept["step"] and back["minutes"] == kept["minutes"]
    for name, value in kept["average"].items():
        assert torch.allclose(back["model"][name].float(), value.float(), rtol=0.01, atol=1e-4)
    with pytest.raises(FileNotFoundError, match="pack a run first"):
        pieces.unpack(tmp_path / "run", tmp_path / "other")


def test_configuration_errors_name_the_key(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text("[unet]\nbatches = 3\n")
    with pytest.raises(ValueError, match="batches"):
        load_config(path)
    path.write_text("[unet]\nbatch = 3\n")
    assert load_config(path).unet == dataclasses.replace(UnetConfig(), batch=3)


def test_missing_stage_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="run the stage"):
        checkpoint.load(tmp_path / "text.pt")


def test_residual_is_what_a_straight_guess_leaves_open() -> None:
    clean, noise = torch.randn(4, 4, 64, 64), torch.randn(4, 4, 64, 64)
    level = torch.tensor([1.0, 0.8, 0.5, 0.01])
    noised = feedback.noise_to(clean, noise, level)
    # Without a residual: at pure noise the noise itself, at an even mixture nothing, near the picture its opposite.
    guess = velocity(noised, level, torch.zeros_like(noised))
    assert torch.allclose(guess[0], noise[0])
    assert torch.allclose(guess[2], torch.zeros_like(guess[2]), atol=1e-6)
    # What is asked of the network has variance one at every level, and does not follow from its input.
    power = (level.square() + (1 - level).square())[:, None, None, None]
    asked = (noise - clean - guess) * power.sqrt()
    assert torch.allclose(asked.std((1, 2, 3)), torch.ones(4), atol=0.05)
    assert ((asked * noised).mean((1, 2, 3)).abs() < 0.05).all()
    assert torch.allclose(velocity(noised, level, asked), noise - clean, atol=1e-5)
