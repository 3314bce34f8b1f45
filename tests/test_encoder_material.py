"""What a training learns from: captions and sources that stay apart, and how sounds are drawn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from small_encoder import KINDS, TEACHER, TINY, fake_teach, network, settings_for, stored

from visualizer.encoder.augment import AugmentConfig
from visualizer.encoder.bank import read_table
from visualizer.encoder.data import StoredMel
from visualizer.encoder.learners import contrast
from visualizer.encoder.manifest import Clip
from visualizer.encoder.material import KIN, Material, aimed, gather, space_of
from visualizer.encoder.runner import Runner
from visualizer.encoder.sampler import Sampler
from visualizer.encoder.settings import (
    DataConfig,
    LossConfig,
    SceneConfig,
    SegmentConfig,
    TrainingError,
)
from visualizer.encoder.space import Teacher, centred, normalised
from visualizer.encoder.train import train

pytestmark = pytest.mark.usefixtures("one_thread")


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
