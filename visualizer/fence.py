"""A memory fence for what processes share without locks."""

from __future__ import annotations

import threading

_barrier = threading.Lock()


def fence() -> None:
    """Keep loads and stores before this call ahead of those after it, on ARM too: a release followed by an acquire."""
    with _barrier:
        pass
    with _barrier:
        pass
