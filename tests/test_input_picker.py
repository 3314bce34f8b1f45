"""Choosing the sound source, with a real sound server and with none."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sound_server import SoundServer, sound_server  # noqa: F401

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication

from visualizer.analysis.analyzer import Analyzer
from visualizer.audio.devices import Device, DeviceError
from visualizer.audio.listing import list_inputs_apart
from visualizer.resources import demo_track
from visualizer.snapshots import HOP_SAMPLES, Heard
from visualizer.ui import input_picker
from visualizer.ui.input_picker import A_FILE, InputPicker, arranged

MICROPHONE = Device("Built-in Microphone", "Core Audio", 2, 48_000, False)
LOOPBACK = Device("BlackHole 2ch", "Core Audio", 2, 48_000, True)


class Sounding:
    """A show that hears what it is told to."""

    heard: Heard | None = None


class Told:
    """A look at the inputs that is over."""

    done = True

    def __init__(self, inputs: list[Device] | None = None, error: str = "") -> None:
        self.inputs, self.error = inputs, error


@pytest.fixture(autouse=True)
def application() -> Iterator[None]:
    QApplication.instance() or QApplication([])
    yield


def until(true: Callable[[], bool], what: str, seconds: float = 15.0) -> None:
    end = time.perf_counter() + seconds
    while not true():
        assert time.perf_counter() < end, f"waited in vain for {what}"
        QApplication.processEvents()
        time.sleep(0.005)


def picker(
    source: str = "device:", remembered: str = "", inputs: list[Device] | None = None, error: str = ""
) -> InputPicker:
    """A picker that has looked at these inputs."""
    inputs = [MICROPHONE, LOOPBACK] if inputs is None else inputs
    made = InputPicker(Sounding(), source, remembered, look=lambda: Told(inputs, error))
    made.look()
    until(lambda: made._listing is None, "the list", 5)
    return made


def texts(made: InputPicker) -> list[str]:
    return [made.list.itemText(row) for row in range(made.list.count()) if made.list.itemText(row)]


def pick(made: InputPicker, text: str) -> None:
    made.list.setCurrentIndex(texts_with_separators(made).index(text))
    made.list.activated.emit(made.list.currentIndex())


def texts_with_separators(made: InputPicker) -> list[str]:
    return [made.list.itemText(row) for row in range(made.list.count())]


def test_system_sound_comes_first_and_is_called_so() -> None:
    assert texts(picker()) == [
        "default input", "system sound:  BlackHole 2ch", "Built-in Microphone", "a sound file …", "demo track"
    ]  # fmt: skip
    twice = arranged([MICROPHONE, replace(MICROPHONE, hostapi="JACK Audio Connection Kit")])
    assert [text for text, _ in twice] == [
        "Built-in Microphone  (Core Audio)", "Built-in Microphone  (JACK Audio Connection Kit)"
    ]  # fmt: skip


def test_what_is_chosen_is_said_once_in_the_shows_words() -> None:
    made = picker()
    told: list[str] = []
    made.chosen.connect(told.append)
    pick(made, "Built-in Microphone")
    pick(made, "Built-in Microphone")
    pick(made, "demo track")
    assert told == ["device:Core Audio: Built-in Microphone", f"file:{demo_track()}"]
    made.put("device:blackhole")
    assert made.list.currentText() == "system sound:  BlackHole 2ch" and len(told) == 2, "a part of a name is enough"


def test_a_file_is_chosen_or_nothing_changes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = picker()
    told: list[str] = []
    made.chosen.connect(told.append)
    monkeypatch.setattr(input_picker.QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    made.list.activated.emit(made.list.findData(A_FILE))
    assert told == [] and made.list.currentText() == "default input"
    song = tmp_path / "song.flac"
    monkeypatch.setattr(input_picker.QFileDialog, "getOpenFileName", lambda *_: (str(song), ""))
    made.list.activated.emit(made.list.findData(A_FILE))
    assert told == [f"file:{song}"] and made.list.currentText() == "song.flac"


def test_a_remembered_source_that_is_gone_is_said(tmp_path: Path) -> None:
    gone = picker(remembered="device:ALSA: Scarlett 2i2")
    assert "'ALSA: Scarlett 2i2' of the last show is not there" in gone.problem and gone._said.text() == gone.problem
    assert "song.wav of the last show is gone" in picker(remembered=f"file:{tmp_path / 'song.wav'}").problem
    for present in ("", "device:", "device:microphone", f"file:{demo_track()}"):
        assert picker(remembered=present).problem == ""
    pick(gone, "Built-in Microphone")
    assert gone.problem == "" and not gone._said.isVisible()


@pytest.mark.parametrize(
    ("inputs", "instead"), [([MICROPHONE, LOOPBACK], "device:"), ([], f"file:{demo_track()}")], ids=["some", "none"]
)
def test_where_a_remembered_input_is_gone_there_is_another(inputs: list[Device], instead: str) -> None:
    """It is found out behind the window, so that a sound system that hangs keeps nobody waiting; and said once."""
    gone = "device:ALSA: Scarlett 2i2"
    made = InputPicker(Sounding(), gone, gone, lambda: Told(inputs))
    told: list[str] = []
    made.gone.connect(told.append)
    made.gone.connect(made.put)
    made.look()
    until(lambda: made._listing is None, "the list")
    made.look()
    until(lambda: made._listing is None, "the list again")
    assert told == [instead] and made.source == instead and "of the last show is not there" in made.problem


def test_a_list_that_fails_keeps_the_last_one_and_says_why() -> None:
    made = picker()
    made._look = lambda: Told(None, "The sound system did not list its inputs within 10 s; restart it.")
    made.look()
    until(lambda: made._listing is None, "the list")
    assert "did not list" in made.problem and "Built-in Microphone" in texts(made)


def test_the_level_rises_with_sound_and_falls_without() -> None:
    show = Sounding()
    made = InputPicker(show, "device:", look=lambda: Told([]))
    made.show()
    quiet = Analyzer().push(np.zeros((HOP_SAMPLES, 2), np.float32))[0]
    show.heard = replace(quiet, level=0.8)
    until(lambda: made._level._level == 0.8, "the level")
    until(lambda: made._level._level == 0.0, "silence")
    made.hide()
    assert not made._timer.isActive()


def test_inputs_are_listed_from_outside(sound_server: SoundServer, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """The window goes on meanwhile; what the sound server plays is system sound."""
    for name, value in sound_server.environment.items():
        monkeypatch.setenv(name, value)
    made = InputPicker(Sounding(), "device:viz.monitor")
    begun = time.perf_counter()
    made.show()
    assert time.perf_counter() - begun < 1.0
    until(lambda: made._listing is None, "the list")
    assert any(text.startswith("system sound:") for text in texts(made)), texts(made)
    assert made.list.currentData() == "device:viz.monitor" and made.problem == ""
    made.close()


def test_a_sound_system_that_hangs_is_given_up() -> None:
    with pytest.raises(DeviceError, match=r"did not list its inputs within 0\.001 s"):
        list_inputs_apart(0.001)
