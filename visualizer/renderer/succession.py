"""A renderer made ready beside the one that paints, so that models, sizes and backends change without a gap.

First a process of low priority builds what is missing (a conversion, engines, compiled kernels) and keeps it; it may take
minutes and be killed at any time. Then the successor loads, hears the past and paints a few pictures for nobody; at last it
takes up the picture where the other one is. Whoever is not ready, or fails, has not been seen. Never imports torch.
"""

from __future__ import annotations

import json
import subprocess
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from visualizer.child import start_child
from visualizer.renderer.settings import RendererSettings
from visualizer.renderer.worker import Worker
from visualizer.snapshots import Frame

OUT_OF_MEMORY = -9
"""The exit code of a process that Linux ended when memory ran out."""

PATIENCE = 5.0
"""While two share the machine, each may be silent so many times as long before it counts as hung."""

State = Literal["building", "loading", "ready", "painting", "failed"]


class Succession:
    """Makes a worker for ``settings`` ready. show: folder of the show's channels; folder: the worker's own, to be made.

    state: "ready" once it may ``paint``; "failed" where ``error`` says why in one sentence. no_room: it failed for lack of
    memory, which it might not alone. built: what is missing has been built before.
    """

    def __init__(self, show: Path, folder: Path, settings: RendererSettings, built: bool = False) -> None:
        self.settings = settings
        self.state: State = "building"
        self.error = ""
        self.no_room = False
        self.worker: Worker | None = None
        self._show, self._folder = show, folder
        self._phase = ""
        self._builder: subprocess.Popen[str] | None = None
        self._said = ""
        if built:
            self._load()
        else:
            self._build()

    @property
    def progress(self) -> str:
        """What is being done, for people."""
        how = self._phase if self.state == "building" and self._phase else "being prepared"
        return f"{self.settings.named}: {how}"

    def set_prompts(self, text: str, second: str, fade_s: float) -> None:
        """Paint this prompt, or the mix of both, once it paints."""
        self.settings = replace(self.settings, prompt=text, second=second)
        if self.worker is not None:
            self.worker.set_prompts(text, second, fade_s)

    def poll(self) -> None:
        """Go on where something has been finished; call often."""
        if self.state == "building":
            self._look_at_builder()
        elif self.worker is not None and self.state != "failed":
            self._look_at(self.worker)

    def paint(self, after: Worker) -> None:
        """Take up the picture where another one is; ``frame`` has it then."""
        if self.worker is not None:
            self.state = "painting"
            self.worker.paint(after)

    def frame(self) -> Frame | None:
        """Its newest frame, if it paints already and the frame was not taken yet."""
        return self.worker.frame() if self.worker is not None and self.state == "painting" else None

    def cancel(self) -> None:
        """Nobody wants it any more."""
        if self._builder is not None and self._builder.poll() is None:
            self._builder.kill()
            self._builder.wait()
        if self.worker is not None:
            self.worker.kill()
            self.worker.stop()

    def _build(self) -> None:
        builder = self._builder = start_child("visualizer.renderer.building", json.dumps(self.settings.wanted()))
        threading.Thread(target=self._listen, args=(builder.stdout,), daemon=True).start()
        threading.Thread(target=self._last_line, args=(builder.stderr,), daemon=True).start()

    def _listen(self, pipe: Any) -> None:
        for line in pipe:
            try:
                said = json.loads(line)
            except ValueError:
                continue  # a library that prints to standard output
            if isinstance(said, dict):
                self._phase = str(said.get("phase", self._phase))
                self.error = str(said.get("error", ""))
                self.no_room = bool(said.get("no_room"))

    def _last_line(self, pipe: Any) -> None:
        for line in pipe:
            self._said = line.strip() or self._said

    def _look_at_builder(self) -> None:
        assert self._builder is not None
        code = self._builder.poll()
        if code is None:
            return
        if code == 0:
            self._load()
        else:
            self._fail(self.error or f"building ended with code {code} ({self._said or 'no message'})")

    def _load(self) -> None:
        self.state = "loading"
        self.worker = Worker(self._show, self._folder, self.settings)
        self.worker.start()
        self.worker.send({"do": "warm"})

    def _look_at(self, worker: Worker) -> None:
        for command, answer in worker.answers():
            what = command.get("do", "")
            if what in ("load", "warm", "paint") and "error" in answer:
                self.no_room = bool(answer.get("no_room"))
                self._fail(answer["error"])
                return
            if what == "warm":
                self.state = "ready"
        if not worker.well(PATIENCE):
            how = worker.kill()
            self.no_room = worker.exit_code == OUT_OF_MEMORY
            self._fail(f"the renderer for {self.settings.named} {how} ({worker.last_words or 'no message'})")

    def _fail(self, why: str) -> None:
        self.state, self.error = "failed", why
        self.cancel()
