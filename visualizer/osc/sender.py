"""Sends what is heard to one address, on a thread of its own, at a fixed rate."""

from __future__ import annotations

import contextlib
import socket
import time

from visualizer.background import Background
from visualizer.osc.codec import bundle
from visualizer.osc.endpoint import Endpoint, EndpointError
from visualizer.osc.heard import WORDS, HeardMessages, Hearing, word_messages

RATE_HZ = 60.0
WORDS_HZ = 10.0
"""As often as the encoder understands anew."""


class Sender:
    """Sends from ``start`` until ``stop``; each tick is one bundle, the words are another. Raises EndpointError at once
    for a host that is not known."""

    def __init__(self, hearing: Hearing, endpoint: Endpoint) -> None:
        if endpoint.port == 0:
            raise EndpointError(f"{endpoint} names no port to send to: write HOST:PORT, such as 127.0.0.1:9001")
        family, self._address = endpoint.resolve()
        self._hearing = hearing
        self.endpoint = endpoint
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._thread = Background(self._run, "osc out")

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._thread.stop()
        self._socket.close()

    def _run(self) -> None:
        messages, ticks = HeardMessages(), 0
        due = time.perf_counter()
        while not self._thread.stopping.wait(max(0.0, due - time.perf_counter())):
            self._send(bundle(messages.at_tick(tuple(self._hearing.hops), self._hearing.beat)))
            if ticks % round(RATE_HZ / WORDS_HZ) == 0:
                self._send(bundle(word_messages(self._hearing.words(WORDS))))
            ticks += 1
            due = max(due + 1 / RATE_HZ, time.perf_counter())  # a tick that is gone is not made up for

    def _send(self, packet: bytes) -> None:
        with contextlib.suppress(OSError):  # nobody listens, or the network is gone: there is another tick
            self._socket.sendto(packet, self._address)
