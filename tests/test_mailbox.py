"""Newest wins, nothing is torn, and a writer that dies half-way spoils nothing."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from visualizer.parameters import NUMBERS, defaults
from visualizer.renderer.mailbox import Mailbox
from visualizer.renderer.messages import pack_controls, pack_frame, unpack_controls, unpack_frame
from visualizer.snapshots import Controls, Frame, Trace

WRITER = """
import sys, numpy as np
from pathlib import Path
from visualizer.renderer.mailbox import Mailbox
box = Mailbox(Path(sys.argv[1]))
print("ready", flush=True)
n = 0
while True:
    n += 1
    box.write(np.full(50_000, n % 251, np.uint8))
"""


def test_the_newest_message_wins(tmp_path: Path) -> None:
    box = Mailbox.create(tmp_path / "box", 100)
    assert box.read() is None
    for n in range(1, 8):
        assert box.write(bytes([n]) * n) == n
    assert box.read() == (7, b"\x07" * 7)
    assert box.read(after=7) is None
    assert Mailbox(tmp_path / "box").read() == (7, b"\x07" * 7)
    with pytest.raises(ValueError, match="does not fit"):
        box.write(bytes(1000))


def test_the_writer_learns_what_was_taken(tmp_path: Path) -> None:
    writer = Mailbox.create(tmp_path / "box", 8)
    reader = Mailbox(tmp_path / "box")
    writer.write(b"a")
    assert writer.taken == 0
    reader.take()
    writer.write(b"b")
    assert (writer.taken, writer.newest) == (1, 2)


def test_no_message_is_torn_and_a_killed_writer_leaves_the_last_one(tmp_path: Path) -> None:
    box = Mailbox.create(tmp_path / "box", 50_000)
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path / "box")], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None and process.stdout.readline().strip() == b"ready"
        seen, count, end = 0, 0, time.perf_counter() + 2
        while time.perf_counter() < end:
            message = box.read(seen)
            if message is None:
                continue
            seen, count = message[0], count + 1
            values = np.frombuffer(message[1], np.uint8)
            assert len(values) == 50_000 and (values == seen % 251).all()
        assert count > 50
    finally:
        process.kill()
        process.wait()
    last = box.read()
    assert last is not None and (np.frombuffer(last[1], np.uint8) == last[0] % 251).all()


def test_controls_and_frames_survive_the_journey() -> None:
    values = {name: value for name, value in defaults().items() if not isinstance(value, str)}
    controls, trace = unpack_controls(pack_controls(Controls(480, values), Trace(1.5, 2.5)))
    assert controls.values == values and list(controls.values) == list(NUMBERS)
    assert (controls.sample, trace.captured, trace.heard) == (480, 1.5, 2.5)
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 255, (64, 96, 3), dtype=np.uint8)
    latent = rng.normal(size=(1, 4, 8, 12)).astype(np.float32)
    frame = Frame(picture, 960, 7, Trace(1.0, 2.0, 3.0, 4.0))
    data = b"".join(bytes(p) if isinstance(p, bytes) else p.tobytes() for p in pack_frame(frame, latent, 2.25))
    got, got_latent, phase = unpack_frame(data)
    assert np.array_equal(got.picture, picture) and np.array_equal(got_latent, latent) and phase == 2.25
    assert (got.sample, got.number, got.trace) == (960, 7, frame.trace)
