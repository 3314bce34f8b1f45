"""One renderer process with channels of its own, seen from the app: it is started, told, asked, and started again.

Whether it ought to live is for ``client.py`` to say. Never imports torch.
"""

from __future__ import annotations

import json
import queue
import subprocess
import threading
import time
from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import Any

from visualizer.child import start_child
from visualizer.renderer.mailbox import Mailbox
from visualizer.renderer.messages import (
    CONTROLS_BOX,
    CONTROLS_BYTES,
    FRAMES_BOX,
    MEANING_BOX,
    MEANING_BYTES,
    frame_bytes,
    pack_controls,
    unpack_frame,
    unpack_meaning,
)
from visualizer.renderer.settings import RendererSettings, RendererStatus
from visualizer.snapshots import Controls, Frame, Meaning, Trace

HUNG_AFTER_S = 1.5
"""A running renderer that has given no sign of life for so long is replaced …"""

HUNG_AFTER_FRAMES = 6.0
"""… or, where frames take long, for so many frames."""

LOADING_MAY_TAKE_S = 600.0
SETTLING = {"load", "hear", "warm", "paint"}
"""Commands that take as long as they take."""

Answer = tuple[dict[str, Any], dict[str, Any]]
"""A command, empty where the renderer speaks by itself, and what it says to that."""


