"""NDI, over the loop: a process of its own receives what the output sends."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from ndi_watcher import with_number

from visualizer.output.ndi import NdiPort
from visualizer.output.port import PortSink
from visualizer.snapshots import SAMPLE_RATE, Frame

FPS = 24
WATCHER = Path(__file__).with_name("ndi_watcher.py")
TONES = ((440, 0.5), (1000, 0.25))
"""Hz and level, left and right."""
PATCHES = (
    (255, 0, 0),
    (0, 255, 0),
    (0, 0, 255),
    (255, 255, 255),
    (200, 120, 60),
    (60, 120, 200),
    (0, 0, 0),
    (128, 128, 128),
)


@pytest.fixture(scope="module", autouse=True)
def library() -> None:
    """NDI's library has to load: some machines have a processor it does not take."""
    pytest.importorskip("cyndilib.sender", exc_type=ImportError)


def known(width: int, height: int) -> np.ndarray:
    """Eight patches, brighter from left to right and from the top down below them: no mirror image is the same."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[: height // 2] = np.repeat(np.array(PATCHES, np.uint8), width // 8, 0)
    ramp = np.linspace(0, 127, width)[None] + np.linspace(0, 127, height - height // 2)[:, None]
    picture[height // 2 :] = ramp[..., None] * (1, 0.9, 0.8)
    return picture


def codes(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Y, Cb and Cr of ITU-R BT.709, 8 bit, limited range."""
    red, green, blue = (picture[..., i].astype(float) for i in range(3))
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return 16 + 219 / 255 * y, 128 + 224 / 255 * (blue - y) / 1.8556, 128 + 224 / 255 * (red - y) / 1.5748


def tones(first: int, after: int) -> np.ndarray:
    turn = 2 * np.pi * np.arange(first, after) / SAMPLE_RATE
    return np.stack([level * np.sin(hertz * turn) for hertz, level in TONES], 1).astype(np.float32)


def play(sink: PortSink, picture: np.ndarray, seen: subprocess.Popen[bytes]) -> dict[int, float]:
    """Show and sound, as a show does it, until the watcher has seen enough; when each number was handed over."""
    begun, sample, number, handed = time.perf_counter(), 0, 0, {}
    while seen.poll() is None and time.perf_counter() < begun + 40:
        passed = time.perf_counter() - begun
        if (now := int(passed * SAMPLE_RATE)) > sample:
            sink.sound(tones(sample, now), sample)
            sample = now
        if passed * FPS >= number:
            marked = with_number(picture, number % 256)
            handed[number % 256] = time.perf_counter()
            sink.frame(Frame(marked, sample, number))
            number += 1
        time.sleep(0.002)
    assert seen.wait(1) == 0
    return handed


