"""Files that are damaged or odd, in training, in the show and in a render: one sentence each, and nothing stops."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from visualizer.audio.files import SoundFileError
from visualizer.encoder.data import ClipError, read_clip
from visualizer.encoder.manifest import Clip
from visualizer.offline import read_sound
from visualizer.preset import find_preset
from visualizer.show import LiveShow, ShowSettings

RATE = 48_000


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file of each kind, a second of each."""
    folder = tmp_path_factory.mktemp("odd")
    tone = (0.4 * np.sin(2 * np.pi * 220 * np.arange(RATE) / RATE)).astype(np.float32)
    soundfile.write(folder / "silent.wav", np.zeros((RATE, 2)), RATE)
    soundfile.write(folder / "low.wav", tone[::6], 8000)
    fifth = np.zeros((RATE, 8), np.float32)
    fifth[:, 4] = tone
    soundfile.write(folder / "eight.wav", fifth, RATE)
    holes = np.stack([tone, tone], 1)
    holes[1000:1100] = np.nan
    soundfile.write(folder / "nan.wav", holes, RATE, subtype="FLOAT")
    noise = np.random.default_rng(1).normal(0, 0.1, (RATE, 2)).astype(np.float32)
    soundfile.write(folder / "corrupt.flac", noise, RATE)
    content = bytearray((folder / "corrupt.flac").read_bytes())
    content[len(content) // 2 : len(content) // 2 + 4000] = b"U" * 4000
    (folder / "corrupt.flac").write_bytes(content)
    return folder


KINDS = [("corrupt.flac", "damaged"), ("silent.wav", "is silent"), ("low.wav", "8000 Hz"), ("eight.wav", "8 channels"),
         ("nan.wav", "not numbers")]  # fmt: skip


@pytest.mark.parametrize(("name", "words"), KINDS)
def test_training_leaves_it_out_and_says_why(name: str, words: str, files: Path) -> None:
    with pytest.raises(ClipError, match=words) as caught:
        read_clip(Clip(files / name, "a tone"))
    assert name in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(("name", "words"), KINDS)
def test_a_render_plays_what_there_is_and_says_so(name: str, words: str, files: Path) -> None:
    told: list[str] = []
    if name == "corrupt.flac":
        with pytest.raises(SoundFileError, match=words) as caught:
            read_sound(files / name)
        source, target = str(caught.value).split("ffmpeg -i ")[1].split()
        assert source == name != target, "ffmpeg does not write over what it reads"
        return
    sound = read_sound(files / name, tell=told.append)
    assert len(told) == 1 and words in told[0] and name in told[0] and "\n" not in told[0]
    assert np.isfinite(sound).all() and len(sound) == pytest.approx(RATE, abs=500)
    assert (np.abs(sound).max() > 0.1) == (name != "silent.wav"), "a sound in the fifth of eight channels is heard"


@pytest.mark.parametrize(("name", "words"), KINDS)
def test_the_show_plays_what_there_is_and_says_so(
    name: str, words: str, files: Path, embedded: Path, tmp_path: Path
) -> None:
    """The show with its capture process; nobody paints, for that takes longer to come up than all this."""
    show = LiveShow(ShowSettings(f"file:{files / name}", find_preset("nebula"), embedded, (256, 256), 24.0, tmp_path))
    show.renderer.send_controls = lambda *_: None  # type: ignore[method-assign]
    try:
        loudest, deadline = 0.0, time.perf_counter() + 10
        told: list[str] = []
        while time.perf_counter() < deadline and not (told and (loudest > 0.1 or name in ("silent.wav", "corrupt.flac"))):
            show._supervise()
            show._hear(time.perf_counter())
            told = [message for message in show.status.messages if words in message]
            loudest = max(loudest, show.heard.level if show.heard else 0.0)
            time.sleep(0.01)
        assert len(told) == 1 and name in told[0] and "\n" not in told[0]
        assert show.heard is not None, "what can be played is played"
        assert (loudest > 0.1) == (name != "silent.wav") or name == "corrupt.flac"
    finally:
        show.stop()
