"""What hands do to a look: crossfades, curves, prompts, states."""

from __future__ import annotations

import json

import numpy as np
import pytest

from visualizer.control.modulation import Modulator
from visualizer.control.moves import ChangeLook, SetRoutes, SetValue
from visualizer.control.playing import Playing
from visualizer.control.route import Route, RouteError
from visualizer.parameters import NUMBERS, PARAMETERS
from visualizer.snapshots import HOP_SAMPLES, SAMPLE_RATE, Heard

STEADY = {name: 0.0 for name in ("loudness_lufs", "level", "energy", "mid", "treble", "bass_level", "mid_level",
                                 "treble_level", "onset", "brightness", "tension")}  # fmt: skip


def hops(first: int, count: int, bass: float = 1.0) -> list[Heard]:
    return [
        Heard(HOP_SAMPLES * (first + number + 1), np.zeros(64, np.float32), bass=bass, **STEADY) for number in range(count)
    ]


def hear(playing: Playing, first: int, count: int, bass: float = 1.0) -> int:
    for heard in hops(first, count, bass):
        playing.hear(heard, None)
    return first + count


def test_a_look_comes_smoothly_and_arrives_exactly() -> None:
    playing = Playing({"light/gain": 0.0, "lens/mirrors": 0.0}, (Route("bass", "lens/zoom", 0.5, 0.0),))
    at = hear(playing, 0, 10)
    assert playing.at(at * HOP_SAMPLES).values["lens/zoom"] == pytest.approx(0.5)
    playing.move(ChangeLook({"light/gain": 2.0, "lens/mirrors": 6.0}, (Route("bass", "lens/rotate", 90.0, 0.0),), 2.0))
    seen = []
    for _ in range(220):
        at = hear(playing, at, 1)
        seen.append(playing.at(at * HOP_SAMPLES).values)
    names = ("light/gain", "lens/zoom", "lens/rotate")
    gain, zoom, rotate = (np.array([values[name] for values in seen]) for name in names)
    assert np.all(np.diff(gain) >= 0) and np.abs(np.diff(gain)).max() < 2 * 1.6 / 200, "no jump"
    assert np.abs(np.diff(np.diff(gain[:200]))).max() < 1e-3, "no corner"
    assert gain[99] == pytest.approx(1.0, abs=0.02) and zoom[99] == pytest.approx(0.25, abs=0.01)
    assert rotate[99] == pytest.approx(45.0, abs=1.0)
    assert (gain[-1], zoom[-1], rotate[-1]) == (2.0, 0.0, 90.0)
    mirrors = [values["lens/mirrors"] for values in seen]
    assert set(mirrors) == {0.0, 6.0} and mirrors.index(6.0) == pytest.approx(100, abs=2)
    assert playing.modulator.routes == (Route("bass", "lens/rotate", 90.0, 0.0),)
    assert playing.values["light/gain"] == 2.0


def test_a_hand_takes_a_value_out_of_the_crossfade() -> None:
    playing = Playing({"light/gain": 0.0, "light/hue": 0.0})
    at = hear(playing, 0, 1)
    playing.move(ChangeLook({"light/gain": 2.0, "light/hue": 100.0}, (), 1.0))
    at = hear(playing, at, 20)
    playing.move(SetValue("light/gain", 0.3))
    values = playing.at(at * HOP_SAMPLES).values
    assert values["light/gain"] == 0.3 and 0 < values["light/hue"] < 100


def test_a_crossfade_begins_where_the_one_before_was() -> None:
    playing = Playing({"light/gain": 0.0}, (Route("bass", "lens/zoom", 0.5, 0.0),))
    at = hear(playing, 0, 1)
    playing.move(ChangeLook({"light/gain": 2.0}, (), 1.0))
    at = hear(playing, at, 50)
    before = playing.at(at * HOP_SAMPLES).values
    playing.move(ChangeLook({"light/gain": 0.0}, (), 1.0))
    after = playing.at(at * HOP_SAMPLES).values
    for name in ("light/gain", "lens/zoom"):
        assert after[name] == pytest.approx(before[name])
    at = hear(playing, at, 101)
    values = playing.at(at * HOP_SAMPLES).values
    assert values["light/gain"] == 0.0 and values["lens/zoom"] == 0.0
    assert playing.modulator.envelopes == ()


