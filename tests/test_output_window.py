"""The stage, real: on two virtual screens with OpenGL, and without any."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from visualizer.preset import find_preset
from visualizer.resources import demo_track
from visualizer.show import LiveShow, ShowSettings
from visualizer.snapshots import Frame
from visualizer.ui.output_window import LEAST_BLACK_S, OutputWindow
from visualizer.ui.placement import place


def picture(size: int, seed: int = 0) -> np.ndarray:
    """Coarse coloured clouds, (size, size, 3)."""
    rng = np.random.default_rng(seed)
    return cv2.resize(
        rng.integers(0, 256, (size // 8, size // 8, 3), np.uint8), (size, size), interpolation=cv2.INTER_CUBIC
    )


@pytest.fixture
def show(embedded: Path, tmp_path: Path) -> Iterator[LiveShow]:
    """A show that was never started: its thread does nothing, and nothing is painted."""
    QApplication.instance() or QApplication([])
    show = LiveShow(ShowSettings(f"file:{demo_track()}", find_preset("nebula"), embedded, (256, 256), 24.0, tmp_path))
    yield show
    show.stop()


@pytest.fixture
def stage(show: LiveShow) -> Iterator[OutputWindow]:
    stage = OutputWindow(show)
    yield stage
    stage.close()


def seen(stage: OutputWindow) -> np.ndarray:
    image = stage.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def until(true: Callable[[], bool], what: str) -> None:
    end = time.perf_counter() + 5
    while not true():
        assert time.perf_counter() < end, f"waited in vain for {what}"
        QApplication.processEvents()
        time.sleep(0.002)


def open_on_first(stage: OutputWindow) -> None:
    stage.show_on(QApplication.screens()[0])
    until(stage.isVisible, "the stage")


@pytest.mark.parametrize(
    ("size", "room", "mode", "lies"),
    [((256, 256), (1280, 720), "fit", (280, 0, 720, 720)), ((256, 256), (1280, 720), "fill", (0, -280, 1280, 1280)),
     ((640, 360), (1920, 1080), "fit", (0, 0, 1920, 1080)), ((640, 360), (1920, 1080), "fill", (0, 0, 1920, 1080)),
     ((512, 288), (800, 1280), "fit", (0, 415, 800, 450)), ((512, 288), (800, 1280), "fill", (-738, 0, 2276, 1280))],
)  # fmt: skip
def test_a_picture_keeps_its_aspect(size: tuple, room: tuple, mode: str, lies: tuple) -> None:
    assert place(size, room, mode) == lies  # type: ignore[arg-type]


def test_without_opengl_the_processor_scales_as_well_and_says_so(show: LiveShow, stage: OutputWindow) -> None:
    assert stage.method.startswith("processor, cubic (")
    open_on_first(stage)
    show.latest = Frame(picture(256), 0, 1)
    until(lambda: stage.shown_at(1) is not None, "the frame")
    got = seen(stage)
    height, width = got.shape[:2]
    left, top, wide, high = place((256, 256), (width, height), "fit")
    wanted = cv2.resize(show.latest.picture, (wide, high), interpolation=cv2.INTER_CUBIC)
    assert np.array_equal(got[top : top + high, left : left + wide], wanted)
    assert stage.cursor().shape() == Qt.CursorShape.BlankCursor


def test_a_blackout_is_at_once_though_no_thread_of_the_show_runs(show: LiveShow, stage: OutputWindow) -> None:
    """And it lasts long enough that a switch that is thrown back and forth makes no strobe."""
    open_on_first(stage)
    show.latest = Frame(picture(256), 0, 1)
    until(lambda: bool(seen(stage).max() > 100), "the picture")
    begun = time.perf_counter()
    show.set_blackout(True)
    until(lambda: seen(stage).max() == 0, "black")
    assert time.perf_counter() - begun < 0.5
    show.set_blackout(False)
    until(lambda: bool(seen(stage).max() > 100), "the picture again")
    assert time.perf_counter() - begun > LEAST_BLACK_S


def test_its_keys_and_those_of_the_desk(show: LiveShow, stage: OutputWindow) -> None:
    handed_on: list[str] = []
    stage.pressed.connect(handed_on.append)
    open_on_first(stage)
    QTest.keyClick(stage, Qt.Key.Key_B)
    QTest.keyClick(stage, Qt.Key.Key_Z)
    assert show.blackout and show.frozen
    QTest.keyClick(stage, Qt.Key.Key_B)
    QTest.keyClick(stage, Qt.Key.Key_T)
    QTest.keyClick(stage, Qt.Key.Key_Space, Qt.KeyboardModifier.ShiftModifier)
    assert not show.blackout and handed_on == ["tap", "previous"]
    QTest.keyClick(stage, Qt.Key.Key_F)
    assert not stage.isFullScreen() and stage.cursor().shape() != Qt.CursorShape.BlankCursor
    QTest.keyClick(stage, Qt.Key.Key_F)
    assert stage.isFullScreen()
    QTest.keyClick(stage, Qt.Key.Key_Escape)
    assert stage.isVisible() and not stage.isFullScreen()
    QTest.keyClick(stage, Qt.Key.Key_Escape)
    assert not stage.isVisible() and not stage._look.isActive()


CHILD = """
import sys, time
import numpy as np
from PySide6.QtWidgets import QApplication
from visualizer.snapshots import Frame
from visualizer.ui.output_window import OutputWindow

