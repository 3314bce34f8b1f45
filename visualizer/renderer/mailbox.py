"""A newest-wins mailbox between two processes: a mapped file with numbered slots and no lock.

The one writer fills the slots in turn; each slot carries a sequence number that is odd while it is written (a sequence
lock). The one fact shared is the number of the newest message, published after its slot is complete, so a process that
dies half-way leaves the message before it readable. Nothing queues, so nothing lags.
"""

from __future__ import annotations

import mmap
import time
from pathlib import Path

import numpy as np

from visualizer.fence import fence

SLOTS = 4
_HEADER_WORDS = 4  # newest message, slot bytes, heartbeat (ns of the monotonic clock), newest taken
_SLOT_WORDS = 2  # sequence, payload bytes


class Mailbox:
    """One direction, one writer, any number of readers."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)
        self._header = np.frombuffer(self._map, np.uint64, _HEADER_WORDS)
        self._capacity = int(self._header[1])
        self._bytes = np.frombuffer(self._map, np.uint8)

    @classmethod
    def create(cls, path: Path, capacity: int) -> Mailbox:
        """Make the file for messages of up to ``capacity`` bytes, and open it."""
        capacity = (capacity + 7) // 8 * 8
        with path.open("wb") as file:
            file.truncate(8 * _HEADER_WORDS + SLOTS * (8 * _SLOT_WORDS + capacity))
            file.write(np.array([0, capacity, 0, 0], np.uint64).tobytes())
        return cls(path)

    def close(self) -> None:
        """Let go of the file, which some systems need before it can be deleted."""
        if not self._map.closed:
            del self._header, self._bytes
            self._map.close()

    def _slot(self, message: int) -> tuple[np.ndarray, int]:
        start = 8 * _HEADER_WORDS + (message % SLOTS) * (8 * _SLOT_WORDS + self._capacity)
        return np.frombuffer(self._map, np.uint64, _SLOT_WORDS, start), start + 8 * _SLOT_WORDS

    @property
    def newest(self) -> int:
        """Number of the newest complete message; 0 before the first."""
        return int(self._header[0])

    @property
    def heartbeat(self) -> float:
        """Monotonic time (s) of the writer's last sign of life; 0 before the first."""
        return int(self._header[2]) / 1e9

    @property
    def taken(self) -> int:
        """Number of the newest message that the reader said it took; its one writer is the reader."""
        return int(self._header[3])

    def take(self, after: int = 0) -> tuple[int, bytes] | None:
        """``read``, and tell the writer so."""
        message = self.read(after)
        if message is not None:
            self._header[3] = message[0]
        return message

    def beat(self) -> None:
        """Give a sign of life without a message."""
        self._header[2] = time.perf_counter_ns()

    def write(self, *parts: bytes | np.ndarray) -> int:
        """Publish one message made of the parts' bytes, one after the other, and return its number."""
        views = [np.frombuffer(p, np.uint8) if isinstance(p, bytes) else p.reshape(-1).view(np.uint8) for p in parts]
        size = sum(v.nbytes for v in views)
        if size > self._capacity:
            raise ValueError(f"a message of {size} bytes does not fit a mailbox of {self._capacity}")
        message = self.newest + 1
        head, at = self._slot(message)
        head[0] = 2 * message + 1
        head[1] = size
        fence()
        for view in views:
            self._bytes[at : at + view.nbytes] = view
            at += view.nbytes
        fence()
        head[0] = 2 * message + 2
        fence()
        self._header[0] = message
        self.beat()
        return message

    def read(self, after: int = 0) -> tuple[int, bytes] | None:
        """(number, bytes) of the newest message if it is newer than ``after``, else None."""
        for _ in range(SLOTS):
            message = self.newest
            if message <= after:
                return None
            head, at = self._slot(message)
            if int(head[0]) != 2 * message + 2:
                continue
            fence()
            data = self._bytes[at : at + int(head[1])].tobytes()
            fence()
            if int(head[0]) == 2 * message + 2:
                return message, data
        return None
