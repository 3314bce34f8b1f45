"""OSC and the live show together: a prompt, a value and a preset that come by OSC change what is painted."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest
from osc_parts import Client, oscsend, packed, text, until

from benchmarks.osc import Recorder
from visualizer.looks import Looks
from visualizer.osc.door import Osc, OscSettings
from visualizer.osc.endpoint import Endpoint
from visualizer.preset import Preset, find_preset, list_presets
from visualizer.remote.show_target import ShowTarget
from visualizer.resources import demo_track
from visualizer.show import LiveShow, ShowSettings


class Nothing:
    """A hearing of nothing."""

    hops: tuple[()] = ()
    beat = None

    def words(self, count: int) -> list[tuple[str, float]]:
        return []


def free_port() -> int:
    """A port that nobody listens at, by UDP and TCP."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def settings(embedded: Path, engine_cache: Path) -> ShowSettings:
    return ShowSettings(f"file:{demo_track()}", Preset("still", "", {}), embedded, (256, 256), 24.0, engine_cache)


def test_a_show_is_played_by_osc(settings: ShowSettings, tmp_path: Path) -> None:
    show = LiveShow(settings)
    door = Osc(ShowTarget(show, Looks(show, lambda preset: preset), tmp_path), show, OscSettings(Endpoint("127.0.0.1", 0)))
    port = int(door.state.query.rpartition(":")[2])

    def value(path: str) -> object:
        with urllib.request.urlopen(f"{door.state.query}/visualizer/{path}?VALUE", timeout=5) as answer:
            return json.load(answer)["VALUE"][0]

    def brightest() -> int:
        return 0 if show.latest is None else int(show.latest.picture.max())

    try:
        show.start()
        door.start()
        until(lambda: brightest() > 20, "a picture", 90)
        oscsend(port, "/visualizer/light/gain", "f", "0")
        until(lambda: brightest() <= 2, "darkness", 10)
        assert value("light/gain") == 0.0
        oscsend(port, "/visualizer/light/gain/norm", "f", "0.5")
        until(lambda: brightest() > 20, "light", 10)
        assert value("light/gain") == 1.5
        oscsend(port, "/visualizer/picture/prompt", "s", "blazing orange flames")
        until(lambda: value("picture/prompt") == "blazing orange flames", "the prompt")
        oscsend(port, "/visualizer/preset", "s", "mandala")
        until(lambda: value("preset") == "mandala", "the preset")
        until(lambda: value("picture/prompt") == find_preset("mandala").prompt, "its prompt")
        names = list(list_presets())
        oscsend(port, "/visualizer/preset/next")
        until(lambda: value("preset") == names[(names.index("mandala") + 1) % len(names)], "the next preset")
        for _ in range(2):
            oscsend(port, "/visualizer/preset/previous")
        until(lambda: value("preset") == names[names.index("mandala") - 1], "the preset before")
        oscsend(port, "/visualizer/output/freeze", "T")
        until(lambda: show.frozen and value("output/freeze") is True, "the frozen picture")
        oscsend(port, "/visualizer/output/freeze", "F")
        oscsend(port, "/visualizer/output/blackout", "T")
        until(lambda: brightest() == 0, "black")
        oscsend(port, "/visualizer/output/blackout", "F")
        oscsend(port, "/visualizer/show/fade", "f", "0.5")
        until(lambda: value("show/fade") == 0.5, "the show's own value")
        for _ in range(4):
            oscsend(port, "/visualizer/tempo/tap")
            time.sleep(0.5)
        until(lambda: show.beat is not None and show.beat.source == "tap", "the tapped tempo")
        assert show.beat is not None and show.beat.bpm == pytest.approx(118, abs=6)
        with Client(port) as client:
            client.send(packed("/visualizer/record", "T"))
            until(lambda: value("record") is True, "the recording")
            client.send(packed("/visualizer/record", "F"))
            until(lambda: value("record") is False, "its end")
            assert sorted(path.suffix for path in tmp_path.iterdir()) == [".control", ".mp4"]
            assert "no preset 'none'" in client.error(packed("/visualizer/preset", "s", text("none")))
            time.sleep(1.0)
            path = text("/etc/passwd.toml")
            assert "no preset '/etc/passwd.toml'" in client.error(packed("/visualizer/preset", "s", path))
        frames = show.status.frames
        until(lambda: show.status.frames > frames + 5, "pictures", 10)
        assert show.failure is None
    finally:
        door.stop()
        show.stop()


def test_the_command_listens_and_sends() -> None:
    port = free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as heard:
        heard.bind(("127.0.0.1", 0))
        heard.settimeout(60)
        command = [sys.executable, "-m", "visualizer", "--headless", "--seconds", "60", "--input", str(demo_track())]
        command += ["--osc", f"127.0.0.1:{port}", "--osc-out", f"127.0.0.1:{heard.getsockname()[1]}"]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        told: list[str] = []
        assert process.stderr is not None
        reader = threading.Thread(target=lambda: told.extend(process.stderr or ()))
        reader.start()
        try:
            while b"/visualizer/heard/bass\0" not in heard.recv(65536):
                pass
            with Client(port) as client:
                client.send(packed("/visualizer/ping", "s", text("there")))
                assert client.answers()[0][0] == "/visualizer/pong"
            until(lambda: any(f"osc 127.0.0.1:{port}" in line for line in told), "the line of progress", 60)
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0
        reader.join()


def test_the_state_says_whether_the_network_is_let_in() -> None:
    for host, words in (("127.0.0.1", "osc 127.0.0.1:"), ("0.0.0.0", "open to the network")):
        door = Osc(Recorder(), Nothing(), OscSettings(Endpoint(host, 0)))
        assert words in door.state.text and door.state.is_open == (host == "0.0.0.0")
        door.stop()


@pytest.mark.parametrize("arguments", [("--osc", "9000"), ("--osc-out", "nowhere")])
def test_a_place_that_is_none_is_one_sentence(arguments: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "visualizer", "--headless", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "write HOST:PORT" in done.stderr and "Traceback" not in done.stderr


def test_the_reference_is_printed() -> None:
    done = subprocess.run([sys.executable, "-m", "visualizer", "osc"], capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("# OSC\n") and "/visualizer/light/gain" in done.stdout
