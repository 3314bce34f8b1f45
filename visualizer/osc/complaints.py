"""How often what went wrong is said: once a second for an address, and never for more addresses than the table holds.

So a sender that sweeps a wrong address 8,000 times a second reads one sentence, and nobody can use the show to flood
somebody else.
"""

from __future__ import annotations

import threading

PAUSE_S = 1.0
MOST_ADDRESSES = 64


class Complaints:
    """When a complaint about an address is due. Any thread may ask."""

    def __init__(self) -> None:
        self._said: dict[str, float] = {}  # the oldest first
        self._lock = threading.Lock()

    def due(self, address: str, now: float) -> bool:
        """Whether to complain about ``address`` at ``now`` (s); if so, it counts as done."""
        with self._lock:
            if now - self._said.get(address, -PAUSE_S) < PAUSE_S:
                return False
            if address not in self._said and len(self._said) == MOST_ADDRESSES:
                oldest = next(iter(self._said))
                if now - self._said[oldest] < PAUSE_S:
                    return False
                del self._said[oldest]
            self._said.pop(address, None)
            self._said[address] = now
            return True
