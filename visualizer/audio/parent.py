"""The app as its capture process knows it: what it says on stdin, and what is said to it on stdout."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from typing import Any

BEAT_S = 0.1
"""How often the process gives it a sign of life, in the ring."""


class Parent:
    """What the app says on stdin: ``go`` (with ``--wait``), and, by closing it, that it is gone."""

    def __init__(self, wait: bool) -> None:
        self.gone = threading.Event()
        self.go = threading.Event()
        if not wait:
            self.go.set()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while os.read(0, 64):
                self.go.set()
        self.gone.set()
        self.go.set()
        # PortAudio may hang for ever in a call of the main thread.
        time.sleep(1)
        os._exit(0)


def say(event: str, **details: Any) -> None:
    """One event as a JSON line on stdout."""
    try:
        sys.stdout.write(json.dumps({"event": event, **details}) + "\n")
        sys.stdout.flush()
    except OSError:
        os._exit(0)
