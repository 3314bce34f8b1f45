"""Writes a control track beside a recording, on a thread of its own: the show must not wait for a disk."""

from __future__ import annotations

import gzip
import json
import queue
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from visualizer.control.moves import Move, as_json
from visualizer.control.track import VERSION, Header, pack_hop
from visualizer.snapshots import Beat, Heard

FLUSH_S = 1.0
"""What is older than this is on the disk, whatever happens to the program; hops come a hundred times as often."""


class TrackWriter:
    """Takes what moves the picture, in order. count: of what was taken, but frames.

    error: one sentence when it had to stop; the show goes on.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.error: str | None = None
        self.count = 0
        self._rows: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="control track")
        self._thread.start()

    def begin(self, header: Header) -> None:
        """Say how the set begins; comes first."""
        self._rows.put({
            "version": VERSION, "start": header.start, "values": dict(header.values), "state": dict(header.state),
            "model": header.model, "size": list(header.size), "fps": header.fps,
        })  # fmt: skip

    def hop(self, heard: Heard, beat: Beat | None) -> None:
        """A hop was heard."""
        self._take({"hop": heard.sample, "heard": (heard, beat)})  # packed where there is time

    def move(self, after: int, move: Move) -> None:
        """A hand changed something."""
        self._take({"move": as_json(move), "after": after})

    def released(self, after: int) -> None:
        """Peaks were let go."""
        self._take({"released": True, "after": after})

    def frame(self, at: int, behind: int, begun: float, values: Mapping[str, float]) -> None:
        """A frame was painted with these values, asked for at the sample ``at`` when ``count`` was ``behind``."""
        self._rows.put({"frame": dict(values), "at": at, "behind": behind, "begun": begun})

    def _take(self, row: dict[str, Any]) -> None:
        self.count += 1
        self._rows.put(row)

    def close(self) -> None:
        """Finish the file."""
        self._rows.put(None)
        self._thread.join()

    def _write(self) -> None:
        try:
            with gzip.open(self.path, "wt", encoding="utf-8", compresslevel=4) as file:
                flushed = time.monotonic()
                while (row := self._rows.get()) is not None:
                    if "heard" in row:
                        row["heard"] = pack_hop(*row["heard"])
                    file.write(json.dumps(row) + "\n")
                    if time.monotonic() - flushed > FLUSH_S:
                        file.flush()
                        flushed = time.monotonic()
        except OSError as failure:
            self.error = f"the control track {self.path} could not be written: {failure.strerror or failure}"
            while self._rows.get() is not None:
                pass
