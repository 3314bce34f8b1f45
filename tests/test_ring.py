"""The ring between processes: nothing lost, nothing torn, everything lost counted."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from visualizer.audio.ring import RingError, RingReader, SoundRing

ROOT = Path(__file__).resolve().parents[1]

WRITER = """
import sys, time
import numpy as np
from visualizer.audio.ring import SoundRing

path, blocks, pause = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
ring = SoundRing.open(path)
ring.set_format(48000, 2)
random = np.random.default_rng(5)
for number in range(blocks):
    frames = 200 + number % 113
    ring.write(random.standard_normal((frames, 2)).astype(np.float32), number * 0.005)
    if pause:
        time.sleep(pause)
"""


def written_by_the_writer(blocks: int) -> np.ndarray:
    random = np.random.default_rng(5)
    parts = [random.standard_normal((200 + number % 113, 2)).astype(np.float32) for number in range(blocks)]
    return np.concatenate(parts)


def start_writer(path: Path, blocks: int, pause: float) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(blocks), str(pause)], cwd=ROOT)


def test_another_process_reads_bit_for_bit(tmp_path: Path) -> None:
    blocks = 1500
    with SoundRing.create(tmp_path / "ring", seconds=2, max_rate=48_000, max_channels=2) as ring:
        reader = RingReader(ring)
        writer = start_writer(tmp_path / "ring", blocks, 0.0005)
        parts, expected_first = [], 0
        while writer.poll() is None or reader.position < ring.written:
            block, first = reader.read(max_frames=777)
            assert first == expected_first
            expected_first += len(block)
            parts.append(block)
            if not len(block):
                time.sleep(0.001)
        assert writer.returncode == 0
        assert reader.lost == 0
        assert reader.format.rate == 48_000
        np.testing.assert_array_equal(np.concatenate(parts), written_by_the_writer(blocks))


def test_a_reader_overtaken_at_full_speed_never_sees_a_torn_block(tmp_path: Path) -> None:
    blocks = 3000
    truth = written_by_the_writer(blocks)
    with SoundRing.create(tmp_path / "ring", seconds=0.2, max_rate=48_000, max_channels=2) as ring:
        reader = RingReader(ring)
        writer = start_writer(tmp_path / "ring", blocks, 0)
        seen = 0
        position = 0
        while writer.poll() is None or reader.position < ring.written:
            block, first = reader.read(max_frames=5000)
            assert first >= position
            position = first + len(block)
            seen += len(block)
            np.testing.assert_array_equal(block, truth[first : first + len(block)])
        assert seen + reader.lost == len(truth)


def test_overtaking_is_counted_and_jumped_over(tmp_path: Path) -> None:
    with SoundRing.create(tmp_path / "ring", seconds=0.5, max_rate=1000, max_channels=1) as ring:
        ring.set_format(1000, 1)
        reader = RingReader(ring)
        ramp = np.arange(2000, dtype=np.float32)[:, None]
        for start in range(0, 1200, 100):
            ring.write(ramp[start : start + 100], start / 1000)
        block, first = reader.read()
        assert first == reader.lost > 1200 - 500
        np.testing.assert_array_equal(block, ramp[first:1200])
        assert reader.read()[0].shape == (0, 1)


def test_a_new_format_is_seen_and_the_count_goes_on(tmp_path: Path) -> None:
    with SoundRing.create(tmp_path / "ring", seconds=1, max_rate=48_000, max_channels=2) as ring:
        reader = RingReader(ring)
        assert reader.read()[0].shape == (0, 2)
        ring.set_format(44_100, 1)
        ring.write(np.ones((100, 1), np.float32), 1.0)
        assert reader.read()[0].shape == (100, 1)
        assert (reader.format.generation, reader.format.rate, reader.format.channels) == (1, 44_100, 1)
        ring.write(np.ones((50, 1), np.float32), 1.1)
        ring.set_format(48_000, 2)
        ring.set_format(48_000, 2)
        ring.write(np.full((30, 2), 2, np.float32), 2.0)
        block, first = reader.read()
        assert (first, reader.lost) == (150, 50)
        np.testing.assert_array_equal(block, np.full((30, 2), 2, np.float32))
        assert (reader.format.generation, reader.format.rate, reader.format.start) == (2, 48_000, 150)
        with pytest.raises(ValueError, match="does not fit"):
            ring.write(np.ones((5, 1), np.float32), 0.0)
        with pytest.raises(ValueError, match="too small"):
            ring.set_format(9_600_000, 2)


def test_captured_at_answers_for_every_frame(tmp_path: Path) -> None:
    with SoundRing.create(tmp_path / "ring", seconds=1, max_rate=48_000, max_channels=1) as ring:
        assert math.isnan(ring.captured_at(0))
        ring.set_format(48_000, 1)
        at = 100.0
        for number in range(20_000):
            ring.write(np.zeros((48, 1), np.float32), at + number * 0.0011)
        last = 48 * 19_999
        assert ring.captured_at(last) == pytest.approx(at + 19_999 * 0.0011)
        assert ring.captured_at(last - 48 + 24) == pytest.approx(at + 19_998 * 0.0011 + 0.0005)
        assert ring.captured_at(last + 48) == pytest.approx(at + 19_999 * 0.0011 + 0.001)
        assert math.isfinite(ring.captured_at(0))


def test_silence_longer_than_the_ring_keeps_the_count(tmp_path: Path) -> None:
    with SoundRing.create(tmp_path / "ring", seconds=1, max_rate=1000, max_channels=1) as ring:
        ring.set_format(1000, 1)
        reader = RingReader(ring)
        ring.write(np.ones((10, 1), np.float32), 0.0)
        ring.write_silence(1_000_000, 0.01)
        ring.write(np.full((7, 1), 3, np.float32), 1000.01)
        block, first = reader.read()
        assert first + len(block) == ring.written == 1_000_017
        assert reader.lost + len(block) == ring.written
        np.testing.assert_array_equal(block[-7:], np.full((7, 1), 3, np.float32))
        assert not block[:-7].any()


def test_past_sound_can_be_read_again(tmp_path: Path) -> None:
    with SoundRing.create(tmp_path / "ring", seconds=1, max_rate=1000, max_channels=1) as ring:
        ring.set_format(1000, 1)
        for start in range(0, 800, 100):
            ring.write(np.arange(start, start + 100, dtype=np.float32)[:, None], start / 1000)
        block, first = RingReader(ring, back=0.25).read()
        assert first == 550
        np.testing.assert_array_equal(block[:, 0], np.arange(550, 800))
        assert RingReader(ring, back=math.inf).read()[1] == 0
        assert len(RingReader(ring).read()[0]) == 0


@pytest.mark.parametrize("content", [None, b"", b"x" * 100, b"x" * 300_000])
def test_what_is_no_ring_is_refused_in_one_sentence(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "ring"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RingError) as caught:
        SoundRing.open(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_ring_that_cannot_be_made_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RingError, match="can be written"):
        SoundRing.create(tmp_path / "missing" / "ring")
