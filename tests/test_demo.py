"""The demo track: small, long enough, loud and quiet in turn, without a click, and made by the script that says so."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile

ROOT = Path(__file__).resolve().parents[1]
TRACK = ROOT / "visualizer" / "demo.ogg"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_demo", ROOT / "tools" / "make_demo.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def track() -> np.ndarray:
    samples, rate = soundfile.read(TRACK, dtype="float32")
    assert rate == 48_000
    return samples


def rms_db(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(samples.astype(float) ** 2)))


def section(script: ModuleType, track: np.ndarray, bars: tuple[int, int]) -> np.ndarray:
    return track[bars[0] * script.BAR : bars[1] * script.BAR]


def test_it_is_small_stereo_and_long_enough(track: np.ndarray) -> None:
    assert TRACK.stat().st_size < 600_000
    assert track.shape[1] == 2
    assert 40 <= len(track) / 48_000 <= 60


def test_loud_and_quiet_parts_are_far_apart(script: ModuleType, track: np.ndarray) -> None:
    loud = rms_db(section(script, track, script.CHORUS))
    quiet = rms_db(section(script, track, (script.BREAK[0] + 1, script.BREAK[1])))
    assert -19 < loud < -11
    assert loud - quiet > 12
    assert quiet > -50


def test_it_neither_clips_nor_clicks_nor_jumps_where_it_loops(script: ModuleType, track: np.ndarray) -> None:
    assert np.abs(track).max() < 0.9
    assert np.abs(track.mean(axis=0)).max() < 1e-3
    quiet = section(script, track, (script.BREAK[0] + 1, script.BREAK[1]))
    assert np.abs(np.diff(quiet, axis=0)).max() < 0.02
    seam = np.concatenate([track[-50:], track[:50]])
    assert np.abs(np.diff(seam, axis=0)).max() < 0.02


def test_the_script_makes_this_very_track(script: ModuleType, track: np.ndarray) -> None:
    made = script.compose()
    assert made.shape == track.shape
    assert np.corrcoef(made.ravel(), track.ravel())[0, 1] > 0.99
