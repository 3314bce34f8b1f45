"""A JACK server of the tests' own, without a sound card, and senders of MIDI that have nothing of the program's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

INSTALL = "sudo apt-get install --no-install-recommends jackd2"


@pytest.fixture(scope="module")
def jack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A running server, which clients of this process find and no others."""
    if not sys.platform.startswith("linux"):
        pytest.skip("the MIDI of the tests is JACK's, which they start on Linux only")
    if find_spec("rtmidi") is None:
        pytest.skip("python-rtmidi has no wheel for this machine")
    assert shutil.which("jackd"), f"jackd is missing; install with: {INSTALL}"
    name = f"tpos{os.getpid()}"
    log = tmp_path_factory.mktemp("jack") / "jackd.log"
    # --sync: it waits for its clients, where it would lose a period of a busy machine otherwise.
    command = ["jackd", "--no-realtime", "--no-mlock", "--sync", "--timeout", "5000", "--name", name]
    command += ["-d", "dummy", "--rate", "48000", "--period", "256"]
    before = os.environ.get("JACK_DEFAULT_SERVER")
    os.environ["JACK_DEFAULT_SERVER"] = name
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as server:
        try:
            _wait(server, log)
            yield
        finally:
            server.terminate()
            if before is None:
                del os.environ["JACK_DEFAULT_SERVER"]
            else:
                os.environ["JACK_DEFAULT_SERVER"] = before


def _wait(server: subprocess.Popen[bytes], log: Path) -> None:
    """Until a client is let in; fails the test where that takes over ten seconds."""
    import rtmidi

    end = time.perf_counter() + 10
    while time.perf_counter() < end and server.poll() is None:
        time.sleep(0.1)
        try:
            rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name="probe").delete()
        except rtmidi.RtMidiError:
            continue
        return
    pytest.fail(f"jackd did not start:\n{log.read_text(errors='replace')}")


class Controller:
    """Something with keys and faders: an output port called "name:out" until it is unplugged."""

    def __init__(self, name: str) -> None:
        import rtmidi

        self.port = f"{name}:out"
        self._out: Any = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name=name)
        self._out.open_virtual_port("out")

    def send(self, *message: int) -> None:
        """Send one message."""
        self._out.send_message(list(message))

    def unplug(self) -> None:
        """Take it away."""
        if self._out is not None:
            self._out.close_port()
            self._out.delete()
            self._out = None
