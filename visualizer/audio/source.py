"""The app's side of the capture process: start it, watch it, replace it."""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from visualizer.audio.ring import SoundRing
from visualizer.child import start_child

Event = dict[str, Any]
State = Literal["running", "lost", "restarting", "failed", "ended"]

HUNG_S = 2.0
"""A capture process whose heartbeat is older is killed and replaced."""
START_S = 10.0
"""How long a new process may take to its first heartbeat."""
STEADY_S = 5.0
"""A process that lived this long is replaced at once; sooner deaths wait longer each time, up to MAX_PAUSE_S."""
MAX_PAUSE_S = 5.0
EVENTS_KEPT = 200


@dataclass(frozen=True, slots=True)
class Status:
    """How the sound source is. text: one sentence for the desk.

    state: ``running``; ``lost``: the device is gone and is being looked for; ``restarting``: the process is being
    replaced; ``failed``: the source cannot be used as it is (a device is still tried again); ``ended``: the file was
    played to its end.
    """

    state: State
    text: str


class _Process:
    """One running capture process, the number by which the ring knows it, its events, and the tail of its stderr."""

    def __init__(self, number: int, arguments: list[str]) -> None:
        self.number = number
        self.started = time.perf_counter()
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.complaints: deque[str] = deque(maxlen=20)
        self.popen = start_child("visualizer.audio.capture", "--writer", str(number), *arguments)
        self._readers = [threading.Thread(target=read, daemon=True) for read in (self._read_events, self._read_complaints)]
        for reader in self._readers:
            reader.start()

    def _read_events(self) -> None:
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            with contextlib.suppress(ValueError):
                event = json.loads(line)
                if isinstance(event, dict) and "event" in event:
                    self.events.put(event)

    def _read_complaints(self) -> None:
        assert self.popen.stderr is not None
        for line in self.popen.stderr:
            self.complaints.append(line.rstrip())

    def take_events(self) -> list[Event]:
        taken = []
        with contextlib.suppress(queue.Empty):
            while True:
                taken.append(self.events.get_nowait())
        return taken

    def go(self) -> None:
        assert self.popen.stdin is not None
        with contextlib.suppress(OSError):
            self.popen.stdin.write("go\n")
            self.popen.stdin.flush()

    def kill(self) -> None:
        """End the process at once; the ring bears it at any moment."""
        with contextlib.suppress(OSError):
            self.popen.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.popen.wait(2)
        with contextlib.suppress(OSError):
            assert self.popen.stdin is not None
            self.popen.stdin.close()
        for reader in self._readers:
            reader.join(0.5)


