"""The window, real, on a virtual screen."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication

from visualizer.preset import find_preset
from visualizer.resources import demo_track
from visualizer.show import LiveShow, ShowSettings
from visualizer.ui.window import ShowWindow


@pytest.fixture
def screen() -> Iterator[str]:
    """A virtual screen; its name."""
    assert shutil.which("Xvfb"), "Xvfb is missing: apt-get install xvfb"
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=(write,), stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as pipe:
        number = pipe.readline().strip()
    yield f":{number}"
    server.terminate()
    server.wait()


def grab(screen: str, folder: Path) -> np.ndarray:
    """What is on the screen, (height, width, 3)."""
    import cv2

    picture = folder / "screen.png"
    subprocess.run(["import", "-display", screen, "-window", "root", str(picture)], check=True)
    return cv2.imread(str(picture))[:, :, ::-1]


def test_the_window_shows_moving_pictures_and_takes_a_prompt(screen: str, tmp_path: Path) -> None:
    environment = {**os.environ, "DISPLAY": screen, "QT_QPA_PLATFORM": "xcb"}
    environment.pop("WAYLAND_DISPLAY", None)
    command = [sys.executable, "-m", "visualizer", "--input", str(demo_track())]
    begun = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        find = ["xdotool", "search", "--onlyvisible", "--name", "TPoS Live"]
        window = ""
        while not window and time.perf_counter() - begun < 20:
            window = subprocess.run(find, env=environment, capture_output=True, text=True).stdout.strip()
            time.sleep(0.05)
        assert window, "no window came up"
        deadline = time.perf_counter() + 90
        before = grab(screen, tmp_path)
        while time.perf_counter() < deadline:
            time.sleep(0.5)
            after = grab(screen, tmp_path)
            moved = np.abs(after[40:700, 40:700].astype(int) - before[40:700, 40:700]).mean()
            if moved > 0.5 and after[40:700, 40:700].std() > 8:
                break
            before = after
        else:
            pytest.fail("no moving picture in the window")
        clicks = (("mousemove", "400", "805", "click", "1"), ("key", "ctrl+a"), ("type", "blue ocean"), ("key", "Return"))
        for keys in clicks:
            subprocess.run(["xdotool", *keys], env=environment, check=True)
            time.sleep(0.3)
        time.sleep(2)
        colour = grab(screen, tmp_path)[40:700, 40:700].reshape(-1, 3).mean(0)
        assert colour[2] > colour[0], f"a blue ocean is not blue but {colour}"
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    finally:
        process.kill()
    assert process.stderr is not None
    assert not re.search("Traceback|QPainter|QWidget", process.stderr.read())


def test_a_long_sentence_does_not_widen_the_window_and_is_said_once(embedded: Path, tmp_path: Path) -> None:
    application = QApplication.instance() or QApplication([])
    broken = tmp_path / ("a" * 100) / ("b" * 100) / ("c" * 90 + ".flac")
    broken.parent.mkdir(parents=True)
    broken.write_text("no sound")
    show = LiveShow(ShowSettings(f"file:{broken}", find_preset("nebula"), embedded, (256, 256), 24.0, tmp_path))
    try:
        deadline = time.perf_counter() + 10
        while show.status.input_state != "failed" and time.perf_counter() < deadline:
            show._supervise()
            time.sleep(0.01)
        window = ShowWindow(show, "a nebula")
        window.show()
        window._put_status()
        application.processEvents()
        assert window.width() == 760 and window.minimumSizeHint().width() < 760
        assert window._status.text().count("input: failed") == 1 and "ccc" not in window._status.text()
        assert window._notice.text().count("is not a sound file") == 1
        assert window._notice.height() > 2 * window._notice.fontMetrics().height(), "it goes over several lines"
        window.close()
    finally:
        show.stop()
