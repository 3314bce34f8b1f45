"""A slider that shows two things: where a hand has put a value, and where the sound moves it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QEnterEvent, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from visualizer.ui import theme
from visualizer.ui.gestures import Gestures

HEIGHT_PX, TRACK_PX, HANDLE_PX, MARK_PX = 26, 6, 14, 18
FINE = 0.1
"""How far a drag with Shift goes, of one without."""

WHEEL_STEP, KEY_STEP, PAGE_STEP = 0.005, 0.01, 0.1
"""Shares of the range."""


class ParameterSlider(QWidget):
    """From ``low`` to ``high``; a range that goes through zero fills from there. whole: whole numbers alone.

    A drag moves the handle, one with Shift a tenth as far; the wheel moves it finely once the pointer has been moved over
    the slider, so that nothing changes as a panel scrolls by; arrow keys, Page, Home and End as on any slider.
    """

    changed = Signal(float, int)
    """A value by hand, and the number of its gesture."""
    reset_asked = Signal(int)
    """A double click, and the number of its gesture."""

    def __init__(self, low: float, high: float, whole: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._low, self._high, self._whole = low, high, whole
        self._base = self._final = low
        self._driven = False
        self._drawn = (-1, -1)
        self._gestures = Gestures()
        self._grab: tuple[float, float, float] | None = None  # where a drag began, the value there, how far it goes
        self._wanted = low  # where the hand is, between whole numbers too
        self._pointed = False
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(160, HEIGHT_PX)

    def minimumSizeHint(self) -> QSize:
        """Still to be dragged."""
        return QSize(80, HEIGHT_PX)

    @property
    def held(self) -> bool:
        """Whether a hand holds it now."""
        return self._grab is not None

    @property
    def value(self) -> float:
        """Where the handle is."""
        return self._base

    def put(self, base: float, final: float, driven: bool) -> None:
        """Show a value and what the sound makes of it; while a hand holds the handle, that stays with the hand.

        driven: whether any route moves it, so that it has a mark even where the sound adds nothing now.
        """
        self._show(self._base if self.held else base, final, driven)

    def _show(self, base: float, final: float, driven: bool) -> None:
        driven = driven or abs(self.x_of(final) - self.x_of(base)) > 1
        ratio = self.devicePixelRatioF()
        places = round(ratio * self.x_of(base)), round(ratio * self.x_of(final)) if driven else -1
        self._base, self._final, self._driven = base, final, driven
        if places != self._drawn:  # in pixels: what moves by less is not seen, and not painted
            self._drawn = places
            self.update()

    def x_of(self, value: float) -> float:
        """Where a value stands, in pixels from the left."""
        share = (min(self._high, max(self._low, value)) - self._low) / (self._high - self._low)
        return HANDLE_PX / 2 + share * self._length

    @property
    def _length(self) -> float:
        return max(1.0, self.width() - HANDLE_PX)

    def _go(self, value: float) -> None:
        self._wanted = min(self._high, max(self._low, value))
        taken = float(round(self._wanted)) if self._whole else self._wanted
        if taken != self._base:
            self._show(taken, self._final, self._driven)
            self.changed.emit(taken, self._gestures.now)

    def _one_go(self) -> None:
        """Go on with the gesture of keys or wheel, or begin another from where the handle is."""
        if not self._gestures.go_on():
            self._wanted = self._base

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the handle; elsewhere it comes to the pointer."""
        if event.button() != Qt.MouseButton.LeftButton:
            event.ignore()
            return
        self._gestures.begin()
        x, self._wanted = event.position().x(), self._base
        fine = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        self._grab = x, self._base, FINE if fine else 1.0
        if not fine and abs(x - self.x_of(self._base)) > HANDLE_PX / 2 + 2:
            self._go(self._low + (x - HANDLE_PX / 2) / self._length * (self._high - self._low))
            self._grab = x, self._wanted, 1.0
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag; Shift may come and go meanwhile."""
        self._pointed = True
        if self._grab is None:
            return
        x = event.position().x()
        scale = FINE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
        if scale != self._grab[2]:
            self._grab = x, self._wanted, scale
        begun, value, scale = self._grab
        self._go(value + (x - begun) * scale / self._length * (self._high - self._low))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._grab = None
            self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Ask for the look's value, in one step with the click before."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._grab = None
            self.reset_asked.emit(self._gestures.now)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Move finely, if the pointer was brought here."""
        notches = (event.angleDelta().y() or event.angleDelta().x()) / 120
        if not self._pointed or self.held or not notches:
            event.ignore()
            return
        self._one_go()
        step = WHEEL_STEP * (FINE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0)
        span = self._high - self._low
        self._go(self._wanted + notches * (max(1.0, step * span) if self._whole else step * span))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The keys of any slider; all others belong to the desk."""
        span = self._high - self._low
        step = max(1.0, KEY_STEP * span) if self._whole else KEY_STEP * span
        page = max(1.0, PAGE_STEP * span) if self._whole else PAGE_STEP * span
        by = {
            Qt.Key.Key_Left: -step, Qt.Key.Key_Down: -step, Qt.Key.Key_Right: step, Qt.Key.Key_Up: step,
            Qt.Key.Key_PageDown: -page, Qt.Key.Key_PageUp: page, Qt.Key.Key_Home: -span, Qt.Key.Key_End: span,
        }.get(Qt.Key(event.key()))  # fmt: skip
        if by is None:
            super().keyPressEvent(event)
            return
        self._one_go()
        self._go(self._base + by)

    def enterEvent(self, event: QEnterEvent) -> None:
        """A slider that scrolled under the pointer was not brought to it."""
        self._pointed = False
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """The wheel belongs to what scrolls again."""
        self._pointed = False
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Draw the ring."""
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Draw no ring."""
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the track, the span from zero to the handle, what the sound adds, and the handle."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        middle, ratio = self.height() / 2, self.devicePixelRatioF()
        base, final = self.x_of(self._base), self.x_of(self._final)
        self._drawn = round(ratio * base), round(ratio * final) if self._driven else -1

        def span(begin: float, end: float, height: float, colour: str, opacity: float = 1.0) -> None:
            painter.setBrush(theme.colour(colour, opacity))
            place = QRectF(min(begin, end), middle - height / 2, abs(end - begin), height)
            radius = min(place.width(), height) / 2
            painter.drawRoundedRect(place, radius, radius)

        span(HANDLE_PX / 2 - TRACK_PX / 2, self.width() - HANDLE_PX / 2 + TRACK_PX / 2, TRACK_PX, theme.TRACK)
        zero = self.x_of(0.0)
        span(zero, base, TRACK_PX, theme.ACCENT_DEEP)
        if self._low < 0 < self._high:
            span(zero - 1, zero + 1, TRACK_PX + 6, theme.EDGE)
        if self._driven:
            span(base, final, TRACK_PX, theme.YELLOW, 0.55)
        painter.setBrush(theme.colour(theme.TEXT if self.isEnabled() else theme.FAINT))
        ring = self.held or self.hasFocus() or self.underMouse()
        painter.setPen(QPen(theme.colour(theme.ACCENT if ring else theme.GROUND), 2))
        painter.drawEllipse(QPointF(base, middle), HANDLE_PX / 2 - 1, HANDLE_PX / 2 - 1)
        if self._driven:
            painter.setPen(Qt.PenStyle.NoPen)
            span(final - 1.5, final + 1.5, MARK_PX, theme.YELLOW)
