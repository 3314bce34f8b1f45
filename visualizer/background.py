"""Work that goes on beside the show until it is told to end."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Background:
    """A thread that runs ``work``, which is to end when ``stopping`` is set; it keeps no program alive that ends anyway."""

    def __init__(self, work: Callable[[], None], name: str) -> None:
        self.stopping = threading.Event()
        self._thread = threading.Thread(target=work, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, patience_s: float | None = None) -> None:
        """End, and wait for the end (None: however long). Harmless where nothing was begun."""
        self.stopping.set()
        if self.is_running:
            self._thread.join(patience_s)

    @property
    def is_running(self) -> bool:
        """Whether the work goes on."""
        return self._thread.is_alive()