class Show:
    latest, blackout, frozen, limiter = None, False, False, "wcag"

application = QApplication([])
show = Show()
stage = OutputWindow(show, software=True)
said = []
stage.lost.connect(said.append)
first, second = application.screens()

def step(name, picture="", mode="fit", screen=None):
    if screen is not None:
        stage.show_on(screen)
    stage.mode = mode
    if picture:
        show.latest = Frame(np.load(picture), 0, 1)
    end = time.perf_counter() + 1.0
    while time.perf_counter() < end:
        application.processEvents()
        time.sleep(0.002)
    print(name, stage.method, stage.geometry().getRect(), flush=True)
    sys.stdin.readline()

small, large = sys.argv[1:]
step("fit", small, screen=first)
step("fill", small, "fill")
step("shrunk", large)
step("second", small, screen=second)
application.screenRemoved.emit(second)
assert said and "is gone; the stage is a window on" in said[0], said
step("lost")
application.screenAdded.emit(second)
step("back")
show.blackout = True
step("black")
stage.close()
"""


def test_on_real_screens_with_opengl(tmp_path: Path) -> None:
    """Edges, aspect, the upscaling's error against an exact bicubic, another screen, and a screen that goes away.

    The two X screens have the same name and are told apart all the same.
    """
    assert shutil.which("Xvfb") and shutil.which("import"), "apt-get install xvfb imagemagick"
    read, write = os.pipe()
    sizes = ["-screen", "0", "640x360x24", "-screen", "1", "400x300x24"]
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), *sizes, "-nolisten", "tcp"], pass_fds=(write,), stderr=subprocess.DEVNULL
    )
    os.close(write)
    with os.fdopen(read) as pipe:
        display = f":{pipe.readline().strip()}"
    np.save(tmp_path / "small.npy", picture(128))
    np.save(tmp_path / "large.npy", picture(512, 1))
    environment = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
    environment.pop("WAYLAND_DISPLAY", None)
    command = [sys.executable, "-c", CHILD, str(tmp_path / "small.npy"), str(tmp_path / "large.npy")]
    child = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdin is not None and child.stdout is not None

    def grab(name: str, screen: int = 0) -> np.ndarray:
        line = child.stdout.readline()  # type: ignore[union-attr]
        assert line.startswith(f"{name} GPU, Catmull-Rom"), line
        file = tmp_path / f"{name}.png"
        subprocess.run(["import", "-display", f"{display}.{screen}", "-window", "root", str(file)], check=True)
        child.stdin.write("\n")  # type: ignore[union-attr]
        child.stdin.flush()  # type: ignore[union-attr]
        return cv2.imread(str(file))[:, :, ::-1]

    def exact(size: int, seed: int, wanted: int) -> np.ndarray:
        return np.asarray(Image.fromarray(picture(size, seed)).resize((wanted, wanted), Image.Resampling.BICUBIC)).astype(
            int
        )

    try:
        fit = grab("fit")
        assert fit[:, :140].max() == 0 and fit[:, 500:].max() == 0, "black beside the picture"
        error = np.abs(fit[:, 140:500] - exact(128, 0, 360))
        assert error.max() <= 2 and error.mean() < 0.5
        error = np.abs(grab("fill") - exact(128, 0, 640)[140:500])
        assert error.max() <= 2 and error.mean() < 0.5
        error = np.abs(grab("shrunk")[:, 140:500] - exact(512, 1, 360))
        assert error.max() <= 2 and error.mean() < 0.5
        second = grab("second", 1)
        error = np.abs(second[:, 50:350] - exact(128, 0, 300))
        assert error.max() <= 2 and second[:, :50].max() == 0
        assert grab("lost").max() > 100, "it is seen on the first screen"
        assert np.abs(grab("back", 1)[:, 50:350] - exact(128, 0, 300)).max() <= 2
        assert grab("black", 1).max() == 0
        assert child.wait(10) == 0
    finally:
        child.kill()
        server.terminate()
        server.wait()
