"""A spin box for one parameter."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QDoubleSpinBox, QWidget

from visualizer.parameters import PARAMETERS
from visualizer.ui.changes import Changes
from visualizer.ui.gestures import Gestures
from visualizer.ui.parameter_row import about, places_of

AROUND_PX = 34
"""What stands beside the text: margins and arrows."""


class BoundSpin(QDoubleSpinBox):
    """Shows and sets the parameter ``name``. off: what 0 is called; "" where it is a number like any other."""

    def __init__(self, name: str, changes: Changes, step: float, off: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._changes = name, changes
        self._gestures = Gestures()
        parameter = PARAMETERS[name]
        self.setDecimals(places_of(parameter))
        self.setRange(parameter.low, parameter.high)
        self.setSingleStep(step)
        self.setSuffix(f" {parameter.unit}" if parameter.unit else "")
        self.setSpecialValueText(off)
        self.setToolTip(about(parameter))
        self.setKeyboardTracking(False)
        self.lineEdit().setTextMargins(6, 0, 0, 0)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.follow(changes.values[name])
        self.valueChanged.connect(self._set)

    def minimumSizeHint(self) -> QSize:
        """Room for the longest number, with its unit."""
        texts = (self.textFromValue(self.maximum()) + self.suffix(), self.specialValueText())
        widest = max(self.fontMetrics().horizontalAdvance(text) for text in texts)
        return QSize(widest + AROUND_PX, super().minimumSizeHint().height())

    def sizeHint(self) -> QSize:
        """No wider than it must be."""
        return self.minimumSizeHint()

    def follow(self, value: float | str) -> None:
        """Show a value, unless somebody is typing another one."""
        if float(value) != self.value() and not self.lineEdit().isModified():
            self.blockSignals(True)
            self.setValue(float(value))
            self.blockSignals(False)

    def _set(self, value: float) -> None:
        self._gestures.go_on()
        self._changes.set(self._name, value, self._gestures.now)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter takes the number and leaves, Esc leaves it as it was."""
        if event.key() == Qt.Key.Key_Escape:
            self.setValue(float(self._changes.values[self._name]))
            self.lineEdit().setModified(False)
            self.clearFocus()
            return
        super().keyPressEvent(event)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.clearFocus()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Only for a hand that is here."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()
