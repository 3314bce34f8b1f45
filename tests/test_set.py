"""Live sets: recorded with all that moved the picture, and played again."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from visualizer.control.moves import ChangeLook, SetRoutes, SetValue, as_json, from_json
from visualizer.control.track import Track, TrackError
from visualizer.parameters import ParameterError
from visualizer.preset import find_preset
from visualizer.resources import demo_track
from visualizer.show import LiveShow, ShowSettings
from visualizer.snapshots import SAMPLE_RATE
from visualizer.steps import FromTrack


def until(true: Callable[[], bool], seconds: float, what: str) -> None:
    begun = time.perf_counter()
    while not true():
        assert time.perf_counter() - begun < seconds, f"waited {seconds} s in vain for {what}"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory, embedded: Path, engine_cache: Path) -> Path:
    """A set of some seconds, with moves of every kind, begun in the middle of a crossfade of a show that runs."""
    video = tmp_path_factory.mktemp("set") / "set.mp4"
    show = LiveShow(ShowSettings(f"file:{demo_track()}", find_preset("nebula"), embedded, (256, 256), 24.0, engine_cache))
    try:
        show.start()
        until(lambda: show.latest is not None, 90, "a picture")
        show.set_preset(find_preset("mandala"), 2.0)
        until(lambda: show.status.frames > 10, 30, "some frames")
        recording = show.start_recording(video)
        for number in range(12):
            show.set("motion/zoom", number / 6 - 1)
            if number == 4:
                show.set_preset(find_preset("flames"), 0.7)
            if number == 8:
                show.set("picture/prompt", "blue ocean waves")
                show.set("picture/prompt_b", "a golden city skyline")
                show.set_routes(find_preset("nebula").routes[:3])
            time.sleep(0.25)
        frames = show.status.frames
        until(lambda: show.status.frames > frames + 3, 10, "the last frames")
        show.stop_recording()
        assert show.recording is None
        until(lambda: video.exists() and av.open(str(video)).duration > 0, 10, "the video")
        assert recording.error is None and show.failure is None
    finally:
        show.stop()
    return video


def test_a_set_played_again_has_the_very_values(recorded: Path) -> None:
    track = Track(recorded.with_suffix(".control"))
    logged = [line["frame"] for line in track.lines() if "frame" in line]
    steps = list(FromTrack(track, np.zeros((0, 2), np.float32)))
    assert len(steps) == len(logged) > 20
    assert all(step.controls.values == values for step, values in zip(steps, logged, strict=True))
    assert steps[0].prompts[0] == find_preset("mandala").prompt
    assert steps[-1].prompts == ("blue ocean waves", "a golden city skyline")
    # What is heard reaches the encoder as well: 100 hops of mel a second, and before the first frame those since the start.
    hops = sum(len(step.mel) for step in steps[1:])
    assert hops == pytest.approx(100 * steps[-1].shown, abs=10) and steps[5].mel.shape[1] == 64


def test_the_video_lasts_as_long_as_the_track_says(recorded: Path) -> None:
    steps = list(FromTrack(Track(recorded.with_suffix(".control")), np.zeros((0, 2), np.float32)))
    assert all(later.shown > sooner.shown for sooner, later in pairwise(steps))
    with av.open(str(recorded)) as container:
        shown = [float(frame.time) for frame in container.decode(video=0)]
    assert shown[-1] == pytest.approx(steps[-1].shown, abs=0.1)


def test_evenly_spaced_frames_go_through_the_same_values(recorded: Path) -> None:
    track = Track(recorded.with_suffix(".control"))
    exact = list(FromTrack(track, np.zeros((0, 2), np.float32)))
    steps = list(FromTrack(track, np.zeros((SAMPLE_RATE, 2), np.float32), 60.0))
    assert len(steps) == pytest.approx(60 * exact[-1].shown, abs=2)
    assert steps[-1].controls.values["motion/pan_x"] == exact[-1].controls.values["motion/pan_x"]
    assert [step.dt for step in steps[1:]] == pytest.approx([1 / 60] * (len(steps) - 1), abs=1e-4)
    assert sum(len(step.sound) for step in steps) == SAMPLE_RATE


def test_moves_come_back_from_plain_values() -> None:
    look = find_preset("flames")
    for move in (
        SetValue("motion/zoom", 0.25), SetValue("picture/prompt", "grüne Wellen"), SetRoutes(look.routes),
        ChangeLook(look.values, look.routes, 2.5),
    ):  # fmt: skip
        assert from_json(json.loads(json.dumps(as_json(move)))) == move
    with pytest.raises(ParameterError):
        SetValue("motion/zoom", 99.0)
    with pytest.raises(KeyError):
        SetValue("motion/nothing", 1.0)


def test_a_track_that_was_cut_off_is_good_up_to_there(recorded: Path, tmp_path: Path) -> None:
    whole = recorded.with_suffix(".control").read_bytes()
    cut = tmp_path / "cut.control"
    cut.write_bytes(whole[: len(whole) * 2 // 3])
    steps = list(FromTrack(Track(cut), np.zeros((0, 2), np.float32)))
    assert 0 < len(steps) < len(list(FromTrack(Track(recorded.with_suffix(".control")), np.zeros((0, 2), np.float32))))


def test_what_is_no_track_is_refused_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "x.control"
    with pytest.raises(TrackError, match="there is no control track"):
        Track(path)
    path.write_bytes(b"not compressed")
    with pytest.raises(TrackError, match="no control track"):
        Track(path)
    path.write_bytes(gzip.compress(b'{"version": 99}\n'))
    with pytest.raises(TrackError, match="of this version"):
        Track(path)
    head = {"version": 1, "start": 0, "values": {}, "state": {}, "model": "", "size": [8, 8], "fps": 24}
    path.write_bytes(gzip.compress((json.dumps(head) + "\n").encode()))
    with pytest.raises(TrackError, match="holds no frame"):
        FromTrack(Track(path), np.zeros((0, 2), np.float32))
    frame = {"frame": {}, "at": 480, "behind": 1, "begun": 0.0}
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, (head, {"odd": 1}, frame))).encode()))
    with pytest.raises(TrackError, match="none of a control track"):
        list(FromTrack(Track(path), np.zeros((0, 2), np.float32)))
