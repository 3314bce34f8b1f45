"""The judge, its pictures and the measurements: known answers, and every measure from plan to table on noise."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("diffusers")

from engines.training import checkpoint
from engines.training.config import Config, ModelConfig, RunConfig
from engines.training.evaluation import pool
from engines.training.evaluation.judge import FILE, Judge, JudgeNetwork, as_pictures
from engines.training.evaluation.judge_training import accuracy, augment, train
from engines.training.evaluation.measures import MEASURES, Plan
from engines.training.evaluation.measures.change import arrival
from engines.training.evaluation.measures.distance import frechet, spread
from engines.training.evaluation.measures.response import answer
from engines.training.evaluation.prompts import names_both, naming_both
from engines.training.evaluation.report import evaluate, table
from engines.training.evaluation.sounds import FPS, WALK_HZ, music, slow_walk
from engines.training.evaluation.streams import Original, Player, Take, draw, shipped_controls
from engines.training.evaluation.vitals import NAMES, Bounds, verdicts
from engines.training.networks import build_autoencoder
from engines.training.visuals import FAMILIES, PALETTES

PLAN = Plan(FAMILIES[:2], 2, (("a caption", FAMILIES[0]),), 1, 2, 1, 4.0, 2)


@pytest.fixture
def judge() -> Judge:
    torch.manual_seed(1)
    return Judge(JudgeNetwork(len(FAMILIES), len(PALETTES)))


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.setattr(pool, "SCENES", 1)
    monkeypatch.setattr(pool, "EACH", 1)
    config = Config(RunConfig(folder=str(tmp_path), autocast="", threads=1), ModelConfig(size=64))
    checkpoint.save(tmp_path / "autoencoder.pt", average=build_autoencoder(config.model).state_dict())
    return config


def test_frechet_distance_of_equal_and_shifted_sets() -> None:
    features = np.random.default_rng(1).normal(size=(400, 128)).astype(np.float32)
    assert frechet(features, features) == pytest.approx(0, abs=1e-3)
    assert frechet(features, features + 0.5) == pytest.approx(128 * 0.25, rel=1e-3)


def test_spread_is_the_mean_distance_of_pairs() -> None:
    corners = np.zeros((3, 128), np.float32)
    corners[1, 0], corners[2, 1] = 3, 4
    assert spread(corners) == pytest.approx((3 + 4 + 5) / 3)


@pytest.mark.parametrize(
    ("shown", "seconds"),
    [("0" * 5 + "1" * 30, 6 / FPS), ("1" + "0" * 20, None), ("1" * 20, 1 / FPS), ("0" * 20, None)],
)
def test_a_prompt_arrives_when_the_picture_goes_on_showing_it(shown: str, seconds: float | None) -> None:
    found = arrival(np.array([sign == "1" for sign in shown]))
    assert found == (None if seconds is None else pytest.approx(seconds))


def test_a_delayed_answer_is_found_with_its_lag() -> None:
    curve = slow_walk(10, 1)
    keep = tuple(range(24, 240, 4))
    correlation, lag = answer(curve, keep, 3 + 2 * curve[np.array(keep) - 6])
    assert correlation == pytest.approx(1, abs=1e-4)
    assert lag == pytest.approx(6 / FPS)


def test_slow_walks_cover_the_range_and_have_no_fast_part() -> None:
    curve = slow_walk(40, 3)
    assert curve.min() == 0 and curve.max() == 1
    power = np.abs(np.fft.rfft((curve - curve.mean()) * np.hanning(len(curve)))) ** 2
    assert power[np.fft.rfftfreq(len(curve), 1 / FPS) > 2 * WALK_HZ].sum() < 0.01 * power.sum()


def test_music_is_seeded_and_within_range() -> None:
    assert np.array_equal(music(3, 5), music(3, 5))
    assert not np.array_equal(music(3, 5), music(3, 6))
    assert music(3, 5).shape == (72, 7) and music(3, 5).min() >= 0 and music(3, 5).max() <= 1


def test_prompts_name_family_and_palette() -> None:
    assert names_both("Golden tunnels.", "tunnel", "gold")
    assert not names_both("a tunnel, hypnotic", "tunnel", "gold")
    assert not names_both("everything golden, calm", "tunnel", "gold")
    rng = random.Random(1)
    for family in FAMILIES:
        assert naming_both(family, rng.choice(list(PALETTES)), rng)


def test_augmentation_keeps_shape_and_range() -> None:
    pictures = torch.rand(10, 3, 32, 32)
    out = augment(pictures)
    assert out.shape == pictures.shape and out.min() >= 0 and out.max() <= 1


def test_the_judge_reads_frames_of_any_size(judge: Judge) -> None:
    frames = np.random.default_rng(1).integers(0, 256, (3, 96, 160, 3), dtype=np.uint8)
    readings = judge.read(as_pictures(frames))
    assert readings.features.shape == (3, 128)
    assert np.allclose(readings.families.sum(1), 1, atol=1e-5) and readings.palettes.shape == (3, len(PALETTES))
    assert np.allclose(readings.features, judge.read(as_pictures(frames).float() / 255).features, atol=1e-5)


def test_shards_are_repeatable_and_held_out_scenes_are_others(config: Config) -> None:
    first, again = (pool.render_shard(config, "pool", 0, False) for _ in range(2))
    held = pool.render_shard(config, "held", 0, True)
    assert torch.equal(first["clean"], again["clean"])
    assert not torch.equal(first["clean"], held["clean"])
    assert len(first["decoded"]) == 0 and held["decoded"].shape == held["clean"].shape


def test_the_judge_learns_keeps_itself_and_goes_on(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(config.run.folder)
    for name in ("pool", "held"):
        checkpoint.save(folder / "judge" / f"{name}-000.pt", **pool.render_shard(config, name, 0, True))
    monkeypatch.setattr(pool, "fill", lambda config: folder / "judge")
    figures = train(config, steps=2)
    assert train(config, steps=1, resume=True).keys() == figures.keys()
    assert checkpoint.load(folder / FILE)["step"] == 3
    assert accuracy(Judge.load(folder), pool.held_out(folder / "judge")) == checkpoint.load(folder / FILE)["held_out"]


def test_a_judge_of_other_families_is_refused(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / FILE, families=["nebula"], palettes=list(PALETTES), average={})
    with pytest.raises(ValueError, match="other families"):
        Judge.load(tmp_path)


def test_every_measure_gives_figures_and_the_table_shows_them(judge: Judge) -> None:
    rng, figures = np.random.default_rng(1), {}
    for measure in MEASURES:
        jobs = measure.jobs(PLAN)
        assert str(jobs) == str(measure.jobs(PLAN))
        counts = [len(job.keep) if isinstance(job, Take) else job.frames for job in jobs]
        made = [rng.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8) for count in counts]
        figures[measure.name] = measure.figures(zip(jobs, made, strict=True), judge)
    assert figures["streams"]["frames"] == 12 and figures["held_out"]["frames"] == 2
    assert table(figures).count("\n") >= 12


def test_an_unknown_part_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no part colour"):
        evaluate(tmp_path, tmp_path, tmp_path, only=["colour"])


def test_an_original_keeps_one_form_over_time() -> None:
    factors = np.full((2, 7), 0.5, np.float32)
    still = Original("mandala", "gold", factors, np.array([3, 3], np.float32), (5,))
    other = Original("mandala", "gold", factors, np.array([3, 3], np.float32), (5, 6))
    one, two = draw(still, (64, 48)), draw(other, (64, 48))
    assert one.shape == (2, 48, 64, 3)
    assert np.array_equal(one[0], one[1]) and not np.array_equal(two[0], two[1])


def test_a_stream_paints_the_frames_that_are_kept(embedded: Path, engine_cache: Path) -> None:
    player = Player(embedded, engine_cache)
    take = Take(((0.0, "a nebula"), (0.2, "fire")), music(1, 1), (0, 5, 6), "flames")
    frames = player.play(take)
    assert frames.shape == (3, 256, 256, 3) and frames.dtype == np.uint8
    assert np.array_equal(frames, player.play(take))


def test_streams_move_as_a_shipped_preset_does() -> None:
    controls = shipped_controls()
    assert controls["picture/change"] > 0.5 and controls["picture/walk"] > 0 and controls["light/gain"] == 1


def test_verdicts_on_streams_that_stay_leave_and_drift() -> None:
    count = len(NAMES)
    limits = Bounds(*(np.full(count, value, np.float32) for value in (-1, 1, 0, 0.5)))
    values = np.zeros((300, count), np.float32)
    assert all(verdict.passed for verdict in verdicts(values, limits))
    values[100:112, 0] = 2  # out of bounds for too long on end
    values[:, 1] = np.linspace(-0.9, 0.9, 300)  # never out, but drifting
    values[:, -1] = 5  # confidence has no upper bound
    values[200:, -1] = 4.9
    found = {verdict.name: verdict for verdict in verdicts(values, limits)}
    assert not found[NAMES[0]].passed and found[NAMES[0]].longest == 12
    assert not found[NAMES[1]].passed and found[NAMES[1]].outside == 0
    assert found[NAMES[-1]].passed
