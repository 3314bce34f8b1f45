"""What is changed on the desk, undone and done again."""

from __future__ import annotations

import gc
import os
from dataclasses import replace

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from desk_show import PlayedShow

from visualizer.control.route import Route
from visualizer.parameters import ParameterError
from visualizer.preset import Preset
from visualizer.ui.changes import UNDO_FADE_S, Changes, swapped

A, B, C, D = (Route(source, "light/gain", 0.5) for source in ("bass", "mid", "treble", "onset"))
LOOK = Preset("plain", "Plain", {"picture/prompt": "sea", "light/hue": 10.0}, (A, B))
OTHER = Preset("other", "Other", {"picture/prompt": "fire", "light/gain": 2.0}, (C,))


@pytest.fixture
def look() -> Preset:
    return LOOK


def test_a_value_is_set_undone_and_done_again(show: PlayedShow, changes: Changes) -> None:
    told = []
    changes.value_changed.connect(told.append)
    changes.set("light/hue", 30.0)
    assert changes.values["light/hue"] == 30.0 != show.values["light/hue"], "asked for, and still to be carried out"
    show.hear()
    assert show.values["light/hue"] == 30.0
    changes.stack.undo()
    show.hear()
    assert show.values["light/hue"] == 10.0
    changes.stack.redo()
    show.hear()
    assert show.values["light/hue"] == 30.0
    assert told == ["light/hue"] * 3


def test_what_a_parameter_does_not_take_is_refused_at_once_and_is_no_step(changes: Changes) -> None:
    with pytest.raises(ParameterError, match="light/gain = 9 is out of range"):
        changes.set("light/gain", 9.0)
    with pytest.raises(KeyError):
        changes.set("light/shade", 1.0)
    changes.set("light/hue", 10.0)  # as it is
    assert changes.stack.count() == 0


def test_a_gesture_is_one_step_and_one_that_comes_back_is_none(show: PlayedShow, changes: Changes) -> None:
    for value in range(11, 40):
        changes.set("light/hue", float(value), gesture=1)
    gc.collect()
    changes.set("light/gain", 0.5, gesture=1)
    assert changes.stack.count() == 2, "another parameter is another step"
    changes.stack.undo()
    changes.stack.undo()
    show.hear()
    assert (show.values["light/hue"], show.values["light/gain"]) == (10.0, 1.0)
    changes.set("light/hue", 80.0, gesture=2)
    changes.set("light/hue", 10.0, gesture=2)
    assert changes.stack.count() == 0


def test_undo_leaves_alone_what_others_moved_meanwhile(show: PlayedShow, changes: Changes) -> None:
    changes.set("light/hue", 30.0)
    show.hear()
    show.set("light/gain", 2.5)  # as OSC does
    show.hear()
    changes.stack.undo()
    show.hear()
    assert (show.values["light/hue"], show.values["light/gain"]) == (10.0, 2.5)


def test_a_look_is_undone_to_values_and_routes_as_hands_had_made_them(show: PlayedShow, changes: Changes) -> None:
    changes.set("light/hue", 30.0)
    changes.set_routes((A, B, D))
    show.hear()
    before = dict(show.values)
    changes.load_look(OTHER)
    show.hear()
    assert show.preset.name == "other" and show.values["light/gain"] == 2.0 and show.routes == (C,)
    show.set("motion/swirl", 1.5)  # which the look does not change
    show.hear()
    changes.stack.undo()
    show.hear()
    assert show.values == before | {"motion/swirl": 1.5}
    assert show.routes == (A, B, D)
    assert show.preset.name == "plain"
    changes.stack.redo()
    show.hear()
    assert show.values["light/gain"] == 2.0 and show.values["picture/prompt"] == "fire"
    assert show.values["motion/swirl"] == 1.5 and show.routes == (C,)
    assert show.fades == [show.values["show/fade"], UNDO_FADE_S, UNDO_FADE_S], "only the first is a crossfade"


def test_a_look_is_undone_while_it_still_fades_in(show: PlayedShow, changes: Changes) -> None:
    changes.load_look(OTHER)
    show.hear(20)
    assert 1.0 < show.controls.values["light/gain"] < 1.9
    changes.stack.undo()
    show.hear(40)
    assert show.values["light/gain"] == 1.0 and show.controls.values["light/gain"] == pytest.approx(1.0)
    assert show.controls.values["light/hue"] == pytest.approx(10.0)


def test_the_looks_own_value_outlives_its_undoing(show: PlayedShow, changes: Changes) -> None:
    changes.set("light/hue", 30.0)
    changes.load_look(OTHER)
    changes.stack.undo()
    show.hear()
    assert show.values["light/hue"] == 30.0
    assert changes.look_value("light/hue") == 10.0, "as the look has it, not as a hand had made it"
    assert changes.look_value("show/fade") == 2.0


def test_routes_are_undone_one_by_one(show: PlayedShow, changes: Changes) -> None:
    changes.set_routes((A, B, C))
    show.hear()
    changes.set_routes((A, C))
    show.hear()
    show.set_routes((A, C, D))  # somebody else adds one
    show.hear()
    changes.stack.undo()
    show.hear()
    assert show.routes == (A, B, C, D)
    changes.stack.undo()
    show.hear()
    assert show.routes == (A, B, D)


def test_steps_taken_before_the_show_carries_any_out_build_on_one_another(show: PlayedShow, changes: Changes) -> None:
    changed = replace(A, gain=0.7)
    changes.set_routes((changed, B), gesture=5)
    changes.set_routes((replace(A, gain=0.9), B), gesture=5)
    changes.stack.undo()
    show.hear()
    assert show.routes == (A, B) and changes.stack.count() == 1


@pytest.mark.parametrize(
    ("now", "old", "new", "then"),
    [
        ((A, B), (A, B), (A, C), (A, C)),
        ((D, A, B), (A, B), (A, C), (D, A, C)),  # it moved on by one
        ((D,), (A, B), (A, C), (D,)),  # it is gone
        ((), (), (A,), (A,)),
        ((A,), (A, B, C), (A, B, C, D), (A, D)),
        ((A, B, C), (A, B, C), (), ()),
        ((B, B), (B, B), (B, B, B), (B, B, B)),
    ],
)
def test_a_difference_goes_where_its_piece_is(now: tuple, old: tuple, new: tuple, then: tuple) -> None:
    assert swapped(now, old, new) == then


def test_several_changes_together_are_one_step(show: PlayedShow, changes: Changes) -> None:
    with changes.together("both"):
        changes.set("light/hue", 20.0)
        changes.set("light/gain", 0.0)
    assert changes.stack.count() == 1
    changes.stack.undo()
    show.hear()
    assert (show.values["light/hue"], show.values["light/gain"]) == (10.0, 1.0)
