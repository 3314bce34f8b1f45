"""All of a show's OSC in one hand: the server, OSCQuery, its announcement, and what is sent out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from visualizer.osc.announcement import Announcement
from visualizer.osc.endpoint import Endpoint, EndpointError
from visualizer.osc.heard import Hearing
from visualizer.osc.query import QueryServer
from visualizer.osc.sender import Sender
from visualizer.osc.server import Server
from visualizer.osc.tree import Tree
from visualizer.remote.target import Target

_Part = TypeVar("_Part")

DEFAULT = Endpoint("127.0.0.1", 9000)


@dataclass(frozen=True, slots=True)
class OscSettings:
    """listen: where OSC comes in, None for nowhere. out: where what is heard is sent to, None for nowhere."""

    listen: Endpoint | None = DEFAULT
    out: Endpoint | None = None


@dataclass(frozen=True, slots=True)
class OscState:
    """For a status line. text: "osc 127.0.0.1:9000", with what is sent where; "" for no OSC. is_open: whether others in the
    network can play the show. query: where OSCQuery answers, "" for nowhere. messages: one sentence each of what is wrong.
    """

    text: str
    is_open: bool
    query: str
    messages: tuple[str, ...]


class Osc:
    """What OSC a show has. Nothing here raises: what cannot be opened is told in ``state``, and the show goes on."""

    def __init__(self, target: Target, hearing: Hearing, settings: OscSettings) -> None:
        self._messages: list[str] = []
        self._server: Server | None = None
        self._query: QueryServer | None = None
        self._announcement: Announcement | None = None
        self._sender: Sender | None = None
        listen, out = settings.listen, settings.out
        if listen is not None:
            self._server = self._opened(lambda: Server(target, listen))
        if self._server is not None:
            osc = self._server.endpoint
            self._query = self._opened(lambda: QueryServer(Tree(target), osc, osc))
        if self._query is not None:
            query = self._query.endpoint
            if query.port != osc.port:
                self._messages.append(f"TCP port {osc.port} is taken, so OSCQuery answers at http://{query}")
        if self._query is not None and query.is_open:
            self._announcement = self._opened(lambda: Announcement(query))
        if out is not None:
            self._sender = self._opened(lambda: Sender(hearing, out))

    def _opened(self, make: Callable[[], _Part]) -> _Part | None:
        try:
            return make()
        except EndpointError as error:
            self._messages.append(str(error))
            return None

    def start(self) -> None:
        """Open every door there is."""
        for part in self._parts():
            part.start()

    def stop(self) -> None:
        """Close them, the last opened first."""
        for part in reversed(self._parts()):
            part.stop()

    @property
    def state(self) -> OscState:
        """What a status line says."""
        said = []
        is_open = self._server is not None and self._server.endpoint.is_open
        if self._server is not None:
            said.append(f"osc {self._server.endpoint}" + (", open to the network" if is_open else ""))
        if self._sender is not None:
            said.append(f"osc out {self._sender.endpoint}")
        query = f"http://{self._query.endpoint}" if self._query is not None else ""
        return OscState("   ·   ".join(said), is_open, query, tuple(self._messages))

    def _parts(self) -> Sequence[Server | QueryServer | Announcement | Sender]:
        parts = (self._server, self._query, self._announcement, self._sender)
        return [part for part in parts if part is not None]
