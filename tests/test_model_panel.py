"""The tab "Model": real widgets on a real show that paints."""

from __future__ import annotations

import os
import shutil
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from moving_pictures import disc, write_video
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from some_styles import kohya, some_parts
from test_show import wait_until

from engines.model import inspect, load
from visualizer.fit import Fit
from visualizer.models.sizes import LARGEST_SIDE, sizes_of
from visualizer.preset import Preset, find_preset
from visualizer.resources import demo_track
from visualizer.show import LiveShow, ShowSettings
from visualizer.show_command import _paint_again
from visualizer.ui.calm_combo import CalmCombo
from visualizer.ui.changes import Changes
from visualizer.ui.model_panel import ModelPanel
from visualizer.ui.remembered import Remembered, save
from visualizer.ui.remembered import load as load_remembered
from visualizer.ui.source_row import SourceRow


@pytest.fixture
def show(embedded: Path, engine_cache: Path) -> Iterator[LiveShow]:
    QApplication.instance() or QApplication([])
    fit = Fit(inspect(embedded))
    preset = fit(find_preset("nebula"))
    show = LiveShow(ShowSettings(f"file:{demo_track()}", preset, embedded, (128, 128), 24.0, engine_cache))
    show.on_model = lambda model: fit.follow(show, model)
    show.start()
    try:
        yield show
        assert show.failure is None
    finally:
        show.stop()


def choose(combo: CalmCombo, name: str) -> None:
    row = combo.findData(name)
    assert row >= 0, [combo.itemData(n) for n in range(combo.count())]
    combo.setCurrentIndex(row)
    combo.activated.emit(row)


def test_model_size_and_backend_are_chosen_on_the_desk(show: LiveShow, tiny_model: Path, tmp_path: Path) -> None:
    models = {"tiny": tiny_model}
    panel = ModelPanel(show, Changes(show), lambda: models)
    panel.show()
    wait_until(lambda: show.latest is not None, 60, "a picture")
    QTest.qWait(400)
    assert panel.model.name == "embedded" and panel.model.currentText() == "TPoS Live's own"
    assert panel.pixels.name == "128x128" and panel.backend.name == ""
    assert "128 × 128" in panel.now.text() and not panel.preparing.isVisible()
    steps = show.values["picture/steps"]
    assert steps == inspect(show.renderer.settings.model).steps
    choose(panel.model, "tiny")
    wait_until(lambda: show.status.renderer.preparing != "", 10, "the beginning")
    QTest.qWait(400)
    assert "tiny" in panel.preparing.text() and panel.preparing.isVisible()
    wait_until(lambda: show.renderer.settings.model == tiny_model, 120, "the other model")
    wait_until(lambda: show.values["picture/steps"] == inspect(tiny_model).steps, 10, "its steps")
    QTest.qWait(500)
    assert panel.model.name == "tiny" and not panel.preparing.isVisible()
    native = inspect(tiny_model).native_size
    assert panel.pixels.name == f"{native[0]}x{native[1]}"
    copy = tmp_path / "another"
    shutil.copytree(tiny_model, copy)
    models["another"] = copy
    panel.hide()
    panel.show()
    QTest.qWait(300)
    assert panel.model.findData("another") >= 0, "a model that was added meanwhile"
    shutil.rmtree(copy)
    told: list[str] = []
    panel.told.connect(told.append)
    choose(panel.model, "another")
    assert len(told) == 1 and "another" in told[0]
    panel.close()


def test_styles_are_loaded_and_weighed_on_the_desk(show: LiveShow, tmp_path: Path) -> None:
    unet = load(inspect(show.renderer.settings.model)).unet
    files = {}
    for number, name in enumerate(("ink", "neon")):
        files[name] = kohya(some_parts(unet, ("to_q",), seed=number), tmp_path / f"{name}.safetensors")
    panel = ModelPanel(show, Changes(show), dict, lambda: files)
    rows = panel.styles
    panel.show()
    wait_until(lambda: show.latest is not None, 60, "a picture")
    QTest.qWait(300)
    assert [name.isVisible() for name in rows.names] == [True, False, False] and rows.names[0].name == ""
    assert not any(weight.isVisible() for weight in rows.weights)
    choose(rows.names[0], "neon")
    wait_until(lambda: show.renderer.settings.styles == (files["neon"],), 120, "the style")
    QTest.qWait(300)
    assert [name.name for name in rows.names[:2]] == ["neon", ""] and rows.weights[0].isVisible()
    assert rows.names[1].isVisible() and not rows.names[2].isVisible() and not rows.weights[1].isVisible()
    rows.weights[0].setValue(-0.5)
    wait_until(lambda: show.values["style/weight_1"] == -0.5, 5, "its weight")
    show.set("style/weight_1", 0.25)
    wait_until(lambda: show.values["style/weight_1"] == 0.25, 5, "another weight")
    QTest.qWait(300)
    assert rows.weights[0].value() == 0.25
    choose(rows.names[0], "")
    wait_until(lambda: show.renderer.settings.styles == (), 120, "no style")
    QTest.qWait(300)
    assert [name.isVisible() for name in rows.names] == [True, False, False]
    panel.close()


