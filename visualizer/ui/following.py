"""A panel that looks at the running show again and again, as long as it can be seen."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QWidget

FOLLOW_MS = 50


class FollowingPanel(QFrame):
    """Calls ``look``, a method of its own, when it is shown and then every ``every_ms``; not at all on a hidden tab."""

    _seen = Signal()

    def __init__(self, look: Callable[[], None], every_ms: int = FOLLOW_MS, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.setInterval(every_ms)
        for time_to_look in (self._seen, self._timer.timeout):  # signals hold it weakly
            time_to_look.connect(look)

    def showEvent(self, event: QShowEvent) -> None:
        """Be true from the first picture on."""
        super().showEvent(event)
        self._seen.emit()
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Cost nothing while nobody looks."""
        self._timer.stop()
        super().hideEvent(event)
