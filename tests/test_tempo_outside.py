"""Tempo from outside: by OSC, and from Ableton Link with another peer."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from osc_parts import LOCAL, Client, number, oscsend, packed, until

from visualizer.control.link import Link, LinkError
from visualizer.control.message_tempo import MessageTempo
from visualizer.control.outside import Outside
from visualizer.control.tempo import Tempo
from visualizer.looks import Looks
from visualizer.osc.server import Server
from visualizer.preset import Preset
from visualizer.remote.show_target import AbsentError, ShowTarget
from visualizer.resources import demo_track
from visualizer.show import LiveShow, ShowSettings
from visualizer.snapshots import SAMPLE_RATE, Beat


def sample_of(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE)


def at(source: MessageTempo | Tempo, seconds: float) -> Beat:
    beat = source.at(sample_of(seconds))
    assert beat is not None
    return beat


def place(beat: Beat) -> float:
    """Beats since the bar began."""
    return beat.bar_phase * beat.meter


def test_a_tempo_that_is_said_is_held_until_it_is_let_go() -> None:
    played = MessageTempo(sample_of)
    assert played.at(0) is None and played.bpm == 0
    played.set_bpm(120, 10.0)
    assert at(played, 10.25).phase == pytest.approx(0.5) and at(played, 600.25).phase == pytest.approx(0.5)
    assert at(played, 10.0).confidence == 1 and at(played, 10.0).source == "osc" and not played.placed
    played.set_bpm(90, 20.25)
    assert (at(played, 20.25).phase, at(played, 20.25).bpm) == (pytest.approx(0.5, abs=1e-4), 90), "the beat goes on"
    for said, held in ((1, 20), (1e9, 400)):
        played.set_bpm(said, 30.0)
        assert played.bpm == held
    played.set_bpm(0, 31.0)
    assert played.at(sample_of(31)) is None and played.bpm == 0


def test_beats_alone_are_a_tempo_and_end_four_beats_after_the_last() -> None:
    rng = np.random.default_rng(2)
    played = MessageTempo(sample_of)
    played.beat(5.0)
    assert played.at(sample_of(5.1)) is None
    for n in range(1, 30):
        if n != 17:  # one is lost
            played.beat(5.0 + n * 0.5 + rng.uniform(-0.005, 0.005))
    beat = at(played, 19.75)
    assert beat.bpm == pytest.approx(120, rel=0.01) and beat.phase == pytest.approx(0.5, abs=0.02)
    assert place(beat) == pytest.approx(29.5 % 4, abs=0.02), "the beat that was lost counts"
    assert played.at(sample_of(21.6)) is None
    for n in range(4):
        played.beat(30 + n * 0.4)
    assert at(played, 31.2).bpm == pytest.approx(150), "another tempo begins anew"
    for n in range(3):
        played.beat(31.8 + n * 0.6)
    assert at(played, 33.0).bpm == pytest.approx(100, rel=0.02), "and so does one in between"


def test_beats_place_the_tempo_that_is_said() -> None:
    played = MessageTempo(sample_of)
    played.set_bpm(120, 10.0)
    played.beat(10.3)
    assert at(played, 10.3).phase == pytest.approx(0, abs=1e-4) and played.placed
    rng = np.random.default_rng(6)
    off = rng.uniform(-0.008, 0.008, 40)
    for n in range(40):
        played.beat(10.8 + n / 2 + off[n])
    late = (at(played, 30.3).phase + 0.5) % 1 - 0.5
    assert abs(late) * 0.5 < 0.004 and at(played, 30.3).bpm == 120, "several beats say it better than one"
    played.set_bpm(60, 30.3)
    assert abs((at(played, 31.3).phase - late + 0.5) % 1 - 0.5) < 1e-3
    played.beat(31.3)
    assert abs((at(played, 31.3).phase + 0.5) % 1 - 0.5) < 0.02


def test_a_beats_number_says_where_the_bar_begins_and_how_long_it_is() -> None:
    played = MessageTempo(sample_of)
    for n in range(6):
        played.beat(1 + n / 2, (n + 2) % 4 + 1)
    beat = at(played, 3.5)
    assert place(beat) == pytest.approx(3, abs=1e-3) and beat.meter == 4
    for n in range(9):
        played.beat(4 + n / 2, n % 3 + 1)
    beat = at(played, 8.0)
    assert beat.meter == 3 and place(beat) == pytest.approx(2, abs=1e-3)
    played.release()
    played.beat(20.0, 7)
    played.beat(20.5, 8)
    assert at(played, 20.5).meter == 8


def test_who_is_trusted_more() -> None:
    outside = Outside()
    outside.osc.set_bpm(90, 0.0)
    assert outside.osc.at(0) is None, "it knows no time yet"
    outside.follow(sample_of)
    tempo = Tempo(outside.sources)
    outside.osc.set_bpm(100, 1.0)
    assert at(tempo, 2.0).source == "osc"
    for tick in range(96):
        outside.midi.tick(1 + tick / 48)
    assert at(tempo, 3.0).source == "midi"
    assert at(tempo, 5.0).source == "osc", "the clock ended"
    outside.close()


def test_a_tap_places_a_tempo_that_has_no_beats() -> None:
    played = MessageTempo(sample_of)
    tempo = Tempo([played])
    played.set_bpm(120, 1.0)
    tempo.beat_now(sample_of(2.2))
    assert min(at(tempo, 2.2).phase, 1 - at(tempo, 2.2).phase) < 1e-3 and at(tempo, 2.2).source == "osc"
    played.beat(3.0)
    assert min(at(tempo, 3.0).phase, 1 - at(tempo, 3.0).phase) < 1e-3, "beats know better"


def test_asking_while_others_play() -> None:
    played, stop, failed = MessageTempo(sample_of), threading.Event(), list[BaseException]()

    def play() -> None:
        n = 0
        try:
            while not stop.is_set():
                n += 1
                if n % 3 == 0:
                    played.set_bpm(n % 300, n / 9)
                elif n % 3 == 1:
                    played.beat(n / 7, n % 5)
                else:
                    played.release()
        except BaseException as error:
            failed.append(error)

    players = [threading.Thread(target=play) for _ in range(2)]
    for player in players:
        player.start()
    for n in range(3000):
        beat = played.at(n * 1000)
        assert beat is None or 0 <= beat.phase < 1
    stop.set()
    for player in players:
        player.join()
    assert not failed


def test_osc_says_the_tempo_of_a_show(embedded: Path, engine_cache: Path, tmp_path: Path) -> None:
    settings = ShowSettings(f"file:{demo_track()}", Preset("still", "", {}), embedded, (256, 256), 24.0, engine_cache)
    show = LiveShow(settings)
    played = MessageTempo(sample_of)
    target = ShowTarget(show, Looks(show, lambda preset: preset), tmp_path, played)
    server = Server(target, LOCAL)
    server.start()
    try:
        port = server.endpoint.port
        oscsend(port, "/visualizer/tempo/bpm", "f", "128")
        until(lambda: played.bpm == 128, "the tempo")
        assert target.get("tempo/bpm") == 128
        oscsend(port, "/visualizer/tempo/beat", "i", "3")
        until(lambda: played.placed, "the beat")
        beat = at(played, time.perf_counter())
        assert (place(beat) - 2) % 4 < 1, "it was the third of its bar a moment ago"
        with Client(port) as client:
            assert "takes a number" in client.error(packed("/visualizer/tempo/bpm"[:21], "s", b"fast\0\0\0\0"))
            client.send(number("/visualizer/tempo/bpm", -4))
            until(lambda: played.bpm == 0, "that it is let go")
            client.send(number("/visualizer/tempo/bpm", 77))
            client.send(packed("/visualizer/tempo/release"))
            until(lambda: played.at(sample_of(time.perf_counter())) is None, "that it is released")
        with pytest.raises(AbsentError, match="no tempo"):
            ShowTarget(show, Looks(show, lambda preset: preset), tmp_path).act("tempo/bpm", 100.0)
    finally:
        server.stop()
        show.stop()


def test_without_the_package_link_says_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aalink", None)
    link = Link(sample_of)
    with pytest.raises(LinkError, match=r'pip install "tpos-live\[link\]"'):
        link.turn(True)
    assert not link.state.is_on and link.at(0) is None
    link.turn(False)


def test_nothing_imports_link_until_it_is_turned_on() -> None:
    program = "import sys\nfrom visualizer.control.outside import Outside\nOutside().link.at(0)\n"
    program += "print('aalink' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


needs_link = pytest.mark.skipif(find_spec("aalink") is None, reason="aalink has no wheel for this machine")


@needs_link
def test_link_alone_says_nothing_and_is_turned_on_and_off() -> None:
    link = Link(sample_of)
    for _ in range(10):
        link.turn(True)
        link.turn(True)
        assert link.state.is_on
        if link.state.peers == 0:
            assert link.at(sample_of(time.perf_counter())) is None and link.state.bpm == 0
        link.turn(False)
        assert not link.state.is_on and link.at(0) is None
    assert Link(lambda seconds: None).at(0) is None


@needs_link
def test_link_agrees_with_another_peer_on_tempo_beat_and_bar() -> None:
    """Both say where they are by the same clock; they need a network, and the loopback's is enough."""
    command = [sys.executable, str(Path(__file__).with_name("link_peer.py")), "133", "30"]
    link = Link(sample_of)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            while "133.0 0" not in process.stdout.readline():  # its session is the older one, so it leads
                assert process.poll() is None
            time.sleep(1.0)
            link.turn(True)
            until(lambda: link.state.peers == 1, "the other peer", 15)
            time.sleep(0.5)
            assert link.state.bpm == pytest.approx(133)
            for _ in range(2000):  # what it said before lies in the pipe
                if float(process.stdout.readline().split()[0]) > time.perf_counter() - 0.1:
                    break
            off = []
            for _ in range(50):
                seconds, phase, bpm, _ = map(float, process.stdout.readline().split())
                beat = link.at(sample_of(seconds))
                assert beat is not None and (beat.source, beat.meter) == ("link", 4)
                off.append(((place(beat) - phase + 2) % 4 - 2) * 60 / bpm * 1000)
            print(f"Link: {np.median(off):+.3f} ms from the other peer, at worst {np.abs(off).max():.3f}")
            assert np.abs(np.median(off)) < 2 and np.abs(off).max() < 10
        finally:
            process.terminate()
    until(lambda: link.state.peers == 0, "that it is alone again", 10)
    assert link.at(sample_of(time.perf_counter())) is None
    link.turn(False)
