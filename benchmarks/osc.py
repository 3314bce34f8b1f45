"""What OSC costs, and whether any packet can hold it up.

python -m benchmarks.osc [--json] [--packets 200000] [--seconds 2]

A server takes mutated packets, one by one and then by its socket as fast as they come; then 8,000 messages a second. Beside
it a thread wants to run every 2 ms, as the show's does: how long was it kept waiting? Exit status 1 where that was more
than 50 ms, or a message was lost.
"""

from __future__ import annotations

import argparse
import json
import random
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from visualizer.osc.codec import Message, bundle, encode
from visualizer.osc.endpoint import Endpoint
from visualizer.osc.server import Server
from visualizer.parameters import NUMBERS, PARAMETERS

MESSAGES_HZ = 8000
LATE_S = 0.05
CONSUMER_S = 0.002


@dataclass
class Recorder:
    """A target that notes what it was asked, and when."""

    values: dict[str, float | str] = field(default_factory=dict)
    actions: list[tuple[str, float | str | bool | None]] = field(default_factory=list)
    sets: int = 0
    at: float = 0.0

    def set(self, name: str, value: float | str) -> None:
        self.values[name] = value
        self.sets += 1
        self.at = time.perf_counter()

    def act(self, name: str, value: float | str | bool | None) -> None:
        self.actions.append((name, value))

    def get(self, name: str) -> float | str | bool:
        return self.values.get(name, PARAMETERS[name].default if name in PARAMETERS else "")


class Consumer:
    """A thread that wants to run every 2 ms; late_s: the longest that it was kept waiting beyond that."""

    def __init__(self) -> None:
        self.late_s = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Consumer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        before = time.perf_counter()
        while not self._stopping.is_set():
            time.sleep(CONSUMER_S)
            now = time.perf_counter()
            self.late_s, before = max(self.late_s, now - before - CONSUMER_S), now


def nested(depth: int, inner: bytes) -> bytes:
    """A bundle in a bundle, ``depth`` times, each due in the year 2106."""
    for _ in range(depth):
        inner = b"#bundle\0\xff\xff\xff\xff\0\0\0\0" + struct.pack(">I", len(inner)) + inner
    return inner


def hostile() -> list[bytes]:
    """Packets that hold up one server or another, and a few that are sound."""
    gain = encode(Message("/visualizer/light/gain", (1.5,)))
    return [
        gain,
        encode(Message("/visualizer/picture/prompt", ("a sea of glass",))),
        encode(Message("/visualizer/picture/seed", (2**40,))),
        encode(Message("/visualizer/light/hue/norm", (0.5,))),
        encode(Message("/visualizer/tempo/tap")),
        encode(Message("/visualizer/output/blackout", (True,))),
        encode(Message("/visualizer/ping", ("token",))),
        encode(Message("/" + "*" * 12 + "0123456789abcdef")),
        encode(Message("/visualizer/" + "*" * 180)),
        encode(Message("/visualizer/" + "{a,b,[!c-d]?*}" * 12)),
        encode(Message("/" + "a" * 60_000)),
        encode(Message("/visualizer/picture/prompt", ("b" * 60_000,))),
        b"/visualizer/light/gain\0\0," + b"T" * 60_000 + b"\0",
        bundle([Message(f"/visualizer/{name}", (0.5,)) for name in NUMBERS]),
        bundle([Message("/a")] * 5000),
        nested(1, gain), nested(20, gain), nested(3000, gain),
        b"#bundle\0" + bytes(8) + struct.pack(">I", 16) * 3 + nested(1, b""),
        b"#bundle\0" + bytes(8) + b"\xff" * 8,
        b"#bundle\0\0\0\0\0\0\0\0\1" * 3000,
        b"", b"/", b",f\0\0", bytes(65_000), b"/" * 65_000,
    ]  # fmt: skip


def mutated(count: int, seed: int = 0) -> Iterator[bytes]:
    """``count`` packets, each a hostile or sound one with up to eight changes."""
    rng = random.Random(seed)
    sources = hostile()
    for _ in range(count):
        packet = bytearray(rng.choice(sources))
        if len(packet) > 4096 and rng.random() < 0.9:  # the large ones now and then: they would take most of the time
            packet = packet[: rng.randrange(4096)]
        for _ in range(rng.randrange(9)):
            at = rng.randrange(len(packet) + 1)
            what = rng.randrange(5)
            if what == 0 and at < len(packet):
                packet[at] = rng.randrange(256)
            elif what == 1:
                packet[at : at + rng.randrange(8)] = b""
            elif what == 2:
                packet[at:at] = rng.randbytes(rng.randrange(1, 9))
            elif what == 3:
                packet[at : at + 4] = struct.pack(">I", rng.choice((0, 4, 16, 2**31, 2**32 - 1, len(packet))))
            else:
                packet[at:at] = packet[: rng.randrange(64)]
        yield bytes(packet[:65_000])


