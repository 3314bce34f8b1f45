"""Listing the sound inputs from outside: in a process of its own.

PortAudio sees what was plugged in only when it is loaded anew, takes a while for that, and may hang in a call for ever; so
whoever must not hang asks a fresh process and kills it when it is late. It is ``python -m visualizer.audio.listing``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import asdict

from visualizer.audio.devices import Device, DeviceError, list_inputs
from visualizer.child import leave_interrupts_to_the_app, start_child

PATIENCE_S = 10.0


def list_inputs_apart(patience_s: float = PATIENCE_S) -> list[Device]:
    """All inputs there are now; waits ``patience_s`` at most. Raises DeviceError."""
    process = start_child("visualizer.audio.listing")
    try:
        answer, complaints = process.communicate(timeout=patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise DeviceError(
            f"The sound system did not list its inputs within {patience_s:g} s; restart it, or choose a sound file."
        ) from None
    try:
        told = json.loads(answer.splitlines()[-1])
        if "error" not in told:
            return [Device(**device) for device in told["inputs"]]
    except (ValueError, IndexError, KeyError, TypeError):
        last = complaints.strip().splitlines()[-1:] or [f"code {process.returncode}"]
        raise DeviceError(f"The sound inputs could not be listed ({last[0]}); restart the sound system.") from None
    raise DeviceError(told["error"])


class Listing:
    """One look at the inputs, begun at once in the background. ``inputs`` is None until it is ``done``.

    error: the sentence where it failed.
    """

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        self.inputs: list[Device] | None = None
        self.error = ""
        self._done = threading.Event()
        threading.Thread(target=self._look, args=(patience_s,), name="listing", daemon=True).start()

    @property
    def done(self) -> bool:
        """Whether it has an answer."""
        return self._done.is_set()

    def _look(self, patience_s: float) -> None:
        try:
            self.inputs = list_inputs_apart(patience_s)
        except (DeviceError, OSError) as error:
            self.error = str(error)
        self._done.set()


def main() -> int:
    """Say what inputs there are, or the sentence why not, as one JSON line."""
    leave_interrupts_to_the_app()
    try:
        told: dict[str, object] = {"inputs": [asdict(device) for device in list_inputs()]}
    except DeviceError as error:
        told = {"error": str(error)}
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
