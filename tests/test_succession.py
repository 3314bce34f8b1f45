"""Another model, size or backend is made ready beside the one that paints, and takes its place without a gap."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from test_show import Seen, running, wait_until

from visualizer.preset import Preset, find_preset
from visualizer.resources import demo_track
from visualizer.show import LiveShow, ShowSettings
from visualizer.snapshots import FloatArray, Frame

CALM = Preset("calm", "", {"picture/steps": 1.0, "picture/walk": 0.0, "picture/change": 0.3})


@pytest.fixture
def settings(tiny_model: Path, engine_cache: Path) -> ShowSettings:
    return ShowSettings(f"file:{demo_track()}", find_preset("nebula"), tiny_model, (128, 128), 24.0, engine_cache)


class Pictures(Seen):
    """Keeps a small picture of every frame, beside the times. painter: who paints."""

    def __init__(self) -> None:
        super().__init__()
        self.painter: Callable[[], int | None] = lambda: None
        self.painters: list[int | None] = []
        self.sizes: list[tuple[int, int]] = []
        self.small: list[FloatArray] = []

    def frame(self, frame: Frame) -> None:
        super().frame(frame)
        self.painters.append(self.painter())
        self.sizes.append((frame.picture.shape[1], frame.picture.shape[0]))
        self.small.append(frame.picture[::8, ::8].astype(np.float32))


def painted_by(show: LiveShow, size: tuple[int, int]) -> None:
    wait_until(lambda: show.renderer.settings.size == size, 120, f"pictures of {size}: {show.status.renderer}")


def test_another_size_comes_while_the_pictures_go_on(settings: ShowSettings) -> None:
    seen = Pictures()
    with running(settings, seen) as show:
        show.set("show/least_fps", 0.0)  # no size of its own accord
        wait_until(lambda: show.status.frames > 10, 20, "frames")
        before, first = len(seen.sizes), show.renderer.pid
        show.change_picture(size=(192, 64))
        wait_until(lambda: "192×64" in show.status.renderer.preparing, 10, "a word of what is prepared")
        painted_by(show, (192, 64))
        during = seen.sizes[before:]
        assert during.count((128, 128)) > 10, "nothing was painted meanwhile"
        wait_until(lambda: seen.sizes[-1] == (192, 64), 5, "the new size")
        changes = [pair for pair in pairwise(seen.sizes) if pair[0] != pair[1]]
        assert changes == [((128, 128), (192, 64))]
        status = show.status.renderer
        assert status.size == (192, 64) and status.preparing == status.message == "" and status.restarts == 0
        assert first is not None and show.renderer.pid != first
        wait_until(lambda: not Path("/proc", str(first)).exists(), 10, "the end of the one before")
        frames = show.status.frames
        wait_until(lambda: show.status.frames > frames + 5, 10, "the show to go on")


def test_another_backend_takes_up_the_very_picture(settings: ShowSettings, embedded: Path) -> None:
    """The model and its size stay, and so does the picture: it does not jump to another one."""
    seen = Pictures()
    calm = replace(settings, preset=CALM, model=embedded, size=(128, 128), fps=12.0)
    with running(calm, seen) as show:
        seen.painter = lambda: show.renderer.pid
        show.set("show/least_fps", 0.0)  # no size of its own accord
        wait_until(lambda: show.status.frames > 30, 60, "frames")
        show.change_picture(backend="torch")
        wait_until(lambda: show.status.renderer.backend == "torch", 120, "torch")
        wait_until(lambda: seen.painters[-1] == show.renderer.pid, 20, "its pictures")
    first = seen.painters.index(seen.painters[-1])
    before, after = seen.small[first - 1], seen.small[first]
    far = float(np.abs(after - np.roll(after, 7, 1)).mean())
    assert float(np.abs(after - before).mean()) < far / 2


def test_the_last_wish_counts(settings: ShowSettings) -> None:
    with running(settings) as show:
        for size in ((64, 64), (256, 256), (192, 128)):
            show.change_picture(size=size)
            time.sleep(0.3)
        show.set("picture/prompt", "blue ocean waves")
        painted_by(show, (192, 128))
        assert show.renderer.settings.prompt == "blue ocean waves"
        show.change_picture(size=(64, 64))
        show.change_picture(size=(192, 128))  # as it is
        time.sleep(0.5)
        assert show.renderer.settings.size == (192, 128) and show.status.renderer.preparing == ""


def test_a_backend_that_is_not_there_is_named_and_another_one_paints(settings: ShowSettings) -> None:
    """TensorRT needs a GPU; without one the show starts all the same, and says why it is painted by another."""
    pytest.importorskip("torch")
    with running(replace(settings, backend="tensorrt")) as show:
        assert show.status.renderer.backend == "openvino"
        wait_until(lambda: "TensorRT" in show.status.renderer.message, 120, "the reason")
        message = show.status.renderer.message
        assert "\n" not in message and message in show.status.messages
        assert show.status.renderer.state == "running" and show.status.renderer.preparing == ""


@pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does")
def test_what_finds_no_room_beside_the_other_is_loaded_alone(settings: ShowSettings) -> None:
    with running(settings) as show:
        show.change_picture(size=(64, 64))

        def child_of_next() -> int:
            following = show.renderer._next
            return (following.worker.pid or 0) if following is not None and following.worker is not None else 0

        wait_until(lambda: child_of_next() > 0, 120, "the successor")
        os.kill(child_of_next(), signal.SIGKILL)  # as Linux does when memory runs out
        wait_until(lambda: show.renderer._alone, 60, "the other one to make room")
        assert "no room" in show.status.renderer.message
        painted_by(show, (64, 64))
        frames = show.status.frames
        wait_until(lambda: show.status.frames > frames + 5, 10, "the show to go on")
        assert show.status.renderer.message == "" and show.status.renderer.restarts == 0


@pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does")
def test_a_backend_on_which_the_renderer_keeps_dying_is_left(settings: ShowSettings) -> None:
    with running(replace(settings, backend="torch")) as show:
        for restarts in (1, 2):
            child = show.renderer.pid
            assert child is not None
            os.kill(child, signal.SIGKILL)
            wait_until(lambda: show.status.renderer.restarts == restarts, 10, "a new renderer")  # noqa: B023
            frames = show.status.frames
            wait_until(lambda: show.status.frames > frames + 5, 30, "its pictures")  # noqa: B023
        status = show.status.renderer
        assert status.backend == "openvino" and "painting without it" in status.message


@pytest.mark.skipif(sys.platform == "win32", reason="links as POSIX does")
def test_a_cache_that_cannot_be_written_is_told_and_torch_paints(settings: ShowSettings, tmp_path: Path) -> None:
    """Where the usual backend cannot keep its conversion, as on a full disk, the one that needs none takes its place."""
    cache = tmp_path / "cache"
    cache.symlink_to("/dev/full")
    with running(replace(settings, cache=cache)) as show:
        status = show.status.renderer
        assert status.state == "running" and status.backend == "torch"
        assert "cannot be written" in status.message and "painting on torch" in status.message
        show.change_picture(size=(192, 64), backend="openvino")
        wait_until(lambda: "cannot be written" in show.status.renderer.message, 60, "the reason")
        frames = show.status.frames
        wait_until(lambda: show.status.frames > frames + 5, 10, "the show to go on")
        assert show.status.renderer.size == (128, 128)
