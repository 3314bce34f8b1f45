"""The grid of looks: pictures with titles, to be clicked."""

from __future__ import annotations

import colorsys
import zlib
from collections.abc import Container, Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QKeyEvent,
    QLinearGradient,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPen,
    QPixmap,
    QResizeEvent,
    QStandardItem,
    QStandardItemModel,
)
from PySide6.QtWidgets import QFrame, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from visualizer.ui import theme
from visualizer.ui.look_files import LookFile

LEAST_CARD_PX = 112
TITLE_PX, STAR_PX, GAP_PX = 24, 28, 8
ASPECT = 3 / 4
NAME = Qt.ItemDataRole.UserRole


def gradient(name: str, place: QRectF) -> QLinearGradient:
    """Colours that stand for a look without a picture, always the same ones for a name."""
    seed = zlib.crc32(name.encode())
    hue = seed % 360 / 360
    drawn = QLinearGradient(place.topLeft(), place.bottomRight())
    for at, turn, light in ((0.0, 0.0, 0.45), (0.6, 0.12 + (seed >> 9) % 20 / 100, 0.28), (1.0, 0.5, 0.12)):
        drawn.setColorAt(at, QColor.fromRgbF(*colorsys.hls_to_rgb((hue + turn) % 1.0, light, 0.55)))
    return drawn


class _Cards(QStyledItemDelegate):
    """Draws one look."""

    def __init__(self, grid: LookGrid) -> None:
        super().__init__(grid)
        self._grid = grid
        self._pixmaps: dict[str, QPixmap] = {}

    def forget(self) -> None:
        """The files are others now."""
        self._pixmaps.clear()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return self._grid.gridSize()

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        look = self._grid.look_at(index)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        picture = self._grid.picture_place(option.rect)
        running = look.name == self._grid.running
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
        round_edge = QPainterPath()
        round_edge.addRoundedRect(picture, theme.RADIUS_PX, theme.RADIUS_PX)
        painter.save()
        painter.setClipPath(round_edge)
        self._draw_picture(painter, picture, look)
        painter.restore()
        if running or hovered or focused:
            painter.setPen(QPen(theme.colour(theme.ACCENT if running or focused else theme.FAINT), 3 if running else 1.5))
            painter.drawPath(round_edge)
        favourite = look.name in self._grid.favourites
        if favourite or hovered:
            self._draw_star(painter, QRectF(self._grid.star_place(option.rect)), favourite)
        font = QFont(option.font)
        font.setPixelSize(theme.TEXT_PX)
        font.setBold(running)
        painter.setFont(font)
        painter.setPen(theme.colour(theme.TEXT if look.preset is not None else theme.FAINT))
        place = QRectF(picture.left(), picture.bottom() + 1, picture.width(), TITLE_PX)
        title = painter.fontMetrics().elidedText(look.title, Qt.TextElideMode.ElideRight, int(place.width()))
        painter.drawText(place, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), title)
        painter.restore()

    def _draw_picture(self, painter: QPainter, place: QRectF, look: LookFile) -> None:
        if look.preset is None:
            painter.fillRect(place, theme.colour(theme.TRACK))
            font = QFont(painter.font())
            font.setPixelSize(theme.NUMBER_PX)
            painter.setFont(font)
            painter.setPen(theme.colour(theme.FAINT))
            painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), "⚠")
            return
        pixmap = self._pixmap(look)
        if pixmap.isNull():
            painter.fillRect(place, gradient(look.name, place))
            return
        # As large as covers the place, its middle shown.
        scale = max(place.width() / pixmap.width(), place.height() / pixmap.height())
        cut = QRectF(0, 0, place.width() / scale, place.height() / scale)
        cut.moveCenter(QRectF(pixmap.rect()).center())
        painter.drawPixmap(place, pixmap, cut)

    def _pixmap(self, look: LookFile) -> QPixmap:
        if look.name not in self._pixmaps:
            self._pixmaps[look.name] = QPixmap(str(look.picture)) if look.picture is not None else QPixmap()
        return self._pixmaps[look.name]

    def _draw_star(self, painter: QPainter, place: QRectF, favourite: bool) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(theme.GROUND, 0.6))
        painter.drawEllipse(place.adjusted(3, 3, -3, -3))
        font = QFont(painter.font())
        font.setPixelSize(theme.TEXT_PX)
        painter.setFont(font)
        painter.setPen(theme.colour(theme.YELLOW if favourite else theme.TEXT))
        painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), "★" if favourite else "☆")


