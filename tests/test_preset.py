"""Presets: the shipped looks, what is refused and how, and the way back to a file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from visualizer import resources
from visualizer.control.route import Route
from visualizer.parameters import PARAMETERS, ParameterError, defaults
from visualizer.preset import Preset, PresetError, find_preset, list_presets, load_preset, save_preset

GOOD = """\
title = "Deep nebula"
[values]
"picture/prompt" = "glowing violet nebula"
"motion/zoom" = 0.05

[[routes]]
source = "bass"
target = "motion/zoom"
gain = 0.6
attack = 0.02   # s

[[routes]]
source = "onset"
target = "light/gain"
gain = 1
release = 0.1
min = 0.0
max = 2
"""


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folders inside the test's."""
    for kind in ("data", "cache", "videos"):
        monkeypatch.setattr(
            resources.platformdirs, f"user_{kind}_dir", lambda *_, kind=kind, **__: str(tmp_path / "home" / kind)
        )
    return tmp_path / "home"


def written(folder: Path, text: str, name: str = "look.toml") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_a_preset_is_read_as_written(tmp_path: Path) -> None:
    preset = load_preset(written(tmp_path, GOOD))
    assert (preset.name, preset.title) == ("look", "Deep nebula")
    assert preset.values == {"picture/prompt": "glowing violet nebula", "motion/zoom": 0.05}
    assert preset.routes == (
        Route("bass", "motion/zoom", 0.6, attack_s=0.02),
        Route("onset", "light/gain", 1.0, release_s=0.1, low=0.0, high=2.0),
    )
    assert preset.complete() == defaults() | preset.values
    assert preset.numbers()["motion/zoom"] == 0.05 and "picture/prompt" not in preset.numbers()
    assert load_preset(written(tmp_path, "")) == Preset("look", "look", {}, ())


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ('"motion/zoom" = 0.05', '"motion/zom" = 0.05', 4, "motion/zom: .*did you mean motion/zoom"),
        ('"motion/zoom" = 0.05', '"motion/zoom" = 5', 4, "motion/zoom: .*out of range"),
        ('"motion/zoom" = 0.05', '"motion/zoom" = "fast"', 4, "takes a number"),
        ('"motion/zoom" = 0.05', '"motion/zoom" = true', 4, "takes a number"),
        ('"motion/zoom" = 0.05', '"motion/zoom" = nan', 4, "takes a number"),
        ('"motion/zoom" = 0.05', '"motion/zoom" = ' + "9" * 400, 4, "number"),
        ('"motion/zoom" = 0.05', "motion.zoom = 0.05", 4, "motion: there is no such parameter"),
        ('"motion/zoom" = 0.05', '"picture/steps" = 1.5', 4, "whole number"),
        ('"glowing violet nebula"', "7", 3, "picture/prompt: .*takes text"),
        ('title = "Deep nebula"', "title = 3", 1, "title: a title is text"),
        ('title = "Deep nebula"', 'tilte = "x"', 1, "tilte: .*did you mean title"),
        ('title = "Deep nebula"', '"motion/zoom" = 1', 1, r"belongs under \[values\]"),
        ("[values]", "[value]", 2, "no such key value .*did you mean values"),
        ('source = "onset"', 'source = "onse"', 13, "source: .*did you mean onset"),
        ('target = "light/gain"', 'target = "light/gian"', 14, "target: .*did you mean light/gain"),
        ('target = "light/gain"', 'target = "picture/prompt"', 14, "not moved by sound"),
        ("gain = 0.6", "gain = [1]", 9, "gain: .*number"),
        ("gain = 0.6\n", "", 6, "this route has no gain"),
        ("release = 0.1", "relase = 0.1", 16, "relase: .*did you mean release"),
        ("release = 0.1", "release = -1", 16, "release: .*out of range"),
        ("max = 2", "max = 200", 18, "max: .*out of range"),
        ("max = 2", "max = 1e400", 18, "max: .*out of range"),
        ("gain = 1", "gain = " + "9" * 400, 12, "number"),
        ("max = 2", "max = ", 18, "not TOML"),
        ('[[routes]]\nsource = "bass"', '[routes]\nsource = "bass"', 6, r"\[\[routes\]\]"),
    ],
)
def test_each_mistake_is_refused_in_one_sentence(tmp_path: Path, old: str, new: str, line: int, says: str) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    if new.startswith("[routes]"):
        text = text[: text.index("[[routes]]")]
    path = written(tmp_path, text)
    with pytest.raises(PresetError) as caught:
        load_preset(path)
    message = str(caught.value)
    if "9" * 400 not in new:  # whichever of its checks meets a number of 400 digits, its line is named
        assert re.search(says, message), message
    assert message.startswith(f"{path}, line {line}") and "\n" not in message, message