class Capture:
    """Keeps a sound source flowing into the ring at ``ring_path``, which the caller has made with ``SoundRing.create``.

    source: ``device:NAME`` (what ``find_input`` takes; ``device:`` is the default input) or ``file:PATH``. once: play a
    file once rather than over and over. Call ``poll`` often: all supervision happens there, and it waits for the process
    only to kill it.

    ``events`` holds the latest events, oldest first; ``restarts`` counts replaced processes. Raises RingError
    where there is no ring.
    """

    def __init__(self, source: str, ring_path: str | Path, once: bool = False) -> None:
        self.source = source
        self.once = once
        self.events: deque[Event] = deque(maxlen=EVENTS_KEPT)
        self.restarts = 0
        self.status = Status("restarting", f"Opening {source}.")
        self._ring = SoundRing.open(ring_path)
        self._writer = self._ring.writer
        self._process: _Process | None = self._start(source)
        self._next_process: _Process | None = None
        self._next_source = ""
        self._hopeless = False
        self._early_deaths = 0
        self._start_at = 0.0

    @property
    def pid(self) -> int | None:
        """The capture process's id; None while there is none."""
        return self._process.popen.pid if self._process else None

    def poll(self) -> list[Event]:
        """Look after the process; the events since the last call."""
        news: list[Event] = []
        if self._process:
            self._watch(self._process, news)
        elif self.status.state == "restarting" and time.perf_counter() >= self._start_at:
            self._process = self._start(self.source, resume=True)
            self.restarts += 1
        if self._next_process:
            self._watch_next(self._next_process, news)
        self.events.extend(news)
        return news

    def switch(self, source: str) -> None:
        """Change to another source. The present one goes on until the new one works, and for good where it does not.

        Returns at once; ``poll`` completes the change and reports an ``error`` event where the new source is unusable.
        """
        if self._next_process:
            self._next_process.kill()
            self._next_process = None
        if source == self.source or self.status.state != "running":
            # An input may be exclusive to one process, and where nothing plays there is nothing to keep.
            if self._process:
                self._process.kill()
            self._early_deaths = 0
            self._take(self._start(source), source)
            self.status = Status("restarting", f"Opening {source}.")
            return
        self._next_source = source
        self._next_process = self._start(source, wait=True)

    def stop(self) -> None:
        """End the process and let go of the ring. Harmless when called twice."""
        for process in (self._process, self._next_process):
            if process:
                process.kill()
        self._process = self._next_process = None
        self.status = Status("ended", "The sound has been stopped.")
        self._ring.close()

    def __enter__(self) -> Capture:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start(self, source: str, resume: bool = False, wait: bool = False) -> _Process:
        self._writer += 1
        arguments = ["--ring", str(self._ring.path), "--source", source]
        flags = {"--once": self.once, "--resume": resume, "--wait": wait}
        return _Process(self._writer, arguments + [flag for flag, wanted in flags.items() if wanted])

    def _take(self, process: _Process, source: str) -> None:
        self._process, self.source, self._hopeless = process, source, False

    def _watch(self, process: _Process, news: list[Event]) -> None:
        dead = process.popen.poll() is not None
        events = process.take_events()
        news += events
        for event in events:
            self._note(event)
        now = time.perf_counter()
        beats = self._ring.writer == process.number
        alive_until = self._ring.heartbeat + HUNG_S if beats else process.started + START_S
        if not dead and now <= alive_until:
            return
        process.kill()
        for event in process.take_events():
            news.append(event)
            self._note(event)
        self._process = None
        if self.status.state == "ended" or self._hopeless:
            return
        if now - process.started > STEADY_S:
            self._early_deaths = 0
        pause = 0.0 if not self._early_deaths else min(MAX_PAUSE_S, 0.25 * 2**self._early_deaths)
        self._early_deaths += 1
        self._start_at = now + pause
        self.status = Status("restarting", f"The sound capture {'died' if dead else 'hung'} and is being started again.")
        news.append({"event": "restart", "hung": not dead, "stderr": "\n".join(process.complaints)})

    def _note(self, event: Event) -> None:
        kind = event["event"]
        if kind in ("open", "back"):
            text = f"{event.get('device')}, {event.get('rate')} Hz, {event.get('channels')} ch"
            self.status = Status("running", text)
        elif kind == "lost":
            self.status = Status("lost", f"The sound input {self.source!r} is gone; it is taken up when it is back.")
        elif kind == "error":
            self.status = Status("failed", str(event.get("message")))
            self._hopeless = bool(event.get("fatal"))
        elif kind == "end":
            self.status = Status("ended", "The file has been played to its end.")

    def _watch_next(self, process: _Process, news: list[Event]) -> None:
        dead = process.popen.poll() is not None
        for event in process.take_events():
            if event["event"] == "ready":
                if self._process:
                    self._process.kill()
                process.started = time.perf_counter()
                process.go()
                self._take(process, self._next_source)
                self._next_process = None
                self._early_deaths = 0
                return
            if event["event"] == "error":
                self._refuse(process, str(event.get("message")), news)
                return
        if dead or time.perf_counter() - process.started > START_S:
            self._refuse(process, f"The sound source {self._next_source!r} does not open; choose another.", news)

    def _refuse(self, process: _Process, message: str, news: list[Event]) -> None:
        process.kill()
        self._next_process = None
        news.append({"event": "error", "message": message, "fatal": False, "source": self._next_source})
