"""A number that is typed, with or without its unit."""

from __future__ import annotations

import re

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

_NUMBER = re.compile(r"([-+]?(?:\d+[.,]?\d*|[.,]\d+)(?:e[-+]?\d+)?)\s*(.*)", re.IGNORECASE | re.DOTALL)


def read_number(text: str, unit: str) -> float:
    """The number in a text, in ``unit``; milliseconds are taken for seconds. Raises ValueError in one sentence."""
    found = _NUMBER.fullmatch(text.strip().replace("\N{MINUS SIGN}", "-"))
    if found is None:
        raise ValueError(f"“{text.strip()[:40]}” is no number: type one such as 0.5 {unit}".rstrip())
    number, given = float(found[1].replace(",", ".")), found[2].strip()
    if given == "ms" and unit == "s":
        return number / 1000
    if given and given != unit:
        counted = f"this is counted in {unit}, not in" if unit else "this has no unit: leave out"
        raise ValueError(f"{counted} {given[:20]}")
    return number


def plain(value: float) -> str:
    """A number as short as it can be said, to four digits and without an exponent."""
    return f"{float(f'{value:.4g}'):.9f}".rstrip("0").rstrip(".")


class NumberField(QLineEdit):
    """Enter takes the number and leaves the field, Esc leaves it as it was, the arrow keys go on by a step.

    places: digits after the point; None is as short as it can be said. empty: what stands in an empty field that may stay
    empty (its value is then None); "" for one that may not. shows_unit: whether the unit stands in the field.
    """

    entered = Signal(object)
    """A float, or None."""
    refused = Signal(str)
    """One sentence about what was typed."""

    def __init__(self, unit: str = "", places: int | None = None, step: float = 0.0, empty: str = "",
                 shows_unit: bool = False, parent: QWidget | None = None) -> None:  # fmt: skip
        super().__init__(parent)
        self._unit, self._places, self._step = unit, places, step
        self._may_be_empty, self._shows_unit = bool(empty), shows_unit
        self._value: float | None = None
        self._shown = ""
        self.setPlaceholderText(empty)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.returnPressed.connect(self._leave)

    @property
    def value(self) -> float | None:
        """What the field stands for, apart from what is being typed."""
        return self._value

    def set_unit(self, unit: str, step: float) -> None:
        """Count in another unit from now on."""
        self._unit, self._step = unit, step

    def put(self, value: float | None) -> None:
        """Show a value, unless somebody is typing another one."""
        self._value = value
        text = self._text(value)
        if text != self._shown:
            self._shown = text
            if not (self.hasFocus() and self.isModified()):
                self.setText(text)

    def _text(self, value: float | None) -> str:
        if value is None:
            return ""
        number = plain(value) if self._places is None else f"{value:.{self._places}f}"
        return f"{number} {self._unit}" if self._unit and self._shows_unit else number

    def _leave(self) -> None:
        self._take()
        self.clearFocus()

    def _take(self) -> None:
        if not self.isModified():
            return
        text = self.text().strip()
        self.setModified(False)
        if not text and self._may_be_empty:
            self.entered.emit(None)
            return
        try:
            number = read_number(text, self._unit)
        except ValueError as error:
            self.setText(self._shown)
            self.refused.emit(str(error))
            return
        self.setText(self._shown)
        self.entered.emit(number)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave, or go on by a step."""
        steps = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()), 0)
        if event.key() == Qt.Key.Key_Escape:
            self.setText(self._shown)
            self.setModified(False)
            self.clearFocus()
        elif steps and self._step and self._value is not None:
            self.entered.emit(self._value + steps * self._step)
            self.selectAll()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Whoever comes to type replaces all."""
        super().focusInEvent(event)
        self.selectAll()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """What was typed counts."""
        self._take()
        super().focusOutEvent(event)
        self.deselect()
