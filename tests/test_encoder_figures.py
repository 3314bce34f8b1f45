"""Figures of a trained encoder."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from small_encoder import TINY, network, settings_for, stored

from visualizer.encoder.audit import spectral_figures
from visualizer.encoder.augment import AugmentConfig, levels
from visualizer.encoder.data import Sounds
from visualizer.encoder.evaluate import evaluate, write_confusion
from visualizer.encoder.manifest import Clip
from visualizer.encoder.material import Material, check_captions
from visualizer.encoder.measure import measure
from visualizer.encoder.sampler import Sampler
from visualizer.encoder.settings import (
    EvaluateConfig,
    LossConfig,
    SegmentConfig,
    TrainingError,
)
from visualizer.encoder.space import normalised

pytestmark = pytest.mark.usefixtures("one_thread")


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
