"""The desk, real, on a virtual screen."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import platformdirs
import pytest
import soundfile

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from visualizer.control.track import Track
from visualizer.preset import find_preset
from visualizer.resources import demo_track
from visualizer.show import LiveShow, ShowSettings
from visualizer.steps import FromTrack
from visualizer.ui.remembered import Remembered, load, save
from visualizer.ui.status_bar import StatusBar


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


def on_screen(screen: str, folder: Path) -> dict[str, str]:
    """An environment whose windows come up there, and whose user has nothing yet."""
    kept = {**os.environ, "DISPLAY": screen, "QT_QPA_PLATFORM": "xcb", "HOME": str(folder)}
    kept |= {"XDG_CONFIG_HOME": str(folder / "config"), "XDG_DATA_HOME": str(folder / "data")}
    kept["XDG_CACHE_HOME"] = str(Path(platformdirs.user_cache_dir("")))  # conversions of models are not made anew
    kept.pop("WAYLAND_DISPLAY", None)
    return kept


def grab(screen: str, folder: Path) -> np.ndarray:
    """What is on the screen, (height, width, 3)."""
    import cv2

    picture = folder / "screen.png"
    subprocess.run(["import", "-display", screen, "-window", "root", str(picture)], check=True)
    return cv2.imread(str(picture))[:, :, ::-1]


def test_the_window_shows_moving_pictures_and_takes_a_prompt(screen: str, tmp_path: Path) -> None:
    environment = on_screen(screen, tmp_path)
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
            moved = np.abs(after[20:500, 190:660].astype(int) - before[20:500, 190:660]).mean()
            if moved > 0.5 and after[20:500, 190:660].std() > 8:
                break
            before = after
        else:
            pytest.fail("no moving picture in the window")
        clicks = (("mousemove", "200", "536", "click", "1"), ("key", "ctrl+a"), ("type", "blue ocean"), ("key", "Return"))
        for keys in clicks:
            subprocess.run(["xdotool", *keys], env=environment, check=True)
            time.sleep(0.3)
        time.sleep(2)
        colour = grab(screen, tmp_path)[20:500, 190:660].reshape(-1, 3).mean(0)
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
        bar = StatusBar(show)
        window = QWidget()
        layout = QVBoxLayout(window)
        layout.addStretch(1)
        layout.addWidget(bar)
        window.resize(1100, 400)
        window.show()
        bar.refresh()
        application.processEvents()
        assert window.width() == 1100 and window.minimumSizeHint().width() < 1100
        assert bar._notice.text().count("is not a sound file") == 1
        assert bar._notice.height() > 2 * bar._notice.fontMetrics().height(), "it goes over several lines"
        window.close()
    finally:
        show.stop()


def test_a_first_visit_by_mouse_and_keys_and_what_is_remembered_of_it(screen: str, tmp_path: Path) -> None:
    environment = on_screen(screen, tmp_path)
    sound = tmp_path / "mine.flac"
    samples, rate = soundfile.read(demo_track(), frames=60 * 48000)
    soundfile.write(sound, samples, rate)

    def visit(*arguments: str) -> dict[str, Any]:
        command = [sys.executable, str(Path(__file__).with_name("desk_visit.py")), str(sound), *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stderr
        assert not re.search("Traceback|QPainter|QWidget", done.stderr), done.stderr
        seen: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        assert "failed" not in seen, seen["failed"]
        return seen

    seen = visit()
    assert seen["status"] == 0 and seen["black"] == 0 and seen["stage"] == [1280, 1024, True]
    with av.open(seen["recording"]) as video:
        pictures = sum(1 for _ in video.decode(video=0))
        assert video.duration / 1e6 == pytest.approx(5, abs=1.5) and pictures >= 0.8 * seen["frames"]
        assert video.streams.audio[0].rate == 48000
    steps = list(FromTrack(Track(Path(seen["recording"]).with_suffix(".control")), np.zeros((0, 2), np.float32)))
    assert steps[-1].controls.values["light/saturation"] == pytest.approx(1.6, abs=0.05)
    again = visit("again")
    assert again["picker"] == f"file:{sound}" and sound.name in again["input"] and again["routed"]
    assert again["look"] == seen["look"] and again["values"]["light/saturation"] == seen["saturation"]
    assert not again["told"]


def test_a_device_that_is_gone_is_said(screen: str, tmp_path: Path) -> None:
    environment = on_screen(screen, tmp_path)
    kept = Path(environment["XDG_CONFIG_HOME"]) / "tpos-live" / "desk.json"
    save(Remembered(source="device:Nowhere"), kept)
    command = [sys.executable, "-m", "visualizer", "--no-osc", "--seconds", "8"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "Traceback" not in done.stderr
    assert load(kept).source != "device:Nowhere"
