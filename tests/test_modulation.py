"""Routes and envelopes: exact times, no lost onset, bounds."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from visualizer.control.modulation import Modulator
from visualizer.control.pulse import PULSES, pulse
from visualizer.control.route import SOURCES, Route, RouteError
from visualizer.parameters import NUMBERS, PARAMETERS, ParameterError
from visualizer.snapshots import HOP_SAMPLES, SAMPLE_RATE, Beat, Heard

ZOOM, SPEED = "lens/zoom", "motion/zoom"


def heard(sample: int, **measures: float) -> Heard:
    numbers = dict.fromkeys((name for name in SOURCES if name not in PULSES), 0.0) | measures
    return Heard(sample=sample, mel=np.zeros(64, np.float32), loudness_lufs=-120.0, **numbers)


def run(modulator: Modulator, source: str, values: list[float], hop: int = HOP_SAMPLES, start: int = 0) -> int:
    """Push values hop by hop; return the newest sample."""
    for value in values:
        start += hop
        modulator.push(heard(start, **{source: value}))
    return start


def test_sources_are_the_measures_of_heard() -> None:
    assert {"energy", "bass", "mid", "treble", "bass_level", "level", "onset", "brightness", "tension"} <= set(SOURCES)
    assert not {"sample", "mel", "loudness_lufs"} & set(SOURCES)


def test_without_routes_the_base_comes_through() -> None:
    modulator = Modulator({ZOOM: 0.5})
    values = modulator.at(0).values
    assert tuple(values) == NUMBERS and values[ZOOM] == 0.5 and values["light/gain"] == 1.0
    modulator.set_base(ZOOM, -1)
    assert modulator.at(0).values[ZOOM] == -1 and modulator.base[ZOOM] == -1
    with pytest.raises(ParameterError, match="out of range"):
        modulator.set_base(ZOOM, 9)
    with pytest.raises(KeyError, match="no numeric"):
        modulator.set_base("picture/prompt", 1)


@pytest.mark.parametrize("hop", [120, 480, 1600])
def test_attack_and_release_are_exponentials_in_seconds(hop: int) -> None:
    modulator = Modulator({ZOOM: 0.0}, [Route("bass", ZOOM, 1.0, attack_s=0.1, release_s=0.4)])
    now = run(modulator, "bass", [1.0] * (9600 // hop), hop)
    assert modulator.at(now).values[ZOOM] == pytest.approx(1 - math.exp(-0.2 / 0.1))
    peak = 1 - math.exp(-2)
    now = run(modulator, "bass", [0.0] * (9600 // hop), hop, now)
    modulator.at(now)  # the peak has been seen
    assert modulator.at(now).values[ZOOM] == pytest.approx(peak * math.exp(-0.2 / 0.4))
    assert modulator.at(now).sample == now


def test_zero_times_follow_at_once() -> None:
    modulator = Modulator({ZOOM: 0.0}, [Route("bass", ZOOM, 1.0, 0.0, 0.0)])
    now = run(modulator, "bass", [0.3, 0.8])
    assert modulator.at(now).values[ZOOM] == 0.8
    now = run(modulator, "bass", [0.1], start=now)
    assert modulator.at(now).values[ZOOM] == 0.8  # the highest since the last frame: it began at 0.8
    assert modulator.at(now).values[ZOOM] == 0.1


def test_frame_rate_does_not_change_the_envelope() -> None:
    rng = np.random.default_rng(1)
    values = rng.uniform(0, 1, 600).tolist()
    ends = []
    for every in (1, 2, 7, 600):
        modulator = Modulator({ZOOM: 0.0}, [Route("bass", ZOOM, 1.0, 0.02, 0.3)])
        for i, value in enumerate(values, 1):
            modulator.push(heard(i * HOP_SAMPLES, bass=value))
            if i % every == 0:
                modulator.at(i * HOP_SAMPLES)
        modulator.at(600 * HOP_SAMPLES)
        ends.append(modulator.at(600 * HOP_SAMPLES).values[ZOOM])
    assert ends == [ends[0]] * 4


def test_a_rate_carries_as_far_at_any_frame_rate() -> None:
    values = np.random.default_rng(2).uniform(0, 1, 840).tolist()
    for route in (Route("flux", SPEED, 1.0, 0.0, 0.02), Route("flux", SPEED, 1.0, 0.03, 0.3)):
        ways = []
        for every in (1, 2, 3, 7, 20):
            modulator, way = Modulator({SPEED: 0.1}, [route]), 0.0
            for i, value in enumerate(values, 1):
                modulator.push(heard(i * HOP_SAMPLES, flux=value))
                if i % every == 0:
                    way += every * HOP_SAMPLES / SAMPLE_RATE * modulator.at(i * HOP_SAMPLES).values[SPEED]
            ways.append(way)
        assert ways == pytest.approx([ways[0]] * 5, rel=1e-9)
        fine, envelope = 0.0, 0.0  # the same in steps of a hundredth of a millisecond
        for value in values:
            tau = route.attack_s if value > envelope else route.release_s
            for _ in range(1000):
                envelope = value if tau == 0 else envelope + (value - envelope) * 1e-5 / tau
                fine += 1e-5 * (0.1 + envelope)
        assert ways[0] == pytest.approx(fine, rel=1e-3)


@pytest.mark.parametrize("hops_a_frame", [1, 2, 3, 5, 7])
def test_onset_of_one_hop_reaches_a_frame_and_leaves_the_next(hops_a_frame: int) -> None:
    for place in range(hops_a_frame):
        route = Route("onset", "light/gain", 0.5, 0.0, 0.03)
        modulator = Modulator({"light/gain": 1.0}, [route])
        now, frames = 0, []
        for frame in range(4):
            hops = [float(frame == 1 and i == place) for i in range(hops_a_frame)]
            now = run(modulator, "onset", hops, start=now)
            frames.append(modulator.at(now).values["light/gain"])
        after = (hops_a_frame - 1 - place) * 0.01  # s from the onset to the end of its frame
        assert frames[0] == 1.0 and frames[1] == 1.5
        assert frames[2] == pytest.approx(1 + 0.5 * math.exp(-after / 0.03))
        assert frames[3] == pytest.approx(1 + 0.5 * math.exp(-(after + hops_a_frame * 0.01) / 0.03))


def test_routes_add_and_stay_in_their_bounds_and_the_parameters() -> None:
    routes = [Route("bass", SPEED, 1.0, 0.0, 0.0, high=0.6), Route("onset", SPEED, 5.0, 0.0, 0.0, high=1.5),
              Route("mid", SPEED, -1.0, 0.0, 0.0, low=-0.2)]  # fmt: skip
    modulator = Modulator({SPEED: 0.1}, routes)
    modulator.push(heard(480, bass=1.0))
    assert modulator.at(480).values[SPEED] == pytest.approx(0.6)
    modulator.set_routes(routes)
    modulator.push(heard(960, bass=1.0, onset=1.0))
    assert modulator.at(960).values[SPEED] == pytest.approx(0.6 + 1.4)
    modulator.push(heard(1440, bass=0.2, mid=1.0))
    modulator.at(1440)
    assert modulator.at(1440).values[SPEED] == pytest.approx(0.1 + 0.2 - 0.3)
    modulator.set_routes([Route("bass", SPEED, 99.0, 0.0, 0.0)])
    modulator.push(heard(1920, bass=1.0))
    assert modulator.at(1920).values[SPEED] == PARAMETERS[SPEED].high


def test_equal_routes_keep_their_envelopes() -> None:
    old = Route("bass", ZOOM, 1.0, 0.0, 10.0)
    modulator = Modulator({ZOOM: 0.0}, [old])
    run(modulator, "bass", [1.0])
    modulator.set_routes([Route("mid", ZOOM, 0.1), Route("bass", ZOOM, 1.0, 0.0, 10.0)])
    assert modulator.at(480).values[ZOOM] == 1.0 and modulator.routes[1] == old
    modulator.set_routes([])
    modulator.set_routes([old])
    assert modulator.at(480).values[ZOOM] == 0.0


def test_jumps_of_the_clock_count_as_one_hop() -> None:
    for sample in (10 * SAMPLE_RATE, 480):
        modulator = Modulator({ZOOM: 0.0}, [Route("bass", ZOOM, 1.0, 0.1, 0.1)])
        now = run(modulator, "bass", [0.0] * 10, start=SAMPLE_RATE)
        assert now != sample
        modulator.push(heard(sample, bass=1.0))
        assert modulator.at(sample).values[ZOOM] == pytest.approx(1 - math.exp(-0.1))


def test_envelopes_fall_when_the_sound_stops_coming() -> None:
    modulator = Modulator({ZOOM: 0.0}, [Route("bass", ZOOM, 1.0, 0.0, 0.5)])
    run(modulator, "bass", [1.0])
    modulator.at(480)
    assert modulator.at(480 + SAMPLE_RATE // 5).values[ZOOM] == 1.0
    for frame in range(1, 76):  # one and a quarter seconds at 60 frames a second
        last = modulator.at(480 + frame * SAMPLE_RATE // 60)
    last = modulator.at(480 + SAMPLE_RATE * 5 // 4)
    assert last.values[ZOOM] == pytest.approx(math.exp(-2)) and last.sample == 480


@pytest.mark.parametrize(
    ("wrong", "field", "message"),
    [
        ({"source": "bas"}, "source", "did you mean bass"),
        ({"target": "motion/zom"}, "target", "did you mean motion/zoom"),
        ({"target": "picture/seed"}, "target", "not moved by sound"),
        ({"gain": "loud"}, "gain", "number"),
        ({"gain": math.inf}, "gain", "out of range"),
        ({"gain": math.nan}, "gain", "number"),
        ({"attack_s": -0.1}, "attack_s", "attack = -0.1"),
        ({"release_s": 1e9}, "release_s", "0 to 60"),
        ({"high": 3.0}, "high", "max = 3"),
        ({"low": 1.0, "high": 0.0}, "low", "above its max"),
        ({"low": True}, "low", "number"),
    ],
)
def test_impossible_routes_are_refused(wrong: dict, field: str, message: str) -> None:
    with pytest.raises(RouteError, match=message) as caught:
        Route(**({"source": "bass", "target": ZOOM, "gain": 1.0} | wrong))
    assert caught.value.field == field


def test_a_sure_beat_pulses_and_a_guessed_one_does_not() -> None:
    sure = Beat(120.0, 0.25, 0.5, 1.0, "sound")
    assert pulse("beat", sure) == pytest.approx(0.75**2) and pulse("bar", sure) == pytest.approx(0.5**2)
    assert pulse("beat", replace(sure, confidence=0.3)) == 0.0 == pulse("bar", None)
    assert pulse("beat", replace(sure, phase=0.0, confidence=0.45)) == pytest.approx(0.5)
    modulator = Modulator({ZOOM: 0.0}, [Route("beat", ZOOM, 1.0, 0.0, 0.0)])
    found = []
    for hop in range(1, 201):
        sample = hop * HOP_SAMPLES
        phase = (sample / SAMPLE_RATE * 2) % 1.0
        modulator.push(heard(sample), replace(sure, phase=phase))
        found.append(modulator.at(sample).values[ZOOM])
    peaks = [hop for hop in range(1, 199) if found[hop - 1] < found[hop] >= found[hop + 1]]
    assert len(peaks) == 3 and np.allclose(np.diff(peaks), 50) and max(found) == pytest.approx(1.0, abs=0.05)
