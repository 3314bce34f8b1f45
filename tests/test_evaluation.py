"""The measurements measure: each against signals whose answer is known, and the whole once in miniature."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("diffusers")

from engines.training import checkpoint
from engines.training.evaluation import report
from engines.training.evaluation.judge import FILE, Judge, JudgeNetwork, as_pictures
from engines.training.evaluation.judge_training import augment
from engines.training.evaluation.measures import Plan
from engines.training.evaluation.measures.change import arrival
from engines.training.evaluation.measures.distance import frechet, spread
from engines.training.evaluation.measures.response import answer
from engines.training.evaluation.prompts import naming_both
from engines.training.evaluation.vitals import NAMES, Bounds, verdicts
from engines.training.properties import measure as properties
from engines.training.visuals import FACTORS, FAMILIES, PALETTES, Scene, render
from engines.training.visuals.captions import WORDS
from engines.training.visuals.palettes import TABLE
from engines.training.visuals.sounds import FPS, alone, music, slow_walk


def test_frechet_distance_of_shifted_and_scaled_normals() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 4000, 6)).astype(np.float32)
    assert frechet(a, b) < 0.05
    assert frechet(a, b + 2) == pytest.approx(24, rel=0.05)  # six dimensions, each 2² apart
    assert frechet(a, 3 * b) == pytest.approx(24, rel=0.1)  # (3 − 1)² in each
    assert spread(np.array([[0, 0], [3, 4], [0, 0]], np.float32)) == pytest.approx(10 / 3)


def test_a_prompt_has_arrived_when_it_stays() -> None:
    shown = np.zeros(60, bool)
    shown[5] = True  # a flicker
    shown[12:] = True
    assert arrival(shown) == pytest.approx(13 / FPS)
    assert arrival(np.zeros(60, bool)) is None


def test_the_answer_to_a_factor_is_found_at_its_lag() -> None:
    curve = slow_walk(20.0, 3)
    assert curve.min() == 0 and curve.max() == 1
    rates = np.abs(np.fft.rfft((curve - curve.mean()) * np.hanning(len(curve))))
    assert rates[np.fft.rfftfreq(len(curve), 1 / FPS) > 0.6].max() < 0.02 * rates.max()
    keep = tuple(range(FPS, len(curve), 4))
    noise = np.random.default_rng(0).normal(0, 0.02, len(keep))
    late = (curve[np.array(keep) - 6] + noise).astype(np.float32)
    correlation, lag = answer(curve, keep, late)
    assert correlation > 0.98 and lag == pytest.approx(6 / FPS)
    assert answer(curve, keep, np.ones(len(keep), np.float32)) == (0.0, 0.0)


def test_made_up_music_and_single_factors() -> None:
    rows = music(4.0, 5)
    assert rows.shape == (4 * FPS, len(FACTORS)) and rows.min() >= 0 and rows.max() <= 1
    assert np.array_equal(rows, music(4.0, 5)) and not np.array_equal(rows, music(4.0, 6))
    single = alone(2, slow_walk(4.0, 1))
    assert np.ptp(single[:, 2]) == 1 and np.ptp(np.delete(single, 2, 1)) == 0


def test_measured_prompts_name_family_and_palette() -> None:
    rng = random.Random(4)
    for family in FAMILIES[::5]:
        palette = rng.choice(list(PALETTES))
        text = naming_both(family, palette, rng).lower()
        # Plurals and articles vary: the stem of some phrase of each must be there.
        assert any(phrase.lower()[:5] in text for phrase in WORDS[family]), text
        assert any(word.lower()[:4] in text for word in TABLE[palette].words), text


@pytest.mark.parametrize("factor", FACTORS)
def test_each_factor_drives_its_property(factor: str) -> None:
    place, found = FACTORS.index(factor), []
    for number, family in enumerate(("flames", "jellyfish", "crystal", "opart", "city")):
        scene = Scene(family, torch.full((5,), 3 * number), 11)
        factors = torch.full((5, 7), 0.5)
        factors[:, place] = torch.linspace(0, 1, 5)
        same = torch.cat([render(Scene(family, scene.palettes[:1], 11), torch.tensor([7.0]), row[None]) for row in factors])
        found.append(float(np.corrcoef(factors[:, place].numpy(), properties(same)[:, place].numpy())[0, 1]))
    assert np.median(found) > 0.8, found


def _bounds() -> Bounds:
    ones = np.ones(len(NAMES), np.float32)
    return Bounds(-ones, ones, 0 * ones, ones / 2)


def test_a_sick_stream_is_found_out() -> None:
    rng = np.random.default_rng(2)
    healthy = rng.uniform(-0.8, 0.8, (300, len(NAMES))).astype(np.float32)
    assert all(verdict.passed for verdict in verdicts(healthy, _bounds()))
    sick = healthy.copy()
    sick[:, 0] = np.linspace(-0.7, 0.7, 300)  # drifts
    sick[100:130, 1] = 3.0  # leaves for half a minute
    sick[:, -1] = 5.0  # confidence has no upper bound
    failed = {verdict.name for verdict in verdicts(sick, _bounds()) if not verdict.passed}
    assert failed == {NAMES[0], NAMES[1]}


def _judge(folder: Path) -> None:
    network = JudgeNetwork(len(FAMILIES), len(PALETTES))
    checkpoint.save(
        folder / FILE, average=network.state_dict(), families=list(FAMILIES), palettes=list(PALETTES)
    )  # fmt: skip


def test_the_judge_reads_bytes_as_it_reads_floats(tmp_path: Path) -> None:
    torch.manual_seed(1)
    _judge(tmp_path)
    judge = Judge.load(tmp_path)
    frames = np.random.default_rng(0).integers(0, 256, (3, 64, 80, 3), dtype=np.uint8)
    pictures = as_pictures(frames)
    one, other = judge.read(pictures), judge.read(pictures.float() / 255)
    assert one.families.shape == (3, len(FAMILIES)) and one.palettes.shape == (3, len(PALETTES))
    assert np.allclose(one.families, other.families, atol=1e-5) and np.allclose(one.features, other.features, atol=1e-4)
    assert augment(pictures.float() / 255).shape == pictures.shape
    kept = checkpoint.load(tmp_path / FILE)
    checkpoint.save(tmp_path / FILE, **{**kept, "families": ["other"]})
    with pytest.raises(ValueError, match="run the stage 'judge'"):
        Judge.load(tmp_path)


def test_the_whole_in_miniature(tmp_path: Path, embedded: Path) -> None:
    _judge(tmp_path)
    plan = Plan(FAMILIES[:2], 2, Plan().held_out[:1], Plan().riddles[:1], 1, 2, 1, 2.0, 1)
    report.evaluate(embedded, tmp_path, tmp_path / "out", ("streams",), plan)
    figures = report.evaluate(embedded, tmp_path, tmp_path / "out", ("change", "held_out"), plan)
    kept = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert kept == figures and kept["streams"]["frames"] == 12 and kept["held_out"]["frames"] == 2
    assert 0 <= kept["streams"]["family"] <= 1 and kept["change"]["changes"] == 1
    assert "Palette as the prompt names it" in (tmp_path / "out" / "evaluation.md").read_text()
    with pytest.raises(ValueError, match="no part beauty"):
        report.evaluate(embedded, tmp_path, tmp_path / "out", ("beauty",), plan)
