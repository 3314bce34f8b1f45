"""The UDP socket that OSC comes in by, on threads of its own.

One thread empties the socket and sorts what was asked into an inbox; another hands it over, at most once a frame for each
parameter. So neither a burst of packets nor a target that takes its time costs a packet, and no thread of the show ever
waits for either.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import time

from visualizer import __version__
from visualizer.background import Background
from visualizer.osc.codec import Message, PacketError, decode, encode
from visualizer.osc.complaints import Complaints
from visualizer.osc.endpoint import Endpoint, EndpointError
from visualizer.osc.wishes import ERROR, PING, PONG, Refused, wish
from visualizer.remote.hand_over import HandOver
from visualizer.remote.inbox import Asked, Inbox
from visualizer.remote.target import Target

RECEIVE_BYTES = 4 * 2**20
"""Asked of the system, which may give less."""

LARGEST_PACKET = 65536
WORK_S = 0.005
"""After so much work without a rest the thread that listens rests as long: what floods the socket must leave the show the
interpreter. It is five times what 8,000 messages a second need."""

LOOK_S = 0.2
"""How often threads see whether they are to end."""


class Server:
    """Listens from ``start`` on; ``stop`` ends it. Raises EndpointError at once where it cannot listen."""

    def __init__(self, target: Target, endpoint: Endpoint) -> None:
        family, address = endpoint.resolve()
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            with contextlib.suppress(OSError):  # more than some systems allow; they give nothing then
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
            self._socket.bind(address)
        except OSError as error:
            self._socket.close()
            raise EndpointError(
                f"OSC cannot listen at {endpoint} ({error.strerror or error}); the show goes on without it: "
                "end the program that uses this port, or choose another with --osc HOST:PORT"
            ) from None
        self._socket.setblocking(False)
        self.endpoint = Endpoint(endpoint.host, self._socket.getsockname()[1])
        self.received = 0
        """Messages so far, those refused included."""
        self._inbox = Inbox()
        self._complaints = Complaints()
        self._hand_over = HandOver(target, self._inbox, self._refused, "osc to show")
        self._thread = Background(self._listen, "osc in")

    def start(self) -> None:
        """Listen."""
        self._thread.start()
        self._hand_over.start()

    def stop(self) -> None:
        """End both threads and close the socket."""
        self._thread.stop()
        self._hand_over.stop()
        self._socket.close()

    def receive(self, packet: bytes, sender: tuple[str | int, ...]) -> None:
        """Take one packet as if it had come by the socket."""
        try:
            messages = decode(packet)
        except PacketError as error:
            self._complain("/", str(error), sender)
            return
        self.received += len(messages)
        for message in messages:
            try:
                self._take(message, sender)
            except Refused as error:
                self._complain(message.address, str(error), sender)

    def _take(self, message: Message, sender: tuple[str | int, ...]) -> None:
        if message.address == PING and not message.fault:
            self._answer(Message(PONG, (*message.values[:1], __version__)), sender)
            return
        wanted = wish(message)
        if wanted is not None and not self._inbox.put(Asked(wanted, message.address, sender)):
            raise Refused("too much is asked for at once, so this was left out; send fewer actions")

    def _listen(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            while not self._thread.stopping.is_set():
                if selector.select(LOOK_S):
                    self._drain()

    def _drain(self) -> None:
        """Take in packets until there is none, resting now and then."""
        begun = time.perf_counter()
        while not self._thread.stopping.is_set():
            try:
                packet, sender = self._socket.recvfrom(LARGEST_PACKET)
            except BlockingIOError:
                return
            except OSError:
                return  # Windows tells here that nobody took an answer; a packet too large for it comes this way, too
            try:
                self.receive(packet, sender)
            except Exception as error:  # a fault of ours must cost one packet, not the show its OSC
                self._complain("/", f"this packet cannot be read ({type(error).__name__})", sender)
            if time.perf_counter() - begun > WORK_S:
                time.sleep(WORK_S)
                begun = time.perf_counter()

    def _refused(self, asked: Asked, sentence: str) -> None:
        self._complain(asked.address, sentence, asked.sender)

    def _complain(self, address: str, sentence: str, sender: tuple[str | int, ...]) -> None:
        if self._complaints.due(address, time.perf_counter()):
            self._answer(Message(ERROR, (address, sentence)), sender)

    def _answer(self, message: Message, sender: tuple[str | int, ...]) -> None:
        with contextlib.suppress(OSError):  # nobody there, or no room: an answer may be lost
            self._socket.sendto(encode(message), sender)
