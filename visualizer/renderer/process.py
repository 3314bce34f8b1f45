"""The renderer process: ``python -m visualizer.renderer.process --folder CHANNELS --show CHANNELS``.

It reads the newest controls, paints at the target rate and publishes frames; commands come as JSON lines on standard
input, each answered on standard output. It paints from the command "paint" on, which may come long after "load": then it
takes up the picture of the renderer before it. It ends when standard input closes, so it never outlives the app.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import sys
import threading
import time
from pathlib import Path
from typing import Any

from engines.backends import BackendError
from engines.backends.base import RoomError
from engines.backends.faults import fault, unused_gpu
from engines.model import ModelError
from engines.stream import Stream, StreamState
from visualizer.child import leave_interrupts_to_the_app
from visualizer.encoder.bank import BankError
from visualizer.encoder.banks import load_bank
from visualizer.encoder.config import EncoderError
from visualizer.encoder.published import open_encoder
from visualizer.picture_source.box import Sight
from visualizer.renderer.listener import Listener
from visualizer.renderer.mailbox import Mailbox
from visualizer.renderer.messages import (
    CONTROLS_BOX,
    FRAMES_BOX,
    MEANING_BOX,
    pack_frame,
    pack_meaning,
    unpack_controls,
    unpack_frame,
)
from visualizer.renderer.understanding import Understanding
from visualizer.renderer.wanted import Wanted
from visualizer.snapshots import Controls, Frame, Trace

POLL_S = 0.001
WARM_FRAMES = 3
WARM_S = 30.0
"""The most that a renderer spends on hearing the past and on learning what its model calls it before it paints."""


class Renderer:
    """Paints frames from the newest controls until its commands end."""

    def __init__(self, folder: Path, show: Path) -> None:
        self._show = show
        self._controls_box = Mailbox(folder / CONTROLS_BOX)
        self._meaning_box = Mailbox(folder / MEANING_BOX)
        self._frames_box = Mailbox(folder / FRAMES_BOX)
        self._commands: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._stream: Stream | None = None
        self._wanted: Wanted | None = None
        self._paints = False
        self._understanding = Understanding()
        self._sight: Sight | None = None
        self._prompts = "", ""
        self._period = 1 / 24
        self._number = 0

    def run(self) -> None:
        """Serve until standard input closes, which ends the process."""
        threading.Thread(target=self._listen, daemon=True).start()
        due = time.perf_counter()
        seen = 0
        controls, trace = None, Trace(0.0, 0.0)
        while True:
            self._obey(wait=not self._paints)
            if self._stream is None or not self._paints:
                continue
            now = time.perf_counter()
            if now < due:
                self._frames_box.beat()
                time.sleep(min(due - now, POLL_S * 5))
                continue
            due = max(due + self._period, now - self._period)
            message = self._controls_box.take(seen)
            if message is not None:
                seen = message[0]
                controls, trace = unpack_controls(message[1])
            if controls is None:
                self._frames_box.beat()
                continue
            self._paint(self._stream, controls, trace)
            self._understand(time.perf_counter())  # after the picture: a step of the encoder must not delay it

    def _understand(self, now: float) -> None:
        """Hear what has come; an encoder that fails is let go of, and the pictures go on without it."""
        try:
            meaning = self._understanding.listen(now)
            if meaning is not None:
                self._meaning_box.write(pack_meaning(meaning))
        except Exception as error:  # whatever it is, it would come again with the next renderer
            self._understanding.hear(None)
            why = f"the sound encoder failed and is left out ({_first_line(error)}): start again with another --encoder"
            _say({"error": why})

    def _paint(self, stream: Stream, controls: Controls, trace: Trace) -> None:
        begun = time.perf_counter()
        source = None if self._sight is None else self._sight.picture()
        picture = stream.paint(controls.values, self._understanding.meant(begun), begun, source)
        self._number += 1
        frame = Frame(
            picture, controls.sample, self._number, Trace(trace.captured, trace.heard, begun, time.perf_counter())
        )
        state = stream.state
        assert state is not None
        self._frames_box.write(*pack_frame(frame, state.latent, state.phase))

    def _listen(self) -> None:
        for line in sys.stdin:
            self._commands.put(json.loads(line))
        os._exit(0)  # the app is gone; whatever this process is doing, nobody waits for it

    def _obey(self, wait: bool) -> None:
        """Carry out the commands that have come."""
        while True:
            try:
                command = self._commands.get(timeout=0.1) if wait else self._commands.get_nowait()
            except queue.Empty:
                return
            wait = False
            try:
                answer = self._carry_out(command)
                _say({"answer": command["id"], **answer})
            except (ModelError, BackendError, EncoderError, BankError) as error:
                no_room, elsewhere = isinstance(error, RoomError), isinstance(error, BackendError)
                _say({"answer": command["id"], "error": str(error), "no_room": no_room, "elsewhere": elsewhere})
            except Exception as error:  # a command that cannot be carried out must not stop the pictures
                known = fault(error)
                why = str(known) if known else f"{command['do']} failed: {_first_line(error)}"
                _say({"answer": command["id"], "error": why, "no_room": isinstance(known, RoomError)})

    def _carry_out(self, command: dict[str, Any]) -> dict[str, Any]:
        what = command["do"]
        if what == "load":
            return self._load(command)
        if what == "hear":
            return self._hear(command)
        if what == "warm":
            self._warm(self._loaded[0])
        elif what == "paint":
            self._take_up(*self._loaded, Path(command["after"]), command["resume"])
        elif what == "prompt":
            self._prompts = command["text"], command["second"]
            if self._stream is not None:
                self._stream.set_prompt(*self._prompts, command["fade"])
        elif what == "fps":
            self._period = 1 / command["fps"]
        else:
            raise BackendError(f"the renderer knows no command {what!r}")
        return {}

    def _load(self, command: dict[str, Any]) -> dict[str, Any]:
        wanted = self._wanted = Wanted.of(command)
        networks = wanted.open()
        self._stream = Stream(wanted.info, networks)
        self._stream.set_prompt(*self._prompts)
        self._sight = Sight(self._show, wanted.size) if wanted.build.sees else None
        self._understanding.speak_to(wanted.info, networks, wanted.cache)
        self._frames_box.beat()
        size, steps = list(wanted.size), wanted.info.steps
        about = {"backend": networks.name, "precision": networks.precision, "size": size, "steps": steps}
        about["delay_frames"] = networks.batch - 1
        remark = "" if wanted.backend else unused_gpu()
        if not remark and wanted.build.batch < command["batch"]:
            remark = f"{wanted.info.path.name} paints in one step, for which --batch does nothing"
        return about | {"message": remark}

    @property
    def _loaded(self) -> tuple[Stream, Wanted]:
        if self._stream is None or self._wanted is None:
            raise BackendError("no model is loaded: load one first")
        return self._stream, self._wanted

    def _hear(self, command: dict[str, Any]) -> dict[str, Any]:
        encoder = Path(command["encoder"])
        bank, left_out = load_bank(Path(command["bank"]), Path(command["banks"]) if command["banks"] else None)
        self._understanding.hear(Listener(self._show, open_encoder(encoder), bank, str(encoder)))
        return {"texts": bank.texts, "message": " ".join(left_out)}

    def _warm(self, stream: Stream) -> None:
        """Do all that only a first picture must wait for: hear the past, tell the model its words, paint for nobody."""
        end = time.perf_counter() + WARM_S
        while self._understanding.behind and time.perf_counter() < end:
            self._understand(time.perf_counter())
            self._understanding.meant(time.perf_counter())
            self._frames_box.beat()
        for number in range(WARM_FRAMES):
            source = None if self._sight is None else self._sight.picture()
            stream.paint({}, self._understanding.meant(time.perf_counter()), number * self._period, source)
            self._frames_box.beat()

    def _take_up(self, stream: Stream, wanted: Wanted, after: Path, resume: bool) -> None:
        """Paint from now on, from what was painted last by the renderer whose channels ``after`` is, if it painted the same
        model (``resume``) at the same size."""
        before = Mailbox(after / FRAMES_BOX)
        message = before.read()
        before.close()
        state = None
        if message is not None:
            frame, latent, phase = unpack_frame(message[1])
            self._number = frame.number
            if resume and latent.shape == wanted.info.latent_shape(wanted.size):
                state = StreamState(latent, phase)
        stream.begin(state)
        self._paints = True
        self._frames_box.beat()  # from here on silence counts as hanging


def _first_line(error: Exception) -> str:
    first = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {first}"


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run the renderer until the app closes the pipe."""
    leave_interrupts_to_the_app()
    parser = argparse.ArgumentParser(description="The process that paints; started by the app.")
    parser.add_argument("--folder", type=Path, required=True, help="of its own channels")
    parser.add_argument("--show", type=Path, required=True, help="folder of the show's channels")
    arguments = parser.parse_args()
    try:
        Renderer(arguments.folder, arguments.show).run()
    except Exception as error:
        known = fault(error)
        if known is None:
            raise
        sys.exit(str(known))


if __name__ == "__main__":
    main()