@pytest.fixture(scope="module")
def arrived(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """What came of two seconds."""
    file = tmp_path_factory.mktemp("ndi") / "seen.npz"
    picture = known(256, 192)
    sink = PortSink(NdiPort((256, 192), FPS))
    handed = play(sink, picture, subprocess.Popen([sys.executable, WATCHER, file, "2"]))
    where = sink.where
    sink.close()
    return SimpleNamespace(**np.load(file), sent=picture, handed=handed, sink=sink, where=where)


def test_the_source_has_its_name(arrived: SimpleNamespace) -> None:
    """Other programs list COMPUTER (TPoS Live)."""
    assert arrived.sink.error is None and arrived.sink.state == "closed"
    assert arrived.where.endswith("(TPoS Live)") and arrived.rate == FPS


def test_the_picture_arrives_upright_in_its_colours(arrived: SimpleNamespace) -> None:
    """Every pixel's luma within two codes of BT.709's (half a code of rounding, and the codec), chroma within three away
    from edges, where NDI halves its resolution across."""
    y, cb, cr = codes(arrived.sent)
    below = slice(16, None)  # the number stands above
    assert arrived.picture.shape == (192, 256)
    assert np.abs(arrived.picture[below].astype(float) - y[below]).mean() < 1
    inside = np.abs((np.arange(256) % 32) - 15.5) < 11
    rows = np.r_[16:88, 104:192]
    assert np.abs(arrived.picture[np.ix_(rows, inside)] - y[np.ix_(rows, inside)]).max() <= 3
    for channel, right in enumerate((cb, cr)):
        wrong = arrived.chroma[..., channel].astype(float) - right[:, ::2]
        assert np.abs(wrong[np.ix_(rows, inside[::2])]).max() <= 3


def test_pictures_come_once_and_in_order(arrived: SimpleNamespace) -> None:
    """What the network takes is what was shown, at its rate."""
    steps = np.diff(arrived.numbers) % 256
    assert len(arrived.numbers) > 1.5 * FPS and (steps >= 1).all() and np.median(steps) == 1
    assert arrived.sink.sent + arrived.sink.dropped <= len(arrived.handed) <= 256


def test_pictures_are_there_soon(arrived: SimpleNamespace) -> None:
    """Nothing queues: the figure is milliseconds, and a queue of one picture would be 42 ms."""
    delays = [at - arrived.handed[number] for number, at in zip(arrived.numbers.tolist(), arrived.times, strict=True)]
    assert 0 < np.median(delays) < 1 / FPS


def test_the_sound_arrives_whole(arrived: SimpleNamespace) -> None:
    """Each channel is its tone at its level, with no sample missing or twice."""
    sound = arrived.sound[:, : SAMPLE_RATE * 3 // 2]
    assert arrived.sound_rate == SAMPLE_RATE and sound.shape == (2, SAMPLE_RATE * 3 // 2)
    for channel, (hertz, level) in zip(sound, TONES, strict=True):
        spectrum = np.abs(np.fft.rfft(channel[:SAMPLE_RATE] * np.hanning(SAMPLE_RATE))) * 4 / SAMPLE_RATE
        assert spectrum.argmax() == hertz and spectrum.max() == pytest.approx(level, rel=1e-3)
        # A sine's second difference is itself, but where a sample is missing.
        turn = 2 * np.cos(2 * np.pi * hertz / SAMPLE_RATE)
        assert np.abs(channel[2:] - turn * channel[1:-1] + channel[:-2]).max() < 1e-4


def test_another_size_opens_the_source_anew(tmp_path: Path) -> None:
    """Who watches gets the picture in its new size without doing anything."""
    file = tmp_path / "seen.npz"
    sink = PortSink(NdiPort((256, 192), FPS))
    begun = time.perf_counter()
    while sink.state == "opening" and time.perf_counter() < begun + 10:
        time.sleep(0.01)
    sink.frame(Frame(known(256, 192), 0, 0))
    play(sink, known(320, 160), subprocess.Popen([sys.executable, WATCHER, file, "0.5", "320"]))
    sink.close()
    assert sink.error is None and sink.state == "closed"
    seen = np.load(file)["picture"].astype(float)
    assert seen.shape == (160, 320) and np.abs(seen[16:] - codes(known(320, 160))[0][16:]).mean() < 1


def test_a_second_copy_has_a_name_of_its_own() -> None:
    """NDI gives a name once a computer; two shows can be told apart."""
    first, second = NdiPort((64, 64), FPS), NdiPort((64, 64), FPS)
    names = [first.open(), second.open()]
    second.close()
    first.close()
    assert names[0].endswith("(TPoS Live)") and names[1].endswith("(TPoS Live 2)")


def test_without_the_library_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the command that adds it."""
    monkeypatch.setitem(sys.modules, "cyndilib.sender", None)
    sink = PortSink(NdiPort((64, 64), FPS))
    assert sink.wait(5) and sink.state == "failed"
    assert sink.error and 'pip install "tpos-live[ndi]"' in sink.error and "\n" not in sink.error
