"""What tests of OSC share: senders that have nothing of the program's own codec, and a server with a recorder behind it."""

from __future__ import annotations

import shutil
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from benchmarks.osc import Recorder
from visualizer.osc.endpoint import Endpoint
from visualizer.osc.server import Server

LOCAL = Endpoint("127.0.0.1", 0)


def until(true: Callable[[], bool], what: str, seconds: float = 5.0) -> None:
    """Wait for something; fails the test after ``seconds``."""
    end = time.perf_counter() + seconds
    while not true():
        assert time.perf_counter() < end, f"waited {seconds} s in vain for {what}"
        time.sleep(0.005)


@contextmanager
def serving(target: Recorder | None = None) -> Iterator[tuple[Server, Recorder]]:
    """A server on a free port."""
    target = target or Recorder()
    server = Server(target, LOCAL)
    server.start()
    try:
        yield server, target
    finally:
        server.stop()


def oscsend(port: int, address: str, *values: str) -> None:
    """Send a message with liblo. values: type tags, then one for each that has data."""
    assert shutil.which("oscsend"), "oscsend is missing: apt-get install liblo-tools"
    subprocess.run(["oscsend", "127.0.0.1", str(port), address, *values], check=True)


def text(value: str | bytes) -> bytes:
    """An OSC string."""
    raw = value.encode() if isinstance(value, str) else value
    return raw + b"\0" * (4 - len(raw) % 4)


def packed(address: str, tags: str = "", data: bytes = b"") -> bytes:
    """A message, written out."""
    return text(address) + text("," + tags) + data


def number(address: str, value: float) -> bytes:
    """A message with one float."""
    return packed(address, "f", struct.pack(">f", value))


class Client:
    """A UDP socket that sends to a port and reads the answers."""

    def __init__(self, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect(("127.0.0.1", port))

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, packet: bytes) -> None:
        self._socket.send(packet)

    def answers(self, wait_s: float = 0.3) -> list[list[str]]:
        """The strings in each answer that comes, until none has come for ``wait_s``."""
        self._socket.settimeout(wait_s)
        found = []
        while True:
            try:
                packet = self._socket.recv(65536)
            except TimeoutError:
                return found
            found.append([part.decode() for part in packet.split(b"\0") if part])

    def error(self, packet: bytes) -> str:
        """The sentence that answers a packet."""
        self.send(packet)
        for words in self.answers():
            if words[0] == "/visualizer/error":
                return words[3]
        return ""
