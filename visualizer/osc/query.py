"""OSCQuery over HTTP: answers what addresses there are and what their values are now.

Read only. ``/path`` is a node with all beneath it, ``/path?VALUE`` one attribute of it, ``?HOST_INFO`` where OSC listens.
200 with JSON; 204 for an attribute that the node does not have, 400 for one that nobody has, 404 for no node.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from visualizer.osc.endpoint import Endpoint, EndpointError
from visualizer.osc.tree import ATTRIBUTES, Tree, host_info

MOST_CLIENTS = 16
"""At the same time; the rest are turned away, so that nobody can fill the program with threads."""

IDLE_S = 5.0
"""A client that is silent for so long is hung up on."""


class QueryServer:
    """Answers from ``start`` on; ``stop`` ends it. Takes the port it is given, or any free one where that is taken.

    Raises EndpointError where it cannot listen at all.
    """

    def __init__(self, tree: Tree, endpoint: Endpoint, osc: Endpoint) -> None:
        family, address = endpoint.resolve()
        try:
            self._http = _Http(family, address[:2], tree, osc)
        except OSError:
            try:
                self._http = _Http(family, (address[0], 0), tree, osc)
            except OSError as error:
                raise EndpointError(
                    f"OSCQuery cannot listen at {endpoint.host} ({error.strerror or error}); OSC itself goes on"
                ) from None
        self.endpoint = Endpoint(endpoint.host, int(self._http.server_address[1]))
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.2,), name="oscquery", daemon=True)

    def start(self) -> None:
        """Answer."""
        self._thread.start()

    def stop(self) -> None:
        """Close the port."""
        if self._thread.is_alive():
            self._http.shutdown()
            self._thread.join()
        self._http.server_close()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = MOST_CLIENTS
    allow_reuse_address = os.name == "posix"
    """There it lets a show that is started anew have its port at once; on Windows two programs would share it."""

    def __init__(self, family: socket.AddressFamily, address: Any, tree: Tree, osc: Endpoint) -> None:
        self.address_family = family
        self.tree, self.osc = tree, osc
        self.places = threading.BoundedSemaphore(MOST_CLIENTS)
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Without asking the network for this machine's name, which can take seconds."""
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """On a thread of its own, if there is a place."""
        if not self.places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Give the place back at the end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: _Http
    timeout = IDLE_S
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "TPoSLive", ""

    def do_GET(self) -> None:
        """Answer one question."""
        path, _, attribute = self.path.partition("?")
        if attribute == "HOST_INFO":
            self._answer(200, host_info(self.server.osc))
            return
        node = self.server.tree.node(unquote(path))
        if node is None:
            self._answer(404)
        elif not attribute:
            self._answer(200, node)
        elif attribute not in ATTRIBUTES:
            self._answer(400)
        elif attribute not in node:
            self._answer(204)
        else:
            self._answer(200, {attribute: node[attribute]})

    def _answer(self, status: int, content: dict[str, Any] | None = None) -> None:
        body = b"" if content is None else json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")
        self.send_response(status)
        if content is not None:
            self.send_header("Content-Type", "application/json; charset=utf-8")
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the show's terminal is for the show."""
