"""MIDI through real ports: JACK's, by way of rtmidi."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from jack_server import Controller
from osc_parts import until

from benchmarks.osc import Recorder
from visualizer.control.midi_clock import MidiClock
from visualizer.control.ticks import TICKS
from visualizer.midi.binding import Binding, bound
from visualizer.midi.bindings_file import Remembered, load, save
from visualizer.midi.door import Midi
from visualizer.midi.messages import Control
from visualizer.snapshots import SAMPLE_RATE


def sample_of(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE)


class Desk:
    """A recorder that is played by MIDI, and a controller."""

    def __init__(self, path: Path, *bindings: Binding, name: str = "desk") -> None:
        self.controller = Controller(name)
        save(path, Remembered((self.controller.port,), True, "jack", bindings))
        self.show = Recorder()
        self.clock = MidiClock(sample_of)
        self.midi = Midi(self.show, self.clock, path)
        self.midi.start()
        self.opened()

    def opened(self, port: str = "") -> None:
        port = port or self.controller.port
        until(lambda: any(row.name == port and row.is_open for row in self.midi.state.ports), f"{port} open")
        time.sleep(0.05)  # JACK tells the sender a period later

    def end(self) -> None:
        self.midi.stop()
        self.controller.unplug()


@pytest.fixture
def desk(jack: None, tmp_path: Path) -> Iterator[Desk]:
    gain = Binding(Control("cc", 1, 7), "light/gain", 0.0, 3.0)
    desk = Desk(tmp_path / "midi.json", gain, bound(Control("note", 10, 36), "tempo/tap"))
    yield desk
    desk.end()


def test_a_fader_and_a_pad_play_the_show(desk: Desk) -> None:
    desk.controller.send(0xB0, 7, 127)
    until(lambda: desk.show.values.get("light/gain") == 3.0, "the value")
    for _ in range(3):
        desk.controller.send(0x99, 36, 100)
        desk.controller.send(0x89, 36, 0)
    until(lambda: len(desk.show.actions) == 3, "three taps")
    desk.controller.send(0xC3, 5)
    until(lambda: desk.midi.state.last == Control("program", 4), "what was moved last")
    assert desk.midi.state.messages == ()


def test_of_a_faders_many_messages_the_last_wins_and_no_press_is_lost(desk: Desk) -> None:
    for number in range(1500):
        desk.controller.send(0xB0, 7, number % 128)
        if number % 10 == 0:
            desk.controller.send(0x99, 36, 100)
        if number % 10 == 9:
            time.sleep(0.01)  # a thousand a second is what a MIDI cable carries; JACK loses some at ten times that
    desk.controller.send(0xB0, 7, 64)
    until(lambda: desk.show.values.get("light/gain") == pytest.approx(3 * 64 / 127), "the last value")
    until(lambda: len(desk.show.actions) == 150, "every press")
    print(f"1501 messages of a fader were {desk.show.sets} values")
    assert desk.show.sets < 900


def test_a_port_that_goes_away_is_told_and_taken_up_again(desk: Desk) -> None:
    port = desk.controller.port
    desk.controller.unplug()
    until(lambda: any("is not there" in message and port in message for message in desk.midi.state.messages), "a sentence")
    assert [(row.is_there, row.is_open) for row in desk.midi.state.ports if row.name == port] == [(False, False)]
    desk.controller = Controller("desk")
    assert desk.controller.port == port
    desk.opened()
    assert desk.midi.state.messages == ()
    desk.controller.send(0xB0, 7, 127)
    until(lambda: desk.show.values.get("light/gain") == 3.0, "the value")


def test_a_port_is_turned_off_and_another_on_and_that_is_remembered(desk: Desk, tmp_path: Path) -> None:
    other = Controller("other")
    try:
        until(lambda: other.port in [row.name for row in desk.midi.state.ports], "the other port")
        desk.midi.turn_port(desk.controller.port, False)
        desk.midi.turn_port(other.port, True)
        desk.opened(other.port)
        until(lambda: not any(row.is_open for row in desk.midi.state.ports if row.name != other.port), "the first closed")
        desk.controller.send(0xB0, 7, 127)
        other.send(0xB0, 7, 64)
        until(lambda: "light/gain" in desk.show.values, "the value")
        time.sleep(0.1)
        assert desk.show.values["light/gain"] == pytest.approx(3 * 64 / 127)
        desk.midi.turn_clock(False)
        until(lambda: load(tmp_path / "midi.json").ports == (other.port,), "the file")
        until(lambda: not load(tmp_path / "midi.json").clock, "the file")
        assert load(tmp_path / "midi.json").api == "jack"
    finally:
        other.unplug()


def test_a_control_is_learnt_from_what_is_moved(desk: Desk, tmp_path: Path) -> None:
    desk.midi.learn("light/hue")
    assert desk.midi.state.learning == "light/hue"
    desk.controller.send(0xB4, 21, 3)
    until(lambda: not desk.midi.state.learning, "the control")
    assert desk.midi.state.bindings[-1] == bound(Control("cc", 5, 21), "light/hue")
    until(lambda: len(load(tmp_path / "midi.json").bindings) == 3, "the file")
    for place in (0, 127):  # past the value there is
        desk.controller.send(0xB4, 21, place)
        time.sleep(0.05)
    until(lambda: desk.show.values.get("light/hue") == 180, "the value")


def test_what_a_show_cannot_do_is_told(jack: None, tmp_path: Path) -> None:
    from visualizer.remote.show_target import AbsentError

    class Refusing(Recorder):
        def act(self, name: str, value: float | str | bool | None) -> None:
            raise AbsentError("there is no blackout in this show")

    desk = Desk(tmp_path / "midi.json", bound(Control("cc", 1, 9), "tempo/flip"))
    midi = Midi(Refusing(), desk.clock, tmp_path / "midi.json")
    midi.start()
    try:
        until(lambda: any(row.is_open for row in midi.state.ports), "the port")
        time.sleep(0.05)
        desk.controller.send(0xB0, 9, 127)
        until(lambda: midi.state.messages, "a sentence")
        assert midi.state.messages == ("CC 9, channel 1: there is no blackout in this show",)
    finally:
        midi.stop()
        desk.end()


def test_a_clock_is_the_beat_and_two_clocks_are_one(desk: Desk) -> None:
    """A sender at 126 BPM, as evenly as this machine lets it; beside it another that is not listened to."""
    other = Controller("other")
    desk.midi.turn_port(other.port, True)
    desk.opened(other.port)
    sent: list[float] = []

    def play() -> None:
        desk.controller.send(0xFA)
        begin = time.perf_counter()
        for tick in range(8 * TICKS):
            time.sleep(max(0.0, begin + tick * 60 / 126 / TICKS - time.perf_counter()))
            desk.controller.send(0xF8)
            sent.append(begin + tick * 60 / 126 / TICKS)
            if tick % 7 == 3:  # later than the first: the clock that comes first is the one that counts
                other.send(0xF8)

    player = threading.Thread(target=play)
    player.start()
    off = []
    while player.is_alive():
        time.sleep(0.01)
        now = time.perf_counter()
        beat = desk.clock.at(sample_of(now))
        if beat is not None and beat.confidence == 1.0:
            off.append(1000 * (((now - sent[0]) * 126 / 60 - beat.phase + 0.5) % 1 - 0.5) * 60 / 126)
    state = desk.midi.state
    assert state.clock_bpm == pytest.approx(126, rel=0.02) and state.clock_port == desk.controller.port
    print(f"clock through JACK: {np.median(off):+.1f} ms late, 95 % within {np.percentile(np.abs(off), 95):.1f} ms")
    assert 0 < np.median(off) < 20, "JACK's periods are 5 ms, and there are two or three in the way"
    until(lambda: desk.clock.at(sample_of(time.perf_counter())) is None, "that it is over", 2.0)
    desk.midi.turn_clock(False)
    for _ in range(TICKS):
        desk.controller.send(0xF8)
        time.sleep(0.02)
    assert desk.midi.state.clock_bpm == 0 and desk.clock.bpm(time.perf_counter()) == 0
    other.unplug()


def test_where_midi_cannot_be_had_one_sentence_says_why(tmp_path: Path) -> None:
    path = tmp_path / "midi.json"
    for api, sentence in (("coremidi", "there is no MIDI by 'coremidi' here, only by"), ("jack", "cannot be had")):
        save(path, Remembered(("pad",), True, api))
        program = f"""
