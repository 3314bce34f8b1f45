"""A panel that looks at the running show again and again, as long as it can be seen."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QWidget

FOLLOW_MS = 50


class FollowingPanel(QWidget):
    """Calls ``follow`` 20 times a second while it is shown, and not at all on a hidden tab."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._following = QTimer(self)
        self._following.timeout.connect(self.follow)

    def follow(self) -> None:
        """Show what the show has now."""
        raise NotImplementedError

    def showEvent(self, event: QShowEvent) -> None:
        """Be true from the first picture on."""
        super().showEvent(event)
        self.follow()
        self._following.start(FOLLOW_MS)

    def hideEvent(self, event: QHideEvent) -> None:
        """Cost nothing while nobody looks."""
        self._following.stop()
        super().hideEvent(event)