def test_what_is_painted_over_is_chosen_on_the_desk(show: LiveShow, tmp_path: Path) -> None:
    video, broken = tmp_path / "disc.mp4", tmp_path / "broken.mp4"
    write_video(video, [disc(number / 24) for number in range(24)])
    broken.write_bytes(b"no video")
    row, told, answers = SourceRow(show, Changes(show), lambda _: answers.pop()), list[str](), list[str]()
    row.told.connect(told.append)
    row.show()
    row.follow()
    assert row.kinds.buttons[""].isChecked() and not row.amount.isVisible()
    for answer in (str(broken), ""):  # a file that is none, and no file at all
        answers.append(answer)
        row.kinds.buttons["file"].click()
        assert row.kinds.buttons[""].isChecked()
    assert len(told) == 1 and "broken.mp4" in told[0]
    answers.append(str(video))
    row.kinds.buttons["file"].click()
    wait_until(lambda: show.picture_source.status.state == "running", 60, "the video")
    row.follow()
    assert row.kinds.buttons["file"].isChecked() and "disc.mp4" in row.state.text() and row.amount.isVisible()
    row.amount.setValue(0.3)
    row.mirror.click()
    wait_until(lambda: (show.values["source/amount"], show.values["source/mirror"]) == (0.3, 1.0), 5, "both values")
    wait_until(lambda: show.renderer.settings.sees, 120, "a model that sees")
    row.kinds.buttons[""].click()
    wait_until(lambda: show.picture_source.source == "", 10, "nothing")
    row.follow()
    assert not row.mirror.isVisible()


def test_what_the_hand_has_set_stays_when_another_model_comes(show: LiveShow, tiny_model: Path) -> None:
    fit = Fit(inspect(show.renderer.settings.model))
    wait_until(lambda: show.latest is not None, 60, "a picture")
    show.set("picture/change", 0.33)
    wait_until(lambda: show.values["picture/change"] == 0.33, 5, "the hand's value")
    fit.follow(show, tiny_model)
    wait_until(lambda: show.values["picture/steps"] == inspect(tiny_model).steps, 5, "the model's steps")
    assert show.values["picture/change"] == 0.33
    assert fit(Preset("", "", {})).values["picture/steps"] == inspect(tiny_model).steps


def test_sizes_that_are_offered_can_be_painted(embedded: Path, tiny_model: Path) -> None:
    for folder in (embedded, tiny_model):
        info = inspect(folder)
        sizes = sizes_of(info)
        assert info.native_size in sizes and len(set(sizes)) == len(sizes) > 5
        for size in sizes:
            info.latent_shape(size)
            assert max(size) <= LARGEST_SIDE
    assert any(1.6 < width / height < 1.9 for width, height in sizes_of(inspect(embedded))), "no wide picture"


def test_what_paints_is_remembered(show: LiveShow, tiny_model: Path, tmp_path: Path) -> None:
    panel = ModelPanel(show, Changes(show), lambda: {"tiny": tiny_model})
    unet = load(inspect(tiny_model)).unet
    style = kohya(some_parts(unet, ("to_q",)), tmp_path / "ink.safetensors")
    kept = Remembered(model=str(tiny_model), pixels=[192, 64], backend="torch", styles=[str(style)])
    assert panel.remembered == ("", [128, 128], "", [], "")
    save(kept, tmp_path / "desk.json")
    arguments, problems = Namespace(model=None, size=None, backend="", style=(), picture=None), list[str]()
    _paint_again(load_remembered(tmp_path / "desk.json"), arguments, problems)
    assert (arguments.model, arguments.size, arguments.backend) == (tiny_model, (192, 64), "torch")
    assert arguments.style == (str(style),) and not problems
    other = Namespace(model=None, size=(64, 64), backend="", style=(), picture=None)
    _paint_again(kept, other, problems)
    assert other.size == (64, 64) and other.model is None and not problems, "what is asked for counts"
    lost = ({"model": str(tmp_path / "gone")}, {"pixels": [1, 2]}, {"pixels": [64]}, {"styles": ["gone"]})
    for gone in (Remembered(**wrong) for wrong in lost):
        arguments = Namespace(model=None, size=None, backend="", style=(), picture=None)
        problems.clear()
        _paint_again(gone, arguments, problems)
        assert arguments.model is None and arguments.size is None
        assert len(problems) == 1 and "the usual model paints" in problems[0]
    gone_picture = Namespace(model=Path("x"), size=None, backend="", style=(), picture=None)
    problems.clear()
    _paint_again(Remembered(picture=str(tmp_path / "gone.mp4")), gone_picture, problems)
    assert gone_picture.picture is None and len(problems) == 1 and "gone.mp4" in problems[0]
