"""The command line as a user types it: what it renders, lists and refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from visualizer.parameters import PARAMETERS


def visualizer(*arguments: object, timeout: float = 240) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "visualizer", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout)


def frames_of(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


@pytest.fixture(scope="module")
def beats(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds: a soft second, then hits twice a second."""
    rng = np.random.default_rng(2)
    sound = rng.normal(0, 0.003, (3 * 44_100, 1))
    for hit in range(4):
        start = 44_100 + hit * 22_050
        sound[start : start + 8000] += rng.normal(0, 0.3, (8000, 1)) * np.exp(-np.arange(8000) / 1500)[:, None]
    path = tmp_path_factory.mktemp("sounds") / "beats.flac"
    soundfile.write(path, sound.clip(-1, 1), 44_100)
    return path


def test_a_render_is_repeatable_and_answers_to_its_sound(beats: Path, tmp_path: Path) -> None:
    quiet = tmp_path / "quiet.wav"
    silence = np.zeros((3 * 44_100, 1))
    silence[100] = np.nan
    soundfile.write(quiet, silence, 44_100, subtype="FLOAT")
    for source, name in ((beats, "a"), (beats, "b"), (quiet, "c")):
        done = visualizer("render", source, tmp_path / f"{name}.mp4")
        assert done.returncode == 0, done.stderr
        assert "Warning" not in done.stderr, "a sentence for the user, not a line of source"
    assert "not numbers" in done.stderr and f"{quiet} is silent" in done.stderr
    first, again, other = (frames_of(tmp_path / f"{name}.mp4") for name in "abc")
    assert first.shape == (72, 256, 256, 3)
    assert np.array_equal(first, again)
    assert not np.array_equal(first[40:], other[40:])
    light = first.mean((1, 2, 3))
    assert light[24:].max() > light[10:24].max() + 3, "the hits do not brighten the picture"
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert container.streams.video[0].codec_context.name == "h264"
        assert container.streams.audio[0].codec_context.name == "aac"
        assert container.duration / 1e6 == pytest.approx(3, abs=0.15)


def test_the_lists() -> None:
    assert "nebula" in visualizer("presets").stdout
    told = visualizer("parameters").stdout
    assert all(name in told for name in PARAMETERS)
    assert visualizer("devices").stdout.strip()
    assert visualizer("--version").stdout.strip()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--headless", "--input", "no-such-device-anywhere"), "no-such-device-anywhere"),
        (("render", "missing.wav", "out.mp4"), "missing.wav"),
        (("render", "{text}", "out.mp4"), "text.wav"),
        (("render", "{empty}", "out.mp4"), "empty.wav"),
        (("render", "{beats}", "out.xyz"), "xyz"),
        (("render", "{beats}", "{tmp}/no/such/folder/out.mp4"), "folder"),
        (("--headless", "--preset", "nebulla"), "nebula"),
        (("--headless", "--preset", "{badkey}"), "picture/promt"),
        (("--headless", "--preset", "{badvalue}"), "motion/zoom = 90"),
        (("--headless", "--model", "nowhere"), "nowhere"),
        (("--headless", "--size", "100x100"), "multiples of 64"),
        (("--headless", "--size", "huge"), "huge"),
        (("--headless", "--fps", "-3"), "-3"),
    ],
)
def test_bad_input_is_one_sentence(arguments: tuple[str, ...], words: str, beats: Path, tmp_path: Path) -> None:
    files = {"text": tmp_path / "text.wav", "empty": tmp_path / "empty.wav", "beats": beats, "tmp": tmp_path}
    files["text"].write_text("this is not sound")
    soundfile.write(files["empty"], np.zeros((0, 1)), 48_000)
    files["badkey"] = tmp_path / "badkey.toml"
    files["badkey"].write_text('title = "x"\n[values]\n"picture/promt" = "a"\n')
    files["badvalue"] = tmp_path / "badvalue.toml"
    files["badvalue"].write_text('[values]\n"motion/zoom" = 90\n')
    done = visualizer(*(a.format(**files) for a in arguments))
    assert done.returncode == 2
    last = done.stderr.strip().splitlines()[-1]
    assert words in last, done.stderr
    assert "Traceback" not in done.stderr


def test_bench_frame_prints_its_figures() -> None:
    done = visualizer("bench", "frame", "--json", "--seconds", "2")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["fps"] > 0 and figures["unet_ms"] > 0 and figures["decode_ms"] > 0
    assert figures["size"] == "256x256" and figures["precision"] in ("bf16", "f32")


def test_no_display_and_no_sound_device_still_give_a_show(tmp_path: Path) -> None:
    """What a bare machine does, shortened: it says what is missing, and records the demo track's show."""
    import os

    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
    # No sound device whatever this machine has: an ALSA configuration that knows none, and no sound server.
    (tmp_path / "asound.conf").write_text("")
    environment |= {"ALSA_CONFIG_PATH": str(tmp_path / "asound.conf"), "PULSE_SERVER": "unix:/nonexistent"}
    command = [sys.executable, "-m", "visualizer", "--seconds", "4"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "No display" in done.stderr and "demo track" in done.stderr
    video = frames_of(tmp_path / "out" / "show.mp4")
    assert len(video) > 20 and video.std() > 5
    with av.open(str(tmp_path / "out" / "show.mp4")) as container:
        sound = np.concatenate([f.to_ndarray() for f in container.decode(audio=0)], axis=1)
    assert np.abs(sound).max() > 0.05