import time
from pathlib import Path
from benchmarks.osc import Recorder
from visualizer.control.midi_clock import MidiClock
from visualizer.midi.door import Midi
midi = Midi(Recorder(), MidiClock(int), Path({str(path)!r}))
midi.start()
while not midi.state.messages: time.sleep(0.01)
midi.stop()
print(midi.state.messages)
"""
        environment = {"PATH": "/usr/bin:/bin", "JACK_DEFAULT_SERVER": "none", "JACK_NO_START_SERVER": "1"}
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True, env=environment,
            cwd=Path(__file__).parents[1],
        )  # fmt: skip
        assert sentence in done.stdout


def test_without_the_package_the_show_goes_on(tmp_path: Path) -> None:
    program = f"""
import sys
from importlib.machinery import PathFinder
from pathlib import Path

class Without:
    @staticmethod
    def find_spec(name, path=None, target=None):
        return None if name == "rtmidi" else PathFinder.find_spec(name, path, target)

sys.meta_path = [each for each in sys.meta_path if each is not PathFinder] + [Without]
from benchmarks.osc import Recorder
from visualizer.control.midi_clock import MidiClock
from visualizer.midi.door import Midi
midi = Midi(Recorder(), MidiClock(int), Path({str(tmp_path / "midi.json")!r}))
midi.start()
print(midi.missing)
midi.stop()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == 'pip install "tpos-live[midi]"\n'
