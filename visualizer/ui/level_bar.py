"""A level meter that lies down: how much comes in, whatever it is."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from visualizer.ui.peak_hold import PeakHold
from visualizer.ui.theme import GREEN, TEXT, TRACK, WARN, colour

FALLS_A_SECOND = 1.5
HOT = 0.85
"""Above it the bar is marked: of the level that ``Heard`` gives, −9 LUFS."""


class LevelBar(QWidget):
    """level: 0–1, as ``Heard`` gives it; the bar falls slowly and the peak is held."""

    def __init__(self) -> None:
        super().__init__()
        self._level = 0.0
        self._peak = PeakHold(0.0, FALLS_A_SECOND)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Level")

    def sizeHint(self) -> QSize:
        """Low and as wide as there is room."""
        return QSize(120, 12)

    def put(self, level: float, seconds: float) -> None:
        """Take the level of now, ``seconds`` after the last one; 0 where nothing comes in."""
        before = self._level, self._peak.value
        self._level = max(level, self._level - FALLS_A_SECOND * seconds)
        self._peak.push(level, seconds)
        if before != (self._level, self._peak.value):
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw bar and peak."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour(TRACK))
        bar = QRectF(self.rect())
        painter.drawRoundedRect(bar, 4, 4)
        if self._level > 0.005:
            painter.setBrush(colour(WARN if self._level > HOT else GREEN))
            painter.drawRoundedRect(QRectF(0, 0, bar.width() * min(1.0, self._level), bar.height()), 4, 4)
        if self._peak.value > 0.005:
            at = min(bar.width() - 2, bar.width() * self._peak.value)
            painter.fillRect(QRectF(at, 0, 2, bar.height()), colour(TEXT))
