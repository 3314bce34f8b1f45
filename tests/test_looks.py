"""The looks that ship: each is its own, has a small picture to be chosen by, is calm in silence and alive in music."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest

from visualizer.analysis.analyzer import Analyzer
from visualizer.control.modulation import Modulator
from visualizer.control.route import SOURCES
from visualizer.preset import Preset, load_preset
from visualizer.resources import presets_folder
from visualizer.snapshots import SAMPLE_RATE, FloatArray, Heard

FILES = sorted(presets_folder().glob("*.toml"))
NAMES = [path.stem for path in FILES]
SEEN_AT_ONCE_S = 0.01
"""A route that rises so quickly shows in the frame that is being painted, when it moves the lens or the light."""
DIMMEST, BRIGHTEST = 0.08, 0.75
"""Mean of a small picture, of full scale: neither near-black nor washed out."""


def look(name: str) -> Preset:
    return load_preset(presets_folder() / f"{name}.toml")


def small_picture(name: str) -> np.ndarray:
    picture = cv2.imdecode(np.fromfile(presets_folder() / f"{name}.jpg", np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return np.asarray(picture)


@cache
def heard_in(kind: str) -> tuple[Heard, ...]:
    """Two seconds of a kick, a hiss and a held tone, at 120 BPM; or one of silence."""
    if kind == "silence":
        sound: FloatArray = np.zeros(SAMPLE_RATE, np.float32)
    else:
        seconds = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
        beat = np.exp(-(seconds * 2 % 1) * 10)
        hiss = 0.15 * beat * np.random.default_rng(1).normal(size=len(seconds))
        tones = 0.4 * beat * np.sin(2 * np.pi * 60 * seconds) + 0.1 * np.sin(2 * np.pi * 440 * seconds)
        sound = (hiss + tones).astype(np.float32)
    return tuple(Analyzer().push(np.stack([sound, sound], axis=1)))


def walk(preset: Preset, kind: str) -> list[dict[str, float]]:
    """The controls of 30 frames a second of it."""
    modulator, seen = Modulator(preset.numbers(), preset.routes), []
    for heard in heard_in(kind):
        modulator.push(heard)
        if heard.sample % 1600 < 480:
            seen.append(dict(modulator.at(heard.sample).values))
    return seen


def test_twenty_looks_ship_and_each_is_its_own() -> None:
    looks = [look(name) for name in NAMES]
    assert len(looks) == 20
    for what in ([one.title.casefold() for one in looks], [one.prompt.casefold() for one in looks]):
        assert len(set(what)) == len(looks)
    assert len({one.routes for one in looks}) == len(looks)


@pytest.mark.parametrize("name", NAMES)
def test_a_look_leaves_seed_and_steps_alone(name: str) -> None:
    """Another seed would make the picture jump in a crossfade; steps are as the model is made for."""
    values = look(name).values
    assert "picture/prompt" in values and not {"picture/seed", "picture/steps"} & set(values)


@pytest.mark.parametrize("name", NAMES)
def test_a_look_has_a_small_picture(name: str) -> None:
    picture = small_picture(name)
    assert picture.shape == (256, 256, 3)
    assert DIMMEST < picture.mean() / 255 < BRIGHTEST and picture.std() > 20
    assert (presets_folder() / f"{name}.jpg").read_bytes()[:2] == b"\xff\xd8"
    assert (presets_folder() / f"{name}.jpg").stat().st_size < 40_000


def test_no_small_picture_is_left_over_or_there_twice() -> None:
    assert sorted(path.stem for path in presets_folder().glob("*.jpg")) == NAMES
    pictures = [small_picture(name).astype(float) for name in NAMES]
    for number, one in enumerate(pictures):
        for other in pictures[:number]:
            assert np.abs(one - other).mean() > 15


@pytest.mark.parametrize("name", NAMES)
def test_a_look_is_dim_and_still_in_silence(name: str) -> None:
    silence = walk(look(name), "silence")
    assert all(values == silence[0] for values in silence)
    first = silence[0]
    assert first["light/gain"] <= 0.8 and first["sound/energy"] <= 0.2 and first["sound/onset"] == 0
    assert 0 < first["picture/walk"] <= 0.3  # never frozen


@pytest.mark.parametrize("name", NAMES)
def test_a_look_is_alive_in_music(name: str) -> None:
    preset = look(name)
    silence, music = walk(preset, "silence")[0], walk(preset, "music")
    for target in ("light/gain", "sound/energy", "sound/onset", "sound/bass", "picture/walk"):
        assert max(values[target] for values in music) > silence[target] + 0.15, target
    flow = {"motion/zoom": 0.2, "motion/rotate": 10.0, "motion/pan_x": 0.1, "motion/pan_y": 0.1, "motion/swirl": 0.3}
    assert any(max(abs(values[target] - silence[target]) for values in music) > least for target, least in flow.items())


@pytest.mark.parametrize("name", NAMES)
def test_a_hit_is_seen_in_its_frame(name: str) -> None:
    """What rises in the sound moves the lens at once, and a lens falls back between hits."""
    preset = look(name)
    at_once = {route.target for route in preset.routes if route.source == "flux" and route.attack_s <= SEEN_AT_ONCE_S}
    moved = [target for target in at_once if target.startswith("lens/")]
    assert moved
    music = walk(preset, "music")
    least = {"lens/zoom": 0.03, "lens/rotate": 2.0, "lens/pan_x": 0.01, "lens/pan_y": 0.01, "lens/swirl": 0.1}
    for target in moved:
        values = [frame[target] for frame in music[len(music) // 2 :]]
        assert max(values) - min(values) > least[target], target


def test_the_looks_together_listen_to_all_that_is_heard() -> None:
    used = {route.source for name in NAMES for route in look(name).routes}
    wanted = {"flux", "onset", "loudness", "energy", "bass", "mid", "treble", "brightness", "tension", "harmonic"}
    wanted |= {"onset_low", "onset_mid", "onset_high", "beat", "bar"}
    assert wanted <= set(SOURCES) and wanted <= used
