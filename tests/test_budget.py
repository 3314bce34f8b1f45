"""The time a frame may take: fewer steps and pixels before the pictures come too seldom, and back when there is room."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_show import running, wait_until

from visualizer.control.budget import PATIENCE_S, Budget, smaller
from visualizer.control.moves import LimitSteps, as_json, from_json
from visualizer.control.playing import Playing
from visualizer.preset import Preset
from visualizer.resources import demo_track
from visualizer.show import ShowSettings

STEP_S, DECODE_S = 0.020, 0.010


class Machine:
    """Paints as long as its steps and pixels take, under a budget. slow: how many times as long."""

    def __init__(self, steps: int, least_fps: float) -> None:
        self.budget, self.steps, self.least_fps = Budget(), steps, least_fps
        self.slow, self.now, self.size, self.advice = 1.0, 0.0, (256, 256), list[str]()

    @property
    def painted(self) -> int:
        return min(self.steps, self.budget.most_steps or self.steps)

    @property
    def frame_s(self) -> float:
        share = self.size[0] * self.size[1] / 256**2
        return self.slow * share * (self.painted * STEP_S + DECODE_S)

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            self.now += max(self.frame_s, 1 / 30)
            shrunk = self.size != (256, 256)
            advice = self.budget.push(self.now, self.frame_s, self.steps, self.least_fps, shrunk)
            if advice is not None:
                self.advice.append(advice)
            if advice in ("smaller", "larger"):
                self.size = smaller(self.size) if advice == "smaller" else (256, 256)
                self.budget.settle(self.now)


def test_what_is_quick_enough_is_left_alone() -> None:
    machine = Machine(4, 10.0)
    machine.run(60)
    assert machine.advice == [] and machine.painted == 4


@pytest.mark.parametrize(("slow", "painted", "size"), [(1.6, 2, (256, 256)), (3.0, 1, (256, 256)), (5.0, 1, (192, 192))])
def test_steps_go_first_and_then_pixels_until_the_rate_is_held(slow: float, painted: int, size: tuple[int, int]) -> None:
    machine = Machine(4, 10.0)
    machine.slow = slow
    machine.run(30)
    assert machine.painted <= painted + 1 and machine.size == size
    assert 1 / machine.frame_s >= 10.0
    assert machine.now > 0 and len(machine.advice) <= 5


def test_all_comes_back_when_the_machine_is_free_again() -> None:
    machine = Machine(4, 10.0)
    machine.slow = 5.0
    machine.run(20)
    machine.slow = 0.8
    machine.run(3 * (PATIENCE_S + 4) + 20)
    assert machine.painted == 4 and machine.size == (256, 256)


def test_it_does_not_swing_where_more_is_always_too_much() -> None:
    """A machine on the edge: what is tried and fails is tried later and later."""
    machine = Machine(2, 10.0)
    machine.run(5)
    for _ in range(40):
        machine.slow = 2.5 if machine.painted == 2 else 1.2  # as if another program took the rest
        machine.run(15)
    assert machine.advice.count("more steps") <= 10


def test_no_rate_is_nothing_to_hold() -> None:
    machine = Machine(4, 0.0)
    machine.slow = 20.0
    machine.run(30)
    assert machine.advice == []


def test_fewer_steps_are_a_move_that_is_kept_with_a_set() -> None:
    playing = Playing({"picture/steps": 4.0})
    for most, steps in ((2, 2.0), (8, 4.0), (1, 1.0), (None, 4.0)):
        move = LimitSteps(most)
        assert from_json(as_json(move)) == move
        playing.move(from_json(as_json(move)))
        assert playing.at(0).values["picture/steps"] == steps and playing.values["picture/steps"] == 4.0


def test_a_show_that_is_too_slow_paints_fewer_steps_and_says_so(embedded: Path, engine_cache: Path) -> None:
    """A rate that no two cores reach: steps fall at once, then the size, and the desk's line says both."""
    look = Preset("slow", "", {"picture/steps": 4.0})
    settings = ShowSettings(f"file:{demo_track()}", look, embedded, (256, 256), 200.0, engine_cache)
    with running(settings) as show:
        show.set("show/least_fps", 190.0)
        wait_until(lambda: show.controls is not None and show.controls.values["picture/steps"] == 1.0, 60, "one step")
        wait_until(lambda: any("1 of 4 steps" in message for message in show.status.messages), 5, "a word of it")
        wait_until(lambda: show.status.renderer.size == (192, 192), 120, "fewer pixels")
        wait_until(lambda: any("instead of 256×256" in message for message in show.status.messages), 5, "a word of it")
        assert show.values["picture/steps"] == 4.0
        show.set("show/least_fps", 0.0)
        wait_until(lambda: show.status.renderer.size == (256, 256), 120, "all pixels")
        wait_until(lambda: show.controls is not None and show.controls.values["picture/steps"] == 4.0, 60, "all steps")
        assert show._held == "" and show.status.renderer.message == ""