def longest_packet_s(server: Server, count: int) -> tuple[float, float, float]:
    """Seconds that one mutated packet takes: the longest, the longest of the thread's own work, and the mean.

    Beside a busy machine the first holds what other programs took.
    """
    sender = ("127.0.0.1", 9)
    longest = longest_work = total = 0.0
    for packet in mutated(count):
        begun, worked = time.perf_counter(), time.thread_time()
        server.receive(packet, sender)
        work, spent = time.thread_time() - worked, time.perf_counter() - begun
        longest, longest_work, total = max(longest, spent), max(longest_work, work), total + spent
    return longest, longest_work, total / count


def pour(port: int, count: int) -> None:
    """Send mutated packets to a port as fast as it goes."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for packet in mutated(count, 1):
            sender.sendto(packet, ("127.0.0.1", port))


def steady(port: int, seconds: float) -> None:
    """Send 8,000 messages a second, each numeric parameter in turn; the values rise to the middle of its range."""
    total = round(seconds * MESSAGES_HZ)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        begun = time.perf_counter()
        for number in range(total):
            parameter = PARAMETERS[NUMBERS[number % len(NUMBERS)]]
            message = Message(parameter.osc_address + "/norm", (0.5 * (number + 1) / total,))
            if (wait := begun + number / MESSAGES_HZ - time.perf_counter()) > 0.001:
                time.sleep(wait)
            sender.sendto(encode(message), ("127.0.0.1", port))
    print(time.perf_counter() - begun)


def child(call: str) -> subprocess.CompletedProcess[str]:
    """Run a function of this module in a process of its own, so that it does not share the interpreter."""
    command = [sys.executable, "-c", f"from benchmarks.osc import pour, steady; {call}"]
    return subprocess.run(command, check=True, capture_output=True, text=True)


def emptied(server: Server) -> None:
    """Wait until nothing more comes."""
    before = -1
    while before != server.received:
        before = server.received
        time.sleep(0.3)


def measure(packets: int, seconds: float) -> dict[str, float]:
    """All figures."""
    target = Recorder()
    server = Server(target, Endpoint("127.0.0.1", 0))
    server.start()
    try:
        longest, work, mean = longest_packet_s(server, packets)
        with Consumer() as consumer:
            begun, before = time.perf_counter(), server.received
            child(f"pour({server.endpoint.port}, {packets})")
            emptied(server)
            poured_s = time.perf_counter() - begun
        poured, sets = server.received - before, target.sets
        with Consumer() as steady_consumer:
            before = server.received
            took = float(child(f"steady({server.endpoint.port}, {seconds})").stdout)
            emptied(server)
    finally:
        server.stop()
    total = round(seconds * MESSAGES_HZ)
    return {
        "packets": packets,
        "longest_packet_ms": round(1000 * longest, 3),
        "longest_packet_work_ms": round(1000 * work, 3),
        "mean_packet_us": round(1e6 * mean, 1),
        "poured_messages_per_s": round(poured / poured_s),
        "consumer_late_ms_while_poured": round(1000 * consumer.late_s, 2),
        "steady_messages_per_s": round(total / took),
        "steady_lost": total - (server.received - before),
        "consumer_late_ms_while_steady": round(1000 * steady_consumer.late_s, 2),
        "hand_overs_per_parameter_per_s": round((target.sets - sets) / len(NUMBERS) / took, 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument("--packets", type=int, default=200_000)
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    figures = measure(options.packets, options.seconds)
    if options.json:
        print(json.dumps(figures))
    else:
        print("\n".join(f"{key:32} {value}" for key, value in figures.items()))
    late = max(figures["consumer_late_ms_while_poured"], figures["consumer_late_ms_while_steady"])
    return 1 if late > 1000 * LATE_S or figures["steady_lost"] else 0


if __name__ == "__main__":
    sys.exit(main())