def test_routes_in_both_looks_keep_their_envelope() -> None:
    both = Route("bass", "lens/zoom", 0.5, 0.0, 5.0)
    playing = Playing({}, (both,))
    at = hear(playing, 0, 5)
    playing.move(ChangeLook({}, (both,), 1.0))
    at = hear(playing, at, 1, bass=0.0)
    assert playing.modulator.envelopes[0] > 0.99
    playing.at(at * HOP_SAMPLES)
    assert playing.at(at * HOP_SAMPLES).values["lens/zoom"] == pytest.approx(0.5, rel=0.01), "it counts fully all the way"


def test_no_fade_is_at_once() -> None:
    playing = Playing({"light/gain": 0.0})
    at = hear(playing, 0, 1)
    playing.move(ChangeLook({"light/gain": 2.0}, (), 0.0))
    assert playing.at(at * HOP_SAMPLES).values["light/gain"] == 2.0


def test_prompts_go_with_the_look_and_alone() -> None:
    playing = Playing({"picture/prompt": "red"})
    playing.move(SetValue("picture/prompt_b", "blue"))
    assert playing.prompts == ("red", "blue") and playing.prompt_fade_s == 0.0
    playing.move(ChangeLook({"picture/prompt": "green"}, (), 3.0))
    assert playing.prompts == ("green", "") and playing.prompt_fade_s == 3.0
    assert set(playing.values) == {name for name, parameter in PARAMETERS.items() if parameter.look}


@pytest.mark.parametrize(("curve", "wanted"), [(0.0, 0.5), (1.0, 0.5**4), (-1.0, 0.5**0.25)])
def test_a_curve_bends_the_envelope(curve: float, wanted: float) -> None:
    route = Route("bass", "light/gain", 1.0, 0.0, curve=curve)
    modulator = Modulator({"light/gain": 0.0}, [route])
    for heard in hops(0, 1, bass=0.5):
        modulator.push(heard)
    assert modulator.at(HOP_SAMPLES).values["light/gain"] == pytest.approx(wanted)
    with pytest.raises(RouteError, match="curve = 2 is out of range"):
        Route("bass", "light/gain", 1.0, curve=2.0)


def test_a_state_goes_on_in_the_middle_of_everything() -> None:
    routes = (Route("bass", "lens/zoom", 0.5, 0.05, 0.4), Route("bass", "motion/zoom", 1.0, 0.1, 0.3, -1.0, 1.0, 0.5))
    playing = Playing({"light/gain": 0.5}, routes)
    at = hear(playing, 0, 7)
    playing.move(ChangeLook({"light/gain": 2.0}, routes[:1], 1.0))
    at = hear(playing, at, 30, bass=0.3)
    restored = Modulator.restored(json.loads(json.dumps(playing.modulator.state())))
    for _ in range(150):
        fresh = hops(at, 1, bass=at % 7 / 7)
        at += 1
        for heard in fresh:
            playing.hear(heard, None)
            restored.push(heard)
        assert restored.at(at * HOP_SAMPLES) == playing.at(at * HOP_SAMPLES)
    assert restored.routes == playing.modulator.routes


def test_a_look_that_cannot_be_changes_nothing() -> None:
    modulator = Modulator({"light/gain": 0.5})
    with pytest.raises(KeyError):
        modulator.fade_to({"light/gain": 1.0, "light/none": 1.0}, (), 1.0)
    assert modulator.base["light/gain"] == 0.5 and set(modulator.base) == set(NUMBERS)
    playing = Playing({})
    playing.move(SetRoutes((Route("bass", "lens/zoom", 0.5),)))
    assert len(playing.modulator.routes) == 1
    assert SAMPLE_RATE == 100 * HOP_SAMPLES
