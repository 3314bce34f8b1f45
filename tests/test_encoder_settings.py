"""Configurations of a training, and what its command line says."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from small_encoder import TEACHER, settings_for

from visualizer.__main__ import main
from visualizer.encoder import metrics
from visualizer.encoder.config import SMALL
from visualizer.encoder.material import gather
from visualizer.encoder.runner import LAUNCHED, Runner
from visualizer.encoder.settings import (
    EvaluateConfig,
    TrainingError,
    load_settings,
)

pytestmark = pytest.mark.usefixtures("one_thread")


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
