"""What is heard as OSC: the messages of each tick, and Pure Data receiving them."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from osc_parts import until

from visualizer.osc.codec import Message
from visualizer.osc.endpoint import Endpoint, EndpointError
from visualizer.osc.heard import SAID, SILENT_TICKS, HeardMessages, Wraps, word_messages
from visualizer.osc.sender import RATE_HZ, Sender
from visualizer.snapshots import HOP_SAMPLES, SAMPLE_RATE, Beat, Heard

QUIET = Heard(0, np.zeros(64, np.float32), -120, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)


def hop(number: int, **values: float) -> Heard:
    return replace(QUIET, sample=(number + 1) * HOP_SAMPLES, **values)  # type: ignore[arg-type]


def beat(at: float, confidence: float = 1.0, bpm: float = 120.0) -> Beat:
    """The beat after ``at`` beats of bars of four."""
    return Beat(bpm, at % 1, at / 4 % 1, confidence, "sound")


def said(messages: list[Message]) -> dict[str, tuple]:  # type: ignore[type-arg]
    return {message.address.removeprefix("/visualizer/heard/"): message.values for message in messages}


def test_every_tick_says_what_the_table_says() -> None:
    maker = HeardMessages()
    maker.at_tick([], beat(3.99))
    found = said(maker.at_tick([hop(0, bass=0.5, onset=0.25, loudness_lufs=-14.0)], beat(4.01)))
    found |= said(word_messages([("heavy rain", 0.5)]))
    assert set(found) == set(SAID)
    types = {float: "f", int: "i", str: "s"}
    for name, values in found.items():
        assert "".join(types[type(value)] for value in values) == SAID[name].types, name
    assert found["bass"] == (0.5,) and found["lufs"] == (-14.0,) and found["word/1"] == ("heavy rain", 0.5)
    assert found["beat"] == (1,) and found["bar"] == (4,) and found["beat/bpm"] == (120.0,) and found["word/5"] == ("", 0.0)


def test_no_onset_is_lost_between_two_ticks_and_none_comes_twice() -> None:
    maker = HeardMessages()
    hops = [hop(n, onset_low=0.9 if n == 3 else 0.0) for n in range(10)]
    assert said(maker.at_tick(hops[:2], None))["onset_low"] == (0.0,)
    assert said(maker.at_tick(hops[:7], None))["onset_low"] == (0.9,)
    assert said(maker.at_tick(hops, None))["onset_low"] == (0.0,)


def test_sound_that_is_gone_becomes_silence() -> None:
    maker = HeardMessages()
    hops = [hop(0, bass=0.9, loudness_lufs=-10.0)]
    assert said(maker.at_tick(hops, None))["bass"] == (0.9,)
    for _ in range(SILENT_TICKS - 1):
        assert "bass" not in said(maker.at_tick(hops, None)), "one late hop is no silence"
    found = said(maker.at_tick(hops, None))
    assert found["bass"] == (0.0,) and found["lufs"] == (-120.0,) and found["loudness"] == (0.0,)
    assert found["beat/confidence"] == (0.0,)


def test_each_beat_is_told_once_with_its_number_in_the_bar() -> None:
    maker = HeardMessages()
    rng = np.random.default_rng(0)
    told: list[int] = []
    bars = 0
    for tick in range(round(20 * RATE_HZ)):
        at = 0.5 + tick / RATE_HZ * 2 + rng.uniform(-0.01, 0.01)  # 120 BPM, trembling by 5 ms
        found = said(maker.at_tick([], beat(at)))
        told += found.get("beat", ())
        bars += "bar" in found
    assert told == [n % 4 + 1 for n in range(1, 41)][: len(told)] and len(told) in (39, 40)
    assert bars in (9, 10)


def test_a_doubtful_beat_is_not_told() -> None:
    maker = HeardMessages()
    for tick in range(100):
        found = said(maker.at_tick([], beat(tick / 10, 0.2)))
        assert "beat" not in found and found["beat/confidence"] == (pytest.approx(0.2),)


def test_a_phase_that_is_put_right() -> None:
    wraps = Wraps()
    assert [wraps.push(p) for p in (0.8, 0.9, 0.1, 0.95, 0.05, 0.5, 0.9, 0.1)] == [
        False, False, True, False, False, False, False, True,
    ]  # fmt: skip
    wraps.forget()
    assert [wraps.push(p) for p in (0.1, 0.9, 0.2)] == [False, False, False], "back over zero and forth is no beat"
    back = Wraps()
    passed = 0
    for step in range(400):  # each fourth of a beat put back by 0.4: it goes on telling
        passed += back.push((step / 20 - 0.4 * (step // 40)) % 1)
    assert passed >= 10


@dataclass
class Room:
    """A hearing that is made up."""

    hops: deque[Heard] = field(default_factory=lambda: deque(maxlen=200))
    begun: float = field(default_factory=time.perf_counter)

    @property
    def beat(self) -> Beat:
        return beat(2 * (time.perf_counter() - self.begun))

    def words(self, count: int) -> list[tuple[str, float]]:
        return [("heavy rain", 0.625), ("wind", 0.25)][:count]


@pytest.fixture
def pure_data(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """Pure Data printing every OSC message that comes to a port: (port, file)."""
    assert shutil.which("pd"), "Pure Data is missing: apt-get install puredata-core"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    patch, told = tmp_path / "heard.pd", tmp_path / "told.txt"
    objects = [f"netreceive -u -b {port}", "oscparse", "list trim", "print osc"]
    lines = ["#N canvas 0 0 450 300 12;", *(f"#X obj 10 {30 * n + 10} {name};" for n, name in enumerate(objects))]
    patch.write_text("\n".join([*lines, *(f"#X connect {n} 0 {n + 1} 0;" for n in range(3))]) + "\n")
    with told.open("w") as file:
        command = ["pd", "-nogui", "-noaudio", "-nomidi", "-noprefs", "-stderr", str(patch)]
        process = subprocess.Popen(command, stdout=file, stderr=file)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as knock:

        def answers() -> bool:
            knock.sendto(b"/ready\0\0,\0\0\0", ("127.0.0.1", port))
            return "osc: ready" in told.read_text()

        until(answers, "Pure Data", 15)
    yield port, told
    process.kill()
    process.wait()


def test_pure_data_hears_what_the_show_hears(pure_data: tuple[int, Path]) -> None:
    port, told = pure_data
    room = Room()
    sender = Sender(room, Endpoint("127.0.0.1", port))
    sender.start()
    try:
        begun, number = time.perf_counter(), 0
        while time.perf_counter() - begun < 3.2:
            while number * HOP_SAMPLES / SAMPLE_RATE < time.perf_counter() - begun:
                room.hops.append(hop(number, bass=0.5, onset=1.0 if number % 30 == 7 else 0.0, brightness=0.25))
                number += 1
            time.sleep(0.002)
    finally:
        sender.stop()
    time.sleep(0.3)
    lines = [line.removeprefix("osc: visualizer heard ") for line in told.read_text().splitlines()]
    assert lines.count("onset 1") == len(range(7, number, 30)), "an onset was lost, or came twice"
    assert "bass 0.5" in lines and "brightness 0.25" in lines and "beat bpm 120" in lines
    assert "word 1 heavy\\ rain 0.625" in lines and "word 2 wind 0.25" in lines
    beats = [line for line in lines if line in ("beat 1", "beat 2", "beat 3", "beat 4")]
    assert beats == ["beat 2", "beat 3", "beat 4", "beat 1", "beat 2", "beat 3"]
    assert lines.count("bar 4") == 1
    ticks = sum(line.startswith("beat phase") for line in lines)
    assert 0.8 * 3.2 * RATE_HZ < ticks <= 3.2 * RATE_HZ + 2


def test_nobody_listening_is_no_trouble() -> None:
    with pytest.raises(EndpointError, match="no port"):
        Sender(Room(), Endpoint("127.0.0.1", 0))
    sender = Sender(Room(), Endpoint("127.0.0.1", 9))
    sender.start()
    time.sleep(0.2)
    assert sender._thread.is_running
    sender.stop()
