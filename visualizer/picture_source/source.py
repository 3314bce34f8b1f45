"""The app's side of the process that looks: it is started, watched, and replaced when it hangs or dies."""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from visualizer.child import start_child
from visualizer.picture_source.box import PICTURE_BOX, create_box
from visualizer.picture_source.process import RETRY_S

HUNG_S = 3.0
"""A source that was seen and gives no sign of life for so long is let go of and opened again."""
OPENING_S = 30.0
"""How long opening may take: some cameras' drivers take ten seconds."""

GOES_ON = f"the picture goes on by itself, and it is tried again every {RETRY_S:g} s"


@dataclass(frozen=True, slots=True)
class Status:
    """How the source is. state: "none", "opening", "running" or "lost". text: for the desk, in words."""

    state: Literal["none", "opening", "running", "lost"]
    text: str = ""


class PictureSource:
    """Keeps the newest picture of a camera or file in the box that it makes in ``folder``, the show's.

    The app has it, not the renderer: a camera belongs to one process, and a renderer that takes over sees at once.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / PICTURE_BOX
        self._box = create_box(folder)
        self._events: queue.SimpleQueue[tuple[int, dict[str, str]]] = queue.SimpleQueue()
        self._process: subprocess.Popen[str] | None = None
        self._started = self._again_at = 0.0
        self.source = ""
        self.status = Status("none")

    @property
    def pid(self) -> int | None:
        """Process id of the one that looks; None while there is none."""
        return None if self._process is None else self._process.pid

    def switch(self, source: str) -> None:
        """Show another source: "camera:" with a number or nothing, a file's path, "" for none."""
        self._end()
        self._box.write()
        self.source = source
        self.status = Status("none")
        if source:
            self._start()

    def poll(self) -> list[str]:
        """Look after the process; what is to be told to the user, a sentence each. Call it often."""
        told = self._news()
        if not self.source:
            return told
        now = time.perf_counter()
        if self._process is None:
            if now >= self._again_at:
                self._start()
            return told
        limit = HUNG_S if self.status.state == "running" else OPENING_S
        dead = self._process.poll() is not None
        if dead or now - max(self._box.heartbeat, self._started) > limit:
            self._end()
            self._again_at = now + RETRY_S
            told.append(self._lost(f"{self.source} {'ended' if dead else 'hangs'}"))
        return told

    def stop(self) -> None:
        """End the process and let go of the box."""
        self._end()
        self._box.close()

    def _start(self) -> None:
        arguments = "--box", str(self._path), f"--source={self.source}"
        process = self._process = start_child("visualizer.picture_source.process", *arguments)
        self._started = time.perf_counter()
        self.status = Status("opening", f"opening {self.source}") if self.status.state == "none" else self.status
        assert process.stdout is not None and process.stderr is not None
        threading.Thread(target=self._hear, args=(process.pid, process.stdout), daemon=True).start()
        threading.Thread(target=_pass_over, args=(process.stderr,), daemon=True).start()

    def _hear(self, pid: int, pipe: IO[str]) -> None:
        for line in pipe:
            with contextlib.suppress(ValueError):
                event = json.loads(line)
                if isinstance(event, dict):
                    self._events.put((pid, event))

    def _news(self) -> list[str]:
        told = []
        while not self._events.empty():
            pid, event = self._events.get()
            if pid != self.pid:
                continue
            if event.get("event") == "open":
                self.status = Status("running", self.source)
            elif event.get("event") == "lost":
                told.append(self._lost(event["message"]))
        return told

    def _lost(self, why: str) -> str:
        self.status = Status("lost", f"{why[:1].upper()}{why[1:]}; {GOES_ON}.")
        return self.status.text

    def _end(self) -> None:
        """End the process at once; the box bears it at any moment."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        with contextlib.suppress(OSError):
            assert process.stdin is not None
            process.stdin.close()


def _pass_over(pipe: IO[str]) -> None:
    """Read what drivers and libraries print, so that they are not held up."""
    for _ in pipe:
        pass
