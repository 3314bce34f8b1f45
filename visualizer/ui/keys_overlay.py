"""All keys at a glance, over the desk; any key or click hides it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF, Qt
from PySide6.QtGui import QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from visualizer.ui.keys import KEYS, Key
from visualizer.ui.theme import EDGE, FAINT, GROUND, LARGE_PX, PANEL, RADIUS_PX, TEXT, TEXT_PX, TRACK, colour

COLUMN_WIDTH, ROW_HEIGHT, HEAD_HEIGHT, CAP_WIDTH = 370, 32, 36, 116
MARGIN, GUTTER = 28, 24


class KeysOverlay(QWidget):
    """Covers ``parent``, the desk; hidden at first. While it is there it takes every key."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._desk = parent
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Keys")
        self._before: QWidget | None = None
        groups: dict[str, list[Key]] = {}
        for key in KEYS:
            groups.setdefault(key.group, []).append(key)
        self._groups = groups
        self.hide()
        parent.installEventFilter(self)

    def toggle(self) -> None:
        """Show the keys, or hide them."""
        if self.isVisible():
            self._leave()
            return
        self._before = self._desk.focusWidget()
        self.setGeometry(self._desk.rect())
        self.raise_()
        self.show()
        self.setFocus()

    def _leave(self) -> None:
        self.hide()
        if self._before is not None:
            self._before.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Cover the desk whatever its size."""
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self.setGeometry(self._desk.rect())
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Any key hides it; a modifier alone is no key yet."""
        if event.key() not in (Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_Meta, Qt.Key.Key_AltGr):
            self._leave()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """So does a click."""
        self._leave()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Two columns of groups in a card, small enough for the smallest desk."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), colour(GROUND, 0.8))
        columns = self._columns()
        width = 2 * MARGIN + len(columns) * COLUMN_WIDTH + (len(columns) - 1) * GUTTER
        height = 2 * MARGIN - 8 + max(self._height(groups) for groups in columns)
        shrunk = min(1.0, self.width() / (width + 16), self.height() / (height + 16))
        painter.translate(self.width() / 2, self.height() / 2)
        painter.scale(shrunk, shrunk)
        painter.translate(-width / 2, -height / 2)
        painter.setPen(QPen(colour(EDGE), 1))
        painter.setBrush(colour(PANEL))
        painter.drawRoundedRect(QRectF(0, 0, width, height), 2 * RADIUS_PX, 2 * RADIUS_PX)
        for number, groups in enumerate(columns):
            top = MARGIN - 4.0
            for group in groups:
                top = self._draw_group(painter, MARGIN + number * (COLUMN_WIDTH + GUTTER), top, group)

    def _columns(self) -> list[list[str]]:
        """The groups, in as many columns as make both about as high."""
        names = list(self._groups)
        cut = min(range(1, len(names)), key=lambda at: abs(self._height(names[:at]) - self._height(names[at:])))
        return [names[:cut], names[cut:]]

    def _height(self, groups: list[str]) -> int:
        return sum(HEAD_HEIGHT + ROW_HEIGHT * len(self._groups[group]) + 8 for group in groups)

    def _draw_group(self, painter: QPainter, left: float, top: float, group: str) -> float:
        """Draw a heading and its keys; return where the next one begins."""
        middle = Qt.AlignmentFlag.AlignVCenter
        self._letters(painter, LARGE_PX, FAINT)
        painter.drawText(QRectF(left, top, COLUMN_WIDTH, HEAD_HEIGHT - 4), int(middle), group)
        top += HEAD_HEIGHT
        for key in self._groups[group]:
            cap = QRectF(left, top + 2, CAP_WIDTH, ROW_HEIGHT - 6)
            painter.setPen(QPen(colour(EDGE), 1))
            painter.setBrush(colour(TRACK))
            painter.drawRoundedRect(cap, 4, 4)
            self._letters(painter, TEXT_PX, TEXT, bold=True)
            painter.drawText(cap, int(Qt.AlignmentFlag.AlignCenter), key.cap)
            self._letters(painter, TEXT_PX, TEXT)
            painter.drawText(
                QRectF(cap.right() + 12, top, COLUMN_WIDTH - CAP_WIDTH - 12, ROW_HEIGHT - 2), int(middle), key.does
            )
            top += ROW_HEIGHT
        return top + 8

    def _letters(self, painter: QPainter, size: int, name: str, bold: bool = False) -> None:
        font = QFont(self.font())
        font.setPixelSize(size)
        font.setBold(bold)
        painter.setFont(font)
        painter.setPen(colour(name))