def test_files_that_are_no_preset_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PresetError, match=r"nowhere\.toml cannot be read"):
        load_preset(tmp_path / "nowhere.toml")
    with pytest.raises(PresetError, match="cannot be read"):
        load_preset(tmp_path)
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b'title = "\xff"')
    with pytest.raises(PresetError, match="byte 9 is not UTF-8"):
        load_preset(binary)
    for text in ("values = 3", "routes = 3", "routes = [3]", "x = " + "[" * 5000, "a = " + "1" * 5000):
        with pytest.raises(PresetError, match=r"look\.toml"):
            load_preset(written(tmp_path, text))


def test_errors_of_routes_in_one_line_name_it(tmp_path: Path) -> None:
    text = 'title = "x"\nroutes = [{source = "bass", target = "motion/zoom", gain = "much"}]\n'
    with pytest.raises(PresetError, match="line 2, gain"):
        load_preset(written(tmp_path, text))


def test_saving_and_loading_come_back(tmp_path: Path) -> None:
    title = 'quote " back \\ slash\nnew\ttab \x00\x7f é 漢 😀 \u2028'
    values = {name: p.default for name, p in PARAMETERS.items() if p.look} | {"picture/prompt": title, "motion/zoom": 1 / 3}
    routes = (Route("bass", "motion/zoom", 1e-7), Route("onset", "light/gain", -2.5, 0.0, 60.0, 0.0, 0.123456789))
    preset = Preset("mine", title, values, routes)
    path = tmp_path / "mine.toml"
    save_preset(preset, path)
    assert load_preset(path) == preset
    assert [file.name for file in tmp_path.iterdir()] == ["mine.toml"]
    with pytest.raises(ParameterError):
        save_preset(Preset("mine", "", {"motion/zoom": 9.0}), path)
    with pytest.raises(ParameterError, match="belongs to the show"):
        save_preset(Preset("mine", "", {"show/fade": 1.0}), path)
    assert load_preset(path) == preset
    save_preset(Preset("mine", "half \ud800", {}), path)
    assert load_preset(path).title == "half \ufffd"


def test_shipped_presets_load_and_round_trip(tmp_path: Path) -> None:
    names = list_presets()
    assert {"nebula", "flames", "mandala", "synthwave"} <= set(names)
    assert all(path.suffix == ".toml" for path in names.values())  # their small pictures lie beside them
    for name in names:
        preset = find_preset(name)
        save_preset(preset, tmp_path / f"{name}.toml")
        assert load_preset(tmp_path / f"{name}.toml") == preset
        assert preset.title and "picture/prompt" in preset.values


def test_presets_are_found_by_name(own_folders: Path) -> None:
    with pytest.raises(PresetError, match="did you mean nebula"):
        find_preset("nebul")
    with pytest.raises(PresetError, match="no preset"):
        find_preset("../presets/nebula")
    mine = resources.user_folder("presets")
    mine.mkdir(parents=True)
    assert mine == own_folders / "data" / "presets"
    written(mine, 'title = "My own"', "nebula.toml")
    assert find_preset("nebula").title == "My own"


def test_resources_are_where_they_say(own_folders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (resources.presets_folder() / "nebula.toml").is_file()
    assert resources.user_folder("recordings").is_relative_to(own_folders / "videos")
    assert resources.user_folder("engines") == own_folders / "cache" / "engines"
    with pytest.raises(ValueError, match="films"):
        resources.user_folder("films")
    package = tmp_path / "visualizer"
    (package / "presets").mkdir(parents=True)
    monkeypatch.setattr(resources, "_PACKAGE", package)
    assert resources.presets_folder() == package / "presets"
    with pytest.raises(resources.ResourceError, match=r"demo track is missing at .*demo\.ogg"):
        resources.demo_track()
