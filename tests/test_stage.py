"""Blackout, freeze and the limiter, with and without pictures being painted."""

from __future__ import annotations

import numpy as np

from visualizer.output.stage import IDLE_AFTER_S, Stage
from visualizer.snapshots import FloatArray, Frame, Trace


class Seen:
    """An output that keeps all it is handed."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.samples = 0
        self.error: str | None = None

    def frame(self, frame: Frame) -> None:
        self.frames.append(frame)

    def sound(self, block: FloatArray, sample: int) -> None:
        self.samples += len(block)

    def close(self) -> None:
        pass


def painted(number: int, grey: int) -> Frame:
    return Frame(np.full((36, 64, 3), grey, np.uint8), 1600 * number, number, Trace(0.0, 0.0, 0.0, number / 30))


def test_blackout_and_freeze_reach_every_output() -> None:
    seen = Seen()
    stage = Stage((64, 36), (seen,))
    assert stage.present(painted(0, 100), 0.0).picture.max() == 100
    stage.frozen = True
    for number in range(1, 4):
        assert stage.present(painted(number, 100 + number), number / 30).picture.max() == 101
    stage.blackout = True
    assert stage.present(painted(4, 120), 4 / 30).picture.max() == 0
    stage.blackout = False
    assert stage.present(painted(5, 121), 5 / 30).picture.max() == 101, "what was held is held"
    stage.frozen = False
    assert stage.present(painted(6, 122), 6 / 30).picture.max() == 122
    assert [int(frame.picture.max()) for frame in seen.frames] == [100, 101, 101, 101, 0, 101, 122]
    stage.sound(np.zeros((480, 2), np.float32), 0)
    assert seen.samples == 480


def test_a_dead_renderer_keeps_nobody_from_black() -> None:
    seen = Seen()
    stage = Stage((64, 36), (seen,))
    assert stage.idle(1.0) is None, "before the first picture there is nothing to show"
    stage.present(painted(0, 200), 2.0)
    assert stage.idle(2.0 + 2 * IDLE_AFTER_S) is None, "what is shown is what is asked for"
    stage.blackout = True
    assert stage.idle(2.0 + IDLE_AFTER_S / 2) is None, "a frame may still come"
    black = stage.idle(3.0)
    assert black is not None and black.picture.max() == 0 and black.trace.painted == 3.0
    assert stage.idle(4.0) is None
    stage.blackout = False
    back = stage.idle(5.0)
    assert back is not None and back.picture.max() == 200
    assert len(seen.frames) == 3


def test_black_can_be_shown_before_anything_was_painted() -> None:
    stage = Stage((64, 36))
    stage.blackout = True
    black = stage.idle(1.0)
    assert black is not None and black.picture.shape == (36, 64, 3) and black.picture.max() == 0


def test_a_nervous_finger_does_not_flash() -> None:
    stage = Stage((64, 36))
    shown = []
    for number in range(60):
        stage.blackout = number % 4 < 2
        shown.append(int(stage.present(painted(number, 255), number / 30).picture.max()))
    light = (np.array(shown) / 255) ** 2.2
    assert np.sum(np.abs(np.diff(light)) >= 0.1) <= 14, "six a second"


def test_what_the_limiter_held_back_comes_when_it_may() -> None:
    stage = Stage((64, 36))
    for number in range(40):
        stage.present(painted(number, 255 if number % 4 < 2 else 0), number / 30)
    stage.blackout = True
    now, last = 40 / 30, None
    for _ in range(60):
        now += IDLE_AFTER_S
        last = stage.idle(now) or last
    assert last is not None and last.picture.max() == 0
