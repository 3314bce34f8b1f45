"""The process that builds: ``python -m visualizer.renderer.building WANTED``.

It builds and keeps what a renderer would have to build before it could paint, at low priority, so that a show beside it
goes on. It says how far it is in JSON lines on standard output, and ends when standard input closes.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import Any

from engines.backends import BackendError
from engines.backends.base import RoomError
from engines.model import ModelError
from visualizer.child import leave_interrupts_to_the_app
from visualizer.renderer.wanted import Wanted

NICE = 10
BELOW_NORMAL = 0x4000
"""Windows' priority class of the same meaning."""


def give_way() -> None:
    """Let every other process go first."""
    if sys.platform == "win32":
        import ctypes

        kernel = ctypes.windll.kernel32
        kernel.SetPriorityClass(kernel.GetCurrentProcess(), BELOW_NORMAL)
    else:
        os.nice(NICE)


def _say(**what: Any) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def _end_with_the_app() -> None:
    sys.stdin.read()
    os._exit(1)


def main() -> int:
    """Build what the one argument asks for; 1 where that cannot be done, after saying why."""
    leave_interrupts_to_the_app()
    give_way()
    threading.Thread(target=_end_with_the_app, daemon=True).start()
    try:
        wanted = Wanted.of(json.loads(sys.argv[1]))
        wanted.make(lambda phase: _say(phase=phase))
    except (BackendError, ModelError) as error:
        _say(error=str(error), no_room=isinstance(error, RoomError))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
