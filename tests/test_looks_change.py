"""Looks that follow one another by themselves."""

from __future__ import annotations

import time

import pytest

from visualizer.looks import Looks, Waiting
from visualizer.parameters import defaults
from visualizer.preset import Preset, PresetError, find_preset, list_presets
from visualizer.snapshots import Beat


def beat(bar_phase: float) -> Beat:
    return Beat(120.0, bar_phase * 4 % 1, bar_phase, 1.0, "sound")


def test_bars_are_counted_where_they_begin() -> None:
    waiting = Waiting()
    for step in range(1000):
        waiting.push(0.05, beat(step * 0.025 % 1))
    assert waiting.bars == 24 and waiting.seconds == pytest.approx(50)
    assert waiting.over(24, 0) and not waiting.over(25, 0) and waiting.over(0, 49.9) and not waiting.over(0, 51)
    assert not waiting.over(0, 0), "never"
    waiting.restart()
    assert not waiting.over(1, 1)


def test_a_phase_that_is_put_right_or_lost_is_no_bar() -> None:
    waiting = Waiting()
    for phase in (0.1, 0.3, 0.2, 0.4, 0.35):
        waiting.push(0.05, beat(phase))
    waiting.push(0.05, None)
    waiting.push(0.05, beat(0.0))
    assert waiting.bars == 0


class Show:
    """A show that only notes which looks it is given."""

    def __init__(self) -> None:
        self.preset = find_preset("nebula")
        self.values = {**defaults(), **defaults(look=False)}
        self.beat: Beat | None = None
        self.told: list[str] = []

    def set_preset(self, preset: Preset, fade_s: float | None = None) -> None:
        self.preset = preset

    def tell(self, message: str) -> None:
        self.told.append(message)


def test_looks_go_round() -> None:
    show = Show()
    looks, names = Looks(show, lambda preset: preset), list(list_presets())
    for _ in names:
        looks.step(1)
    assert show.preset.name == "nebula"
    looks.step(-1)
    assert show.preset.name == names[names.index("nebula") - 1]
    looks.change("flames")
    assert show.preset.name == "flames"
    with pytest.raises(PresetError, match="there is no preset"):
        looks.change("nothing like it")
    show.preset = Preset("from elsewhere", "", {})
    assert looks.beside(1).name == names[0] and looks.beside(-1).name == names[-1]


def test_they_follow_one_another_by_themselves_and_a_hand_begins_anew() -> None:
    show = Show()
    looks = Looks(show, lambda preset: preset)
    looks.start()
    try:
        time.sleep(0.3)
        assert show.preset.name == "nebula"
        show.values["show/auto_seconds"] = 0.4
        seen = [show.preset.name]
        until = time.perf_counter() + 5
        while len(seen) < 4 and time.perf_counter() < until:
            if show.preset.name != seen[-1]:
                seen.append(show.preset.name)
            time.sleep(0.01)
        assert len(set(seen)) == 4 and not show.told
    finally:
        looks.stop()
