"""A hub for the real client: it speaks what huggingface_hub asks of the Hugging Face hub, and serves folders."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

SHA = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """What is served, and what was asked for. repos: folders by id. gated: ids that want a login.

    breaks_at: a file of which only half is ever sent, "" for none.
    """

    def __init__(self, repos: dict[str, Path], gated: tuple[str, ...] = ()) -> None:
        self.repos, self.gated = repos, gated
        self.breaks_at = ""
        self.sent: list[tuple[str, int]] = []
        self.url = ""

    def bytes_of(self, name: str) -> int:
        """Bytes that were sent of a file."""
        return sum(count for file, count in self.sent if file == name)


@contextmanager
def serve(hub: Hub) -> Iterator[Hub]:
    """The hub on a port of this machine, while it is open."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self._answer(False)

        def do_GET(self) -> None:
            self._answer(True)

        def _answer(self, body: bool) -> None:
            path = unquote(urlsplit(self.path).path).strip("/")
            words = path.split("/")
            if words[:2] == ["api", "models"]:
                repo = "/".join(words[2:4])
                if self._known(repo):
                    self._api(repo, words[4:])
            elif "resolve" in words:
                at = words.index("resolve")
                repo, name = "/".join(words[:at]), "/".join(words[at + 2 :])
                if self._known(repo):
                    self._file(hub.repos[repo] / name, name, body)
            else:
                self._error(404, "EntryNotFound")

        def _known(self, repo: str) -> bool:
            if repo in hub.gated:
                self._error(403, "GatedRepo")
            elif repo not in hub.repos:
                self._error(404, "RepoNotFound")
            return repo in hub.repos and repo not in hub.gated

        def _error(self, status: int, code: str) -> None:
            self._send(status, b"{}", {"X-Error-Code": code})

        def _api(self, repo: str, rest: list[str]) -> None:
            files = [
                (path.relative_to(hub.repos[repo]).as_posix(), path.stat().st_size)
                for path in sorted(hub.repos[repo].rglob("*"))
                if path.is_file()
            ]
            found: object
            if rest[:1] == ["tree"]:
                found = [{"type": "file", "path": name, "size": size, "oid": _etag(name)} for name, size in files]
            else:
                siblings = [{"rfilename": name, "size": size} for name, size in files]
                found = {"id": repo, "modelId": repo, "sha": SHA, "siblings": siblings, "tags": [], "private": False}
            self._send(200, json.dumps(found).encode(), {"Content-Type": "application/json"})

        def _file(self, path: Path, name: str, body: bool) -> None:
            if not path.is_file():
                self._error(404, "EntryNotFound")
                return
            content = path.read_bytes()
            headers = {"ETag": f'"{_etag(name)}"', "X-Repo-Commit": SHA}
            half = len(content) // 2 if name == hub.breaks_at else None
            self._send(200, content, headers, half)
            if body:
                hub.sent.append((name, len(content[:half])))

        def _send(self, status: int, content: bytes, headers: dict[str, str], cut: int | None = None) -> None:
            self.send_response(status)
            for key, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(key, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content[:cut])
                self.close_connection = cut is not None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _etag(name: str) -> str:
    return hashlib.sha1(name.encode()).hexdigest()
