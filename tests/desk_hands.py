"""Hands for the desk's tests: what QTest leaves out."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier
LEFT = Qt.MouseButton.LeftButton


W = TypeVar("W", bound=QWidget)


def shown(widget: W, width: int = 400, height: int = 760) -> W:
    """The widget in a window of that size, and the window active."""
    from visualizer.ui import theme

    widget.setStyleSheet(theme.STYLE)
    widget.resize(width, height)
    widget.show()
    widget.activateWindow()
    QTest.qWaitForWindowActive(widget)
    return widget


def wait_for(true: Callable[[], object], seconds: float = 5.0) -> bool:
    """Whether it became true in that time; events are handled meanwhile."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        if true():
            return True
        QTest.qWait(10)
    return bool(true())


def point(widget: QWidget, x: float, modifiers: Qt.KeyboardModifier = NONE, pressed: bool = True) -> None:
    """Move the pointer to x on a widget."""
    place = QPointF(x, widget.height() / 2)
    buttons = LEFT if pressed else Qt.MouseButton.NoButton
    event = QMouseEvent(
        QEvent.Type.MouseMove, place, widget.mapToGlobal(place), Qt.MouseButton.NoButton, buttons, modifiers
    )
    QApplication.sendEvent(widget, event)


def drag(widget: QWidget, begin: float, *way: float, modifiers: Qt.KeyboardModifier = NONE) -> None:
    """Press at x, move along, let go."""
    middle = widget.height() // 2
    QTest.mousePress(widget, LEFT, modifiers, QPoint(round(begin), middle))
    for x in way:
        point(widget, x, modifiers)
    QTest.mouseRelease(widget, LEFT, modifiers, QPoint(round(way[-1] if way else begin), middle))


def wheel(widget: QWidget, notches: int, modifiers: Qt.KeyboardModifier = NONE) -> bool:
    """Turn the wheel over a widget; whether it was taken."""
    place = QPointF(widget.rect().center())
    event = QWheelEvent(
        place, widget.mapToGlobal(place), QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton, modifiers,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    event.ignore()
    QApplication.sendEvent(widget, event)
    return event.isAccepted()


def type_into(field: QWidget, text: str, end: Qt.Key = Qt.Key.Key_Return) -> None:
    """Click into a field, replace what stands there, and end with a key."""
    QTest.mouseClick(field, LEFT)
    QTest.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(field, Qt.Key.Key_Delete)
    QTest.keyClicks(field, text)
    QTest.keyClick(field, end)
