"""Training in miniature: stages, resuming, losses, several processes."""

from __future__ import annotations

import csv
import json
import math
import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from small_encoder import TEACHER, TINY, settings_for

from engines.training import checkpoint
from visualizer.encoder.augment import AugmentConfig
from visualizer.encoder.bank import read_table
from visualizer.encoder.banks import bank_for, load_bank
from visualizer.encoder.runner import Runner
from visualizer.encoder.settings import (
    EvaluateConfig,
    LossConfig,
    SceneConfig,
    TrainingError,
)
from visualizer.encoder.stage import Stage
from visualizer.encoder.train import train
from visualizer.encoder.weights import load_encoder
from visualizer.resources import prompt_bank

pytestmark = pytest.mark.usefixtures("one_thread")


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
