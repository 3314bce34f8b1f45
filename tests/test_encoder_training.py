"""Training in miniature: stages, resuming, teachers, the mapper, the command line."""

from __future__ import annotations

import csv
import json
import math
import os
import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from small_encoder import KINDS, TINY, fake_teach, network, settings_for, stored

from engines.training import checkpoint
from visualizer.__main__ import main
from visualizer.encoder import metrics
from visualizer.encoder.augment import AugmentConfig
from visualizer.encoder.bank import read_table
from visualizer.encoder.bank_texts import read_texts
from visualizer.encoder.banks import bank_for, load_bank
from visualizer.encoder.clip_teacher import ClipText
from visualizer.encoder.config import PUBLISHED, SMALL
from visualizer.encoder.data import StoredMel
from visualizer.encoder.files import put_in_place
from visualizer.encoder.learners import contrast
from visualizer.encoder.manifest import Clip
from visualizer.encoder.material import KIN, Material, aimed, gather, space_of
from visualizer.encoder.meaning import Mapper
from visualizer.encoder.runner import LAUNCHED, Runner
from visualizer.encoder.sampler import Sampler
from visualizer.encoder.settings import (
    DataConfig,
    EvaluateConfig,
    LossConfig,
    MapperConfig,
    SceneConfig,
    SegmentConfig,
    TrainingError,
    load_settings,
)
from visualizer.encoder.space import Teacher, centred, normalised
from visualizer.encoder.stage import Stage
from visualizer.encoder.train import train
from visualizer.encoder.weights import load_encoder
from visualizer.resources import prompt_bank

pytestmark = pytest.mark.usefixtures("one_thread")

TEACHER = Teacher("teacher", fake_teach)


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
