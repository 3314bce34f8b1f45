"""The app's side of the renderer: starts it, sends controls and commands, takes frames, and replaces it when it dies
or hangs. Never imports torch."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
import time
from collections import deque
from dataclasses import dataclass, replace
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
from visualizer.snapshots import Controls, Frame, Meaning, Trace

HUNG_AFTER_S = 1.5
"""A running renderer that has given no sign of life for so long is replaced …"""

HUNG_AFTER_FRAMES = 6.0
"""… or, where frames take long, for so many frames."""

LOADING_MAY_TAKE_S = 600.0


@dataclass(frozen=True, slots=True)
class RendererSettings:
    """What a renderer is started with. size: (width, height). backend: "" for the machine's best.

    second: the prompt at the other end of the mix.
    encoder, bank: of the sound, None for a renderer that does not listen. banks: folder of the user's own, None for none.
    """

    model: Path
    size: tuple[int, int]
    fps: float
    prompt: str
    cache: Path
    backend: str = ""
    encoder: Path | None = None
    bank: Path | None = None
    banks: Path | None = None
    second: str = ""


@dataclass(frozen=True, slots=True)
class RendererStatus:
    """state: "starting", "running", "restarting" or "failed". message: one sentence when there is something to say.

    texts: the prompt bank's, once the renderer listens.
    """

    state: str
    backend: str = ""
    precision: str = ""
    size: tuple[int, int] = (0, 0)
    message: str = ""
    restarts: int = 0
    texts: tuple[str, ...] = ()


class RendererClient:
    """One renderer process and its channels in a folder."""

    def __init__(self, folder: Path, settings: RendererSettings) -> None:
        self._settings = settings
        self._folder = folder
        self._controls_box = Mailbox.create(folder / CONTROLS_BOX, CONTROLS_BYTES)
        self._frames_box = Mailbox.create(folder / FRAMES_BOX, frame_bytes(settings.size))
        self._meaning_box = Mailbox.create(folder / MEANING_BOX, MEANING_BYTES)
        self._understood = 0
        self._seen = 0
        self._sent = 0
        self._next_id = 0
        self._waiting: dict[int, dict[str, Any]] = {}
        self._process: subprocess.Popen[str] | None = None
        self._answers: queue.SimpleQueue[tuple[int, dict[str, Any]]] = queue.SimpleQueue()
        self._started = 0.0
        self._deaths: deque[float] = deque(maxlen=5)
        self._errors: deque[str] = deque(maxlen=20)
        self._loaded: Path | None = None
        self._painted_s = 0.0
        self.status = RendererStatus("starting")

    @property
    def pid(self) -> int | None:
        """Process id of the renderer that runs now."""
        return None if self._process is None else self._process.pid

    @property
    def settings(self) -> RendererSettings:
        """What a restarted renderer would be started with."""
        return self._settings

    def start(self) -> None:
        """Start the process; it loads its model in the background."""
        self._process = start_child("visualizer.renderer.process", "--folder", str(self._folder))
        self._started = time.perf_counter()
        pid = self._process.pid
        threading.Thread(target=self._hear, args=(pid, self._process.stdout), daemon=True).start()
        threading.Thread(target=self._collect, args=(self._process.stderr,), daemon=True).start()
        self._waiting.clear()
        self._painted_s = 0.0
        self._send({"do": "prompt", "text": self._settings.prompt, "second": self._settings.second, "fade": 0.0})
        self._send({"do": "fps", "fps": self._settings.fps})
        self._load()
        encoder, bank, banks = self._settings.encoder, self._settings.bank, self._settings.banks
        if encoder is not None and bank is not None:
            self._send({"do": "hear", "encoder": str(encoder), "bank": str(bank), "banks": str(banks or "")})

    def _load(self) -> None:
        s = self._settings
        self._send({
            "do": "load", "model": str(s.model), "width": s.size[0], "height": s.size[1], "backend": s.backend,
            "cache": str(s.cache), "resume": s.model == self._loaded,
        })  # fmt: skip

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
        self._controls_box.close()
        self._frames_box.close()
        self._meaning_box.close()

    def set_prompts(self, text: str, second: str = "", fade_s: float = 0.0) -> None:
        """Paint this prompt from now on, or the mix of both. fade_s: how long they take to come, at least."""
        self._settings = replace(self._settings, prompt=text, second=second)
        self._send({"do": "prompt", "text": text, "second": second, "fade": fade_s})

    def set_model(self, model: Path) -> None:
        """Load another model; if it cannot be loaded, the one that paints goes on."""
        self._settings = replace(self._settings, model=model)
        self._load()

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

    def poll(self) -> None:
        """Take answers and replace a dead or hung renderer; call often."""
        self._take_answers()
        process = self._process
        if process is None or self.status.state == "failed":
            return
        now = time.perf_counter()
        # The first frame after a load may take several passes and is nothing to judge by.
        settling = any(command["do"] == "load" for command in self._waiting.values()) or self._painted_s == 0.0
        limit = LOADING_MAY_TAKE_S if settling else max(HUNG_AFTER_S, HUNG_AFTER_FRAMES * self._painted_s)
        quiet = now - max(self._frames_box.heartbeat, self._started)
        if process.poll() is None and quiet < limit:
            return
        how = "stopped answering" if process.poll() is None else f"ended with code {process.poll()}"
        last = self._errors[-1] if self._errors else ""
        process.kill()
        process.wait()
        self._deaths.append(now)
        if self._loaded not in (None, self._settings.model):
            self._settings = replace(self._settings, model=self._loaded)  # what it died of loading
        if len(self._deaths) == self._deaths.maxlen and now - self._deaths[0] < 30:
            self.status = replace(
                self.status, state="failed",
                message=f"the renderer {how} {len(self._deaths)} times in 30 s ({last or 'no message'}): "
                "start the program again with another --model or backend",
            )  # fmt: skip
            return
        self.status = replace(
            self.status, state="restarting", message=f"the renderer {how}; it is being restarted",
            restarts=self.status.restarts + 1,
        )  # fmt: skip
        self.start()

    def _send(self, command: dict[str, Any]) -> None:
        self._next_id += 1
        self._waiting[self._next_id] = command
        process = self._process
        if process is None or process.stdin is None:
            return
        try:
            process.stdin.write(json.dumps({"id": self._next_id, **command}) + "\n")
            process.stdin.flush()
        except OSError:
            pass  # it has just died: poll() restarts it with the settings, which hold what was asked for

    def _hear(self, pid: int, pipe: Any) -> None:
        for line in pipe:
            try:
                answer = json.loads(line)
            except ValueError:
                answer = None
            if isinstance(answer, dict):
                self._answers.put((pid, answer))
            else:
                self._errors.append(line.strip())  # a library that prints to standard output

    def _collect(self, pipe: Any) -> None:
        for line in pipe:
            if line.strip():
                self._errors.append(line.strip())

    def _take_answers(self) -> None:
        while True:
            try:
                pid, answer = self._answers.get_nowait()
            except queue.Empty:
                return
            if pid != self.pid:
                continue
            command = self._waiting.pop(answer.get("answer", -1), {})  # no command: what the renderer says by itself
            what = command.get("do", "")
            if "error" in answer:
                self._refused(what, answer["error"])
            elif what == "hear":
                told = answer["message"] or self.status.message
                self.status = replace(self.status, texts=tuple(answer["texts"]), message=told)
            elif what == "load":
                self._loaded = Path(command["model"])
                self._painted_s = 0.0
                self.status = replace(
                    self.status, state="running", backend=answer["backend"], precision=answer["precision"],
                    size=tuple(answer["size"]), message="",
                )  # fmt: skip

    def _refused(self, what: str, error: str) -> None:
        if not what:  # the renderer says by itself that its encoder has failed
            self.status = replace(self.status, texts=())
        if what == "load" and self._loaded is not None:
            self._settings = replace(self._settings, model=self._loaded)
            self.status = replace(self.status, message=error)
        else:
            self.status = replace(self.status, state="failed" if what == "load" else self.status.state, message=error)
