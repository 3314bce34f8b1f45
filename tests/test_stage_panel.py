"""The tab "Stage": real widgets on a real show that was not started."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox, QPushButton

from visualizer.output.recording import new_recording
from visualizer.output.shares import Share
from visualizer.preset import find_preset
from visualizer.resources import demo_track
from visualizer.show import LiveShow, ShowSettings
from visualizer.ui.record_row import clock
from visualizer.ui.stage_panel import StagePanel
from visualizer.ui.theme import STYLE


class Port:
    """A way out that takes nothing."""

    name, takes_sound = "nowhere", False

    def open(self) -> str:
        return "NOWHERE (TPoS Live)"

    def picture(self, picture: object) -> None:
        pass

    def sound(self, block: object) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.fixture
def show(embedded: Path, tmp_path: Path) -> Iterator[LiveShow]:
    QApplication.instance() or QApplication([])
    show = LiveShow(ShowSettings(f"file:{demo_track()}", find_preset("nebula"), embedded, (256, 256), 24.0, tmp_path))
    yield show
    show.carry_out()  # what the show's thread would do: a file that is begun is finished
    show.stop()


@pytest.fixture
def panel(show: LiveShow, tmp_path: Path) -> Iterator[StagePanel]:
    missing = 'NDI is not installed: pip install "tpos-live[ndi]" adds it.'
    shares = [
        Share("NDI", missing, Port, show.add_sink, show.remove_sink),
        Share("Nowhere", "", Port, show.add_sink, show.remove_sink),
    ]
    panel = StagePanel(show, tmp_path / "recordings", shares)
    panel.setStyleSheet(STYLE)
    panel.resize(400, 700)
    panel.show()
    QApplication.processEvents()
    yield panel
    panel.shares._shares[1].stop()
    panel.close_stage()
    panel.close()


def with_dialog(act: Callable[[QMessageBox], None]) -> None:
    """Do this with the dialog that comes up; without it the test would wait for somebody for ever."""
    timer = QTimer(QApplication.instance())

    def look() -> None:
        box = QApplication.activeModalWidget()
        if isinstance(box, QMessageBox) and box.isVisible():
            timer.stop()
            act(box)

    timer.timeout.connect(look)
    timer.start(20)


def answer(text: str) -> list[str]:
    """Press the button of that text in the dialog that comes up; what the dialog said is put into the list."""
    said: list[str] = []

    def press(box: QMessageBox) -> None:
        said.append(box.informativeText())
        next(button for button in box.buttons() if button.text() == text).click()

    with_dialog(press)
    return said


def test_the_limiter_goes_off_only_when_that_is_confirmed(show: LiveShow, panel: StagePanel) -> None:
    buttons = panel.limiter.segments.buttons
    assert buttons["wcag"].isChecked()
    buttons["strict"].click()
    assert show.limiter == "strict"
    said = answer("Keep it on")
    buttons["off"].click()
    assert show.limiter == "strict" and buttons["strict"].isChecked() and not buttons["off"].isChecked()
    assert "photosensitive epilepsy" in said[0]
    answer("Let flashes through")
    buttons["off"].click()
    assert show.limiter == "off" and "OFF" in panel.limiter.means.text()
    buttons["wcag"].click()
    assert show.limiter == "wcag" and panel.limiter.means.text().startswith("At most three")


def test_a_confirmation_that_is_dismissed_keeps_the_limiter(show: LiveShow, panel: StagePanel) -> None:
    with_dialog(lambda box: QTest.keyClick(box, Qt.Key.Key_Escape))
    panel.limiter.segments.buttons["off"].click()
    assert show.limiter == "wcag" and panel.limiter.segments.buttons["wcag"].isChecked()


def test_black_and_freeze_follow_the_show_whoever_switches_it(show: LiveShow, panel: StagePanel) -> None:
    panel.blackout.click()
    panel.freeze.click()
    assert show.blackout and show.frozen
    show.set_blackout(False)
    panel.refresh()
    assert not panel.blackout.isChecked() and panel.freeze.isChecked()


def test_recording_makes_its_folder_and_says_what_it_writes(show: LiveShow, panel: StagePanel, tmp_path: Path) -> None:
    panel.record.button.click()
    path = show.recording
    assert path is not None and path.parent == tmp_path / "recordings" and path.parent.is_dir()
    assert panel.record.file.text() == path.name and panel.record.elapsed.text() == "0:00"
    assert "Stop" in panel.record.button.text()
    panel.toggle_recording()
    assert show.recording is None and not panel.record.button.isChecked()
    assert panel.record.file.text() == f"saved as {path.name}" and not panel.record.elapsed.text()


def test_a_folder_that_cannot_be_written_is_said(show: LiveShow, panel: StagePanel, tmp_path: Path) -> None:
    (tmp_path / "recordings").write_text("a file in the way")
    panel.record.button.click()
    assert show.recording is None and not panel.record.button.isChecked()
    assert panel.record.problem.isVisible() and "cannot be recorded" in panel.record.problem.text()


def test_recordings_never_overwrite_one_another(tmp_path: Path) -> None:
    now = datetime(2026, 1, 31, 21, 15, 9)
    names = []
    for _ in range(3):
        path = new_recording(tmp_path, now)
        path.touch()
        names.append(path.name)
    assert names == [f"TPoS Live 2026-01-31 21-15-09{suffix}.mp4" for suffix in ("", " (2)", " (3)")]
    assert [clock(seconds) for seconds in (0, 59.9, 61, 3725)] == ["0:00", "0:59", "1:01", "1:02:05"]


def test_a_missing_output_is_grey_with_the_command_that_brings_it(panel: StagePanel) -> None:
    button, note = panel.shares.buttons[0], panel.shares.notes[0]
    assert not button.isEnabled() and "pip install" in note.text()


def test_an_output_is_switched_and_says_where_it_is(panel: StagePanel) -> None:
    button, note = panel.shares.buttons[1], panel.shares.notes[1]
    button.click()
    end = time.perf_counter() + 5
    while note.text() != "on, as NOWHERE (TPoS Live)" and time.perf_counter() < end:
        QApplication.processEvents()
    assert note.text() == "on, as NOWHERE (TPoS Live)" and button.isChecked()
    button.click()
    assert not button.isChecked()


def test_the_stage_opens_and_closes_and_hands_keys_on(panel: StagePanel) -> None:
    told: list[str] = []
    panel.pressed.connect(told.append)
    panel.toggle_stage()
    output = panel.stage.output
    assert output is not None and output.isFullScreen() and panel.stage.button.isChecked()
    assert "processor" in panel.stage.note.text(), "it says what scales the picture"
    panel.stage.aspect.buttons["fill"].click()
    assert output.mode == "fill"
    QTest.keyClick(output, Qt.Key.Key_R)
    assert told == ["record"]
    QTest.keyClick(output, Qt.Key.Key_Escape)
    panel.toggle_stage()
    assert output.isFullScreen(), "from a window back to its screen"
    panel.toggle_stage()
    assert not panel.stage.is_open and not panel.stage.button.isChecked()


def test_no_button_takes_the_space_bar_and_nothing_is_cut(panel: StagePanel) -> None:
    for button in panel.findChildren(QPushButton):
        assert button.focusPolicy() == Qt.FocusPolicy.NoFocus
        assert button.width() >= button.fontMetrics().horizontalAdvance(button.text()), button.text()
    assert panel.minimumSizeHint().width() <= 340