class Worker:
    """A renderer for ``settings``. show: folder of the show's channels, which it listens to; folder: of its own.

    status: what it has said of itself; whether it paints is for others to say.
    """

    def __init__(self, show: Path, folder: Path, settings: RendererSettings) -> None:
        self.settings = settings
        self.folder = folder
        folder.mkdir()
        self._show = show
        self._controls_box = Mailbox.create(folder / CONTROLS_BOX, CONTROLS_BYTES)
        self._frames_box = Mailbox.create(folder / FRAMES_BOX, frame_bytes(settings.size))
        self._meaning_box = Mailbox.create(folder / MEANING_BOX, MEANING_BYTES)
        self._understood = self._seen = self._sent = self._next_id = 0
        self._waiting: dict[int, dict[str, Any]] = {}
        self._process: subprocess.Popen[str] | None = None
        self._answers: queue.SimpleQueue[tuple[int, dict[str, Any]]] = queue.SimpleQueue()
        self._started = 0.0
        self._said: deque[str] = deque(maxlen=20)
        self._painted_s = 0.0
        self.status = RendererStatus("starting")

    @property
    def pid(self) -> int | None:
        """Process id of the renderer that runs now."""
        return None if self._process is None else self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How the process ended; None while it lives."""
        return None if self._process is None else self._process.poll()

    @property
    def last_words(self) -> str:
        """The last line that it printed."""
        return self._said[-1] if self._said else ""

    def start(self) -> None:
        """Start the process, another one if there was one; it loads its networks, and paints when it is told to."""
        self._process = start_child(
            "visualizer.renderer.process", "--folder", str(self.folder), "--show", str(self._show)
        )  # fmt: skip
        self._started = time.perf_counter()
        pid = self._process.pid
        threading.Thread(target=self._hear, args=(pid, self._process.stdout), daemon=True).start()
        threading.Thread(target=self._collect, args=(self._process.stderr,), daemon=True).start()
        self._waiting.clear()
        self._painted_s = 0.0
        settings = self.settings
        self.set_prompts(settings.prompt, settings.second, 0.0)
        self.send({"do": "fps", "fps": settings.fps})
        self.send({"do": "load", **settings.wanted()})
        encoder, bank, banks = settings.encoder, settings.bank, settings.banks
        if encoder is not None and bank is not None:
            self.send({"do": "hear", "encoder": str(encoder), "bank": str(bank), "banks": str(banks or "")})

    def paint(self, after: Worker) -> None:
        """Begin to paint, from where another one is, or this one was before it died."""
        resume = after.settings.model == self.settings.model
        self.send({"do": "paint", "after": str(after.folder), "resume": resume})

    def set_prompts(self, text: str, second: str, fade_s: float) -> None:
        """Paint this prompt from now on, or the mix of both. fade_s: how long they take to come, at least."""
        self.settings = replace(self.settings, prompt=text, second=second)
        self.send({"do": "prompt", "text": text, "second": second, "fade": fade_s})

    def kill(self) -> str:
        """End the process at once; how it had ended before, or that it hung."""
        process = self._process
        if process is None:
            return "was not started"
        how = "stopped answering" if process.poll() is None else f"ended with code {process.poll()}"
        process.kill()
        process.wait()
        return how

    def stop(self) -> None:
        """End the process and let go of the channels."""
        process, self._process = self._process, None
        if process is not None:
            try:
                if process.stdin:
                    process.stdin.close()
                process.wait(2)
            except (OSError, subprocess.TimeoutExpired):
                process.kill()
                process.wait()
        for box in (self._controls_box, self._frames_box, self._meaning_box):
            box.close()

    def well(self, patience: float = 1.0) -> bool:
        """Whether the process lives, and gives signs of it. patience: how many times as long as usual it may be silent."""
        if self._process is None or self._process.poll() is not None:
            return False
        # The first frame may take several passes and is nothing to judge by.
        settling = any(command["do"] in SETTLING for command in self._waiting.values()) or self._painted_s == 0.0
        limit = LOADING_MAY_TAKE_S if settling else max(HUNG_AFTER_S, HUNG_AFTER_FRAMES * self._painted_s)
        return time.perf_counter() - max(self._frames_box.heartbeat, self._started) < patience * limit

    def send_controls(self, controls: Controls, trace: Trace) -> None:
        """Replace the controls that the next frame answers to."""
        self._sent = self._controls_box.write(pack_controls(controls, trace))

    @property
    def controls_taken(self) -> bool:
        """Whether a frame was begun with the controls sent last."""
        return self._controls_box.taken == self._sent

    def frame(self) -> Frame | None:
        """The newest frame if it was not taken yet."""
        message = self._frames_box.read(self._seen)
        if message is None:
            return None
        self._seen = message[0]
        frame = unpack_frame(message[1])[0]
        self._painted_s = frame.trace.painted - frame.trace.begun
        return frame

    def meaning(self) -> Meaning | None:
        """What the sound means now, if it was not taken yet."""
        message = self._meaning_box.read(self._understood)
        if message is None:
            return None
        self._understood = message[0]
        return unpack_meaning(message[1])

    def send(self, command: dict[str, Any]) -> None:
        """Send a command; one that has just died is started again with its settings, which hold what was asked for."""
        self._next_id += 1
        self._waiting[self._next_id] = command
        process = self._process
        if process is None or process.stdin is None:
            return
        try:
            process.stdin.write(json.dumps({"id": self._next_id, **command}) + "\n")
            process.stdin.flush()
        except OSError:
            pass

    def answers(self) -> list[Answer]:
        """What the process has said since the last time; ``status`` knows it then."""
        taken: list[Answer] = []
        while True:
            try:
                pid, answer = self._answers.get_nowait()
            except queue.Empty:
                return taken
            if pid == self.pid:
                command = self._waiting.pop(answer.get("answer", -1), {})
                self._note(command.get("do", ""), answer)
                taken.append((command, answer))

    def _note(self, what: str, answer: dict[str, Any]) -> None:
        if "error" in answer:
            if not what:  # its encoder has failed
                self.status = replace(self.status, texts=())
        elif what == "load":
            backend, precision, size = answer["backend"], answer["precision"], tuple(answer["size"])
            late = answer["delay_frames"]
            self.status = replace(self.status, backend=backend, precision=precision, size=size, delay_frames=late)
        elif what == "hear":
            self.status = replace(self.status, texts=tuple(answer["texts"]))

    def _hear(self, pid: int, pipe: Any) -> None:
        for line in pipe:
            try:
                answer = json.loads(line)
            except ValueError:
                answer = None
            if isinstance(answer, dict):
                self._answers.put((pid, answer))
            else:
                self._said.append(line.strip())  # a library that prints to standard output

    def _collect(self, pipe: Any) -> None:
        for line in pipe:
            if line.strip():
                self._said.append(line.strip())
