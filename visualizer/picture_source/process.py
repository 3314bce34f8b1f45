"""The process that looks: one camera or file, its newest picture into the box, and nothing else.

``python -m visualizer.picture_source.process --box FILE --source SOURCE`` says as JSON lines on its
output when it sees (``open``) and when not (``lost``, with a message), and ends when its standard input closes. It is a
process of its own because a camera's driver may hang or crash, and because macOS gives cameras to main threads only. What
is lost it tries again; when it hangs it is killed from outside.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import NoReturn

from visualizer.child import leave_interrupts_to_the_app
from visualizer.picture_source.box import show
from visualizer.picture_source.camera import Camera
from visualizer.picture_source.errors import PictureError
from visualizer.picture_source.fitting import bounded
from visualizer.picture_source.opening import is_camera, open_file
from visualizer.renderer.mailbox import Mailbox

RETRY_S = 2.0
"""How often a source that is lost is looked for."""
LOOK_S = 0.005
BEAT_S = 0.1
LONGEST_STEP_S = 0.25
"""A video that is decoded more slowly than it plays goes slowly, rather than in ever wider leaps."""


class Looker:
    """Shows the pictures of ``source`` in the box."""

    def __init__(self, box: Mailbox, source: str) -> None:
        self._box, self._source = box, source
        self._told = ""

    def run(self) -> NoReturn:
        """Look, and look again where there is nothing to be seen."""
        while True:
            try:
                self._look()
            except PictureError as error:
                self._box.write()
                if str(error) != self._told:
                    self._told = str(error)
                    _say({"event": "lost", "message": self._told})
            until = time.perf_counter() + RETRY_S
            while time.perf_counter() < until:
                self._box.beat()
                time.sleep(BEAT_S)

    def _look(self) -> NoReturn:
        """Until PictureError."""
        if is_camera(self._source):
            camera = Camera(self._source, bounded)
            try:
                self._watch(camera)
            finally:
                camera.close()
        file = open_file(self._source, bounded)
        self._opened()
        place, before, shown = 0.0, time.perf_counter(), None
        try:
            while True:
                picture = file.at(place)
                if picture is shown:
                    self._box.beat()
                else:
                    show(self._box, picture)
                shown = picture
                time.sleep(LOOK_S)
                now = time.perf_counter()
                place += min(now - before, LONGEST_STEP_S)
                before = now
        finally:
            file.close()

    def _watch(self, camera: Camera) -> NoReturn:
        picture = camera.read()
        self._opened()
        while True:
            show(self._box, picture)
            picture = camera.read()

    def _opened(self) -> None:
        self._told = ""
        _say({"event": "open"})


def _say(event: dict[str, str]) -> None:
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def _end_with_the_app() -> None:
    sys.stdin.read()
    os._exit(0)  # whatever the driver is doing, nobody waits for it


def main() -> None:
    """Look until the app closes the pipe."""
    leave_interrupts_to_the_app()
    parser = argparse.ArgumentParser(description="The process that looks at a camera or video; started by the app.")
    parser.add_argument("--box", type=Path, required=True)
    parser.add_argument("--source", required=True)
    arguments = parser.parse_args()
    threading.Thread(target=_end_with_the_app, daemon=True).start()
    Looker(Mailbox(arguments.box), arguments.source).run()


if __name__ == "__main__":
    main()
