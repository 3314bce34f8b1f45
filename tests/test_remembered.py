"""What the desk remembers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from visualizer.preset import find_preset
from visualizer.ui.remembered import Remembered, RememberedError, load, look_of, plain_look, save


def test_what_is_saved_is_there_again(tmp_path: Path) -> None:
    path = tmp_path / "new" / "desk.json"
    assert load(path) == Remembered()
    look = plain_look(find_preset("flames"))
    kept = Remembered("device:Line", look, {"show/fade": 3.5}, "00ff", "HDMI-1", 2, "fill")
    save(kept, path)
    assert load(path) == kept and [file.name for file in path.parent.iterdir()] == ["desk.json"]
    assert kept.look is not None and look_of(json.loads(json.dumps(kept.look))) == find_preset("flames")


@pytest.mark.parametrize("text", ["{", "[1]", '{"tab": "two"}', '{"own": 3}', "\x00"])
def test_a_broken_file_is_said_in_one_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "desk.json"
    path.write_text(text)
    with pytest.raises(RememberedError, match="it begins anew"):
        load(path)


@pytest.mark.parametrize("look", [{}, {"name": "x", "title": "", "values": {"gone": 1}, "routes": []}, {"values": 3}])
def test_a_look_of_another_version_is_said(look: dict[str, object]) -> None:
    with pytest.raises(RememberedError, match="the usual one plays"):
        look_of(look)