class LookGrid(QListView):
    """Looks to choose from by click, Enter or Space; a click on the star stars."""

    chosen = Signal(str)
    """A look's name."""
    starred = Signal(str)
    delete_asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.running = ""
        self.favourites: Container[str] = ()
        self._looks: dict[str, LookFile] = {}
        self._rows = QStandardItemModel(self)
        self.setModel(self._rows)
        self._cards = _Cards(self)
        self.setItemDelegate(self._cards)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QListView.SelectionMode.NoSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setStyleSheet("QListView { background: transparent; }")
        self._pressed = ""

    def put(self, looks: Sequence[LookFile]) -> None:
        """Show these looks; the place in the list stays."""
        scrolled = self.verticalScrollBar().value()
        current = self.name_at(self.currentIndex())
        self._looks = {look.name: look for look in looks}
        self._cards.forget()
        self._rows.clear()
        for look in looks:
            item = QStandardItem(look.title)
            item.setData(look.name, NAME)
            item.setToolTip(look.wrong or f"{look.title}\n{look.path}")
            self._rows.appendRow(item)
            if look.name == current:
                self.setCurrentIndex(item.index())
        self.doItemsLayout()
        self.verticalScrollBar().setValue(scrolled)

    def name_at(self, index: QModelIndex | QPersistentModelIndex) -> str:
        """The name of the look there; "" for none."""
        return str(index.data(NAME) or "") if index.isValid() else ""

    def look_at(self, index: QModelIndex | QPersistentModelIndex) -> LookFile:
        """The look there."""
        return self._looks[self.name_at(index)]

    def place_of(self, name: str) -> QRect:
        """Where a look's card is in the view; empty where it is not shown."""
        for row in range(self._rows.rowCount()):
            if self.name_at(self._rows.index(row, 0)) == name:
                return self.visualRect(self._rows.index(row, 0))
        return QRect()

    def picture_place(self, card: QRect) -> QRectF:
        """Where in a card its picture is."""
        return QRectF(card).adjusted(2, 2, -GAP_PX, -TITLE_PX - 4)

    def star_place(self, card: QRect) -> QRect:
        """Where in a card its star is."""
        right = self.picture_place(card).toRect().topRight()
        return QRect(right - QPoint(STAR_PX, 0), QSize(STAR_PX, STAR_PX))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """As many columns as fit, and no gap at the right."""
        width = self.viewport().width() - 1  # the view breaks a line that would fill it to the last pixel
        columns = max(1, width // LEAST_CARD_PX)
        card = width // columns
        self.setGridSize(QSize(card, round((card - GAP_PX) * ASPECT) + TITLE_PX + GAP_PX))
        super().resizeEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Remember where a click began."""
        self._pressed = self.name_at(self.indexAt(event.position().toPoint()))
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click ends where it began."""
        super().mouseReleaseEvent(event)
        place = event.position().toPoint()
        index = self.indexAt(place)
        name = self.name_at(index)
        if event.button() != Qt.MouseButton.LeftButton or not name or name != self._pressed:
            return
        if self.star_place(self.visualRect(index)).contains(place):
            self.starred.emit(name)
        else:
            self.chosen.emit(name)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and Space choose, Delete asks; letters belong to the desk, and do not search here."""
        name = self.name_at(self.currentIndex())
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and name:
            self.chosen.emit(name)
        elif event.key() == Qt.Key.Key_Delete and name:
            self.delete_asked.emit(name)
        elif event.text() and event.text().isprintable():
            event.ignore()
        else:
            super().keyPressEvent(event)
