"""The app's side of the renderer: sends controls and commands, takes frames, replaces it when it dies or hangs, and
changes it for another one that was made ready beside it. Never imports torch."""

from __future__ import annotations

import shutil
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from visualizer.renderer.settings import RendererSettings, RendererStatus
from visualizer.renderer.succession import PATIENCE, Succession
from visualizer.renderer.worker import Worker
from visualizer.snapshots import Controls, Frame, Meaning, Trace

BUILT_BESIDE = {"compiled", "tensorrt"}
"""Backends that may take minutes until they can paint: another one paints until then."""

LAST = "torch"
"""The backend that needs nothing but itself, for where no other can paint."""

DEATHS = 5
DEATHS_WITHIN_S = 30.0
"""A renderer that dies so often in so short a time is not started again …"""

LEAVING_S = 5.0
"""So long after a change the one before may still be leaving the machine."""

BACKEND_DEATHS = 2
"""… and after so many deaths it goes on without the backend that was chosen."""


class RendererClient:
    """The renderer of one show. folder: of the show's channels."""

    def __init__(self, folder: Path, settings: RendererSettings) -> None:
        self._folder = folder
        self._asked: RendererSettings | None = None  # what is made ready, or will be
        if settings.backend in BUILT_BESIDE:
            self._asked, settings = settings, replace(settings, backend="")
        self._count = 0
        self._worker = Worker(folder, self._new_folder(), settings)
        self._next: Succession | None = None
        self._alone = False  # whether there is room for the next one only
        self._state = "starting"
        self._shared_until = 0.0
        self._deaths: deque[float] = deque(maxlen=DEATHS)
        self._restarts = 0
        self._trouble = ""  # until the renderer paints again
        self._notice = ""  # until something else is asked for
        self._leaving: list[threading.Thread] = []

    def _new_folder(self) -> Path:
        self._count += 1
        return self._folder / f"renderer-{self._count}"

    @property
    def status(self) -> RendererStatus:
        """What is known of it now."""
        following, asked = self._next, self._asked  # another thread may change them meanwhile
        preparing = following.progress if following else f"{asked.named}: waits" if asked else ""
        return replace(
            self._worker.status, state=self._state, message=self._trouble or self._notice, restarts=self._restarts,
            preparing=preparing,
        )  # fmt: skip

    @property
    def pid(self) -> int | None:
        """Process id of the renderer that paints now."""
        return self._worker.pid

    @property
    def settings(self) -> RendererSettings:
        """Of the renderer that paints; a restarted one is started with them."""
        return self._worker.settings

    def start(self) -> None:
        """Start the process; it loads its model in the background."""
        self._worker.start()
        self._worker.paint(after=self._worker)

    def stop(self) -> None:
        """End all processes and let go of the channels."""
        if self._next is not None:
            self._next.cancel()
        self._worker.stop()
        for thread in self._leaving:
            thread.join()

    def set_prompts(self, text: str, second: str = "", fade_s: float = 0.0) -> None:
        """Paint this prompt from now on, or the mix of both. fade_s: how long they take to come, at least."""
        self._worker.set_prompts(text, second, fade_s)
        if self._asked is not None:
            self._asked = replace(self._asked, prompt=text, second=second)
        if self._next is not None:
            self._next.set_prompts(text, second, fade_s)

    def change(
        self, model: Path | None = None, size: tuple[int, int] | None = None, backend: str | None = None,
        styles: tuple[Path, ...] | None = None, sees: bool | None = None, batch: int | None = None,
    ) -> None:  # fmt: skip
        """Paint another model, at another (width, height), on another backend, with other styles, over the show's
        picture source or not, in so many slots, as soon as that is ready; None leaves it.

        What is asked for last counts. Where it cannot be, ``status`` says why, and what paints goes on.
        """
        asked = self._asked or self.settings
        asked = replace(
            asked, model=model or asked.model, size=size or asked.size,
            backend=asked.backend if backend is None else backend, styles=asked.styles if styles is None else styles,
            sees=asked.sees if sees is None else sees, batch=batch or asked.batch,
        )  # fmt: skip
        if asked == self._asked:
            return
        self._notice = ""
        self._give_up()
        self._asked = None if asked == self.settings else asked

    def send_controls(self, controls: Controls, trace: Trace) -> None:
        """Replace the controls that the next frame answers to."""
        self._worker.send_controls(controls, trace)
        if self._next is not None and self._next.worker is not None:
            self._next.worker.send_controls(controls, trace)

    @property
    def controls_taken(self) -> bool:
        """Whether a frame was begun with the controls sent last."""
        return self._worker.controls_taken

    def frame(self) -> Frame | None:
        """The newest frame if it was not taken yet."""
        if self._next is not None and (frame := self._next.frame()) is not None:
            self._succeed(self._next)
            return frame
        return self._worker.frame()

    def meaning(self) -> Meaning | None:
        """What the sound means now, if it was not taken yet."""
        return self._worker.meaning()

    def poll(self) -> None:
        """Take answers, replace a dead or hung renderer, go on with a change; call often."""
        pid = self.pid
        for command, answer in self._worker.answers():
            if pid != self.pid:
                break  # what the one before said of the rest counts no more
            what = command.get("do", "")
            if "error" in answer:
                self._refused(what, answer["error"], answer.get("elsewhere", False))
            elif what == "paint":
                self._state, self._trouble = "running", ""
            else:
                self._notice = answer.get("message") or self._notice
        shared = self._asked is not None or time.perf_counter() < self._shared_until
        watched = self._state != "failed" and self.pid is not None and not self._alone
        if watched and not self._worker.well(PATIENCE if shared else 1.0):
            self._replace()
        if self._asked is not None and self._state in ("running", "restarting"):
            self._change(self._asked)

    def _refused(self, what: str, error: str, elsewhere: bool) -> None:
        """elsewhere: whether another backend may do what this one cannot."""
        following = "" if self.settings.backend not in ("", LAST) else LAST
        if what == "load" and elsewhere and following != self.settings.backend:
            self._notice = f"{error} (painting on {following or 'the usual backend'} instead)"
            self._worker.kill()
            self._restart(replace(self.settings, backend=following))
        elif what == "load":
            self._state, self._trouble = "failed", error
        elif self._state != "failed":  # else it is the load that has failed
            self._notice = error

    def _replace(self) -> None:
        """Start the renderer again, which died or hangs."""
        how, now = self._worker.kill(), time.perf_counter()
        said = self._worker.last_words or "no message"
        self._deaths.append(now)
        lately = sum(now - death < DEATHS_WITHIN_S for death in self._deaths)
        if lately == DEATHS:
            self._state = "failed"
            self._trouble = (
                f"the renderer {how} {DEATHS} times in {DEATHS_WITHIN_S:.0f} s ({said}): "
                "start the program again with another --model or backend"
            )
            return
        settings = self.settings
        if settings.backend and lately >= BACKEND_DEATHS:
            self._notice = f"the renderer {how} {lately} times on {settings.backend} ({said}): painting without it"
            settings = replace(settings, backend="")
        self._state, self._trouble = "restarting", f"the renderer {how}; it is being restarted"
        self._restarts += 1
        self._restart(settings)

    def _restart(self, settings: RendererSettings) -> None:
        self._worker.settings = settings
        self.start()

    def _change(self, asked: RendererSettings) -> None:
        """Go on with making ready what was asked for."""
        if self._next is None:
            self._next = Succession(self._folder, self._new_folder(), asked)
        self._next.poll()
        if self._next.state == "ready":
            self._next.paint(after=self._worker)
        elif self._next.state == "failed" and self._next.no_room and not self._alone:
            self._alone = True
            self._trouble = f"there is no room for two models: the picture stands still while {asked.named} is loaded"
            self._worker.kill()
            self._next = Succession(self._folder, self._new_folder(), asked, built=True)
        elif self._next.state == "failed":
            self._notice = self._next.error
            self._give_up()

    def _give_up(self) -> None:
        """Whatever is being made ready is not wanted."""
        if self._next is not None:
            self._leave(self._next.cancel)
        self._asked = self._next = None
        if self._alone:
            self._alone = False
            self._restart(self.settings)

    def _succeed(self, succession: Succession) -> None:
        """The successor paints: the one before it may go."""
        before, worker = self._worker, succession.worker
        assert worker is not None
        self._worker = worker
        self._asked = self._next = None
        self._alone, self._state, self._trouble = False, "running", ""
        self._deaths.clear()
        self._shared_until = time.perf_counter() + LEAVING_S

        def leave() -> None:
            before.stop()
            shutil.rmtree(before.folder, ignore_errors=True)

        self._leave(leave)

    def _leave(self, end: Callable[[], None]) -> None:
        """End a process without waiting for it: the picture goes on meanwhile."""
        self._leaving = [thread for thread in self._leaving if thread.is_alive()]
        thread = threading.Thread(target=end, name="leaving")
        thread.start()
        self._leaving.append(thread)
