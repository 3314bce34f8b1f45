"""One parameter on the desk: its name, a slider or the choices, and the number."""

from __future__ import annotations

import random
from collections.abc import Iterable
from functools import cache

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QFont, QFontMetrics, QGuiApplication
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLabel, QMenu, QSizePolicy, QToolButton, QWidget

from visualizer.parameters import PARAMETERS, Parameter, ParameterError
from visualizer.ui import theme
from visualizer.ui.calm_combo import CalmCombo
from visualizer.ui.changes import Changes
from visualizer.ui.number_field import NumberField
from visualizer.ui.parameter_slider import KEY_STEP, ParameterSlider

FIELD_EDGES_PX = 20
"""What a number's field needs around the number."""

MOST_WHOLE_STEPS = 10_000
"""A range of more whole numbers is no place on a slider; such a number is drawn by lot instead."""


def label_of(name: str) -> str:
    """A parameter's name without its group, as it is read."""
    return name.split("/", 1)[1].replace("_", " ")


def places_of(parameter: Parameter) -> int:
    """Digits after the point: as many as a hand can tell apart."""
    span = parameter.high - parameter.low
    return 0 if parameter.kind == "int" or span >= 1000 else 1 if span >= 10 else 2


def about(parameter: Parameter) -> str:
    """What it is, its OSC address and its range, in lines."""
    if parameter.is_number:
        span = f"{parameter.low:g} to {parameter.high:g} {parameter.unit}".rstrip()
    else:
        span = ", ".join(parameter.choices)
    return f"{parameter.doc}\n{parameter.osc_address}\n{span}"


def _on_slider(parameter: Parameter) -> bool:
    return parameter.is_number and (parameter.kind == "float" or parameter.high - parameter.low <= MOST_WHOLE_STEPS)


@cache
def columns_px() -> tuple[int, int, int]:
    """How wide names, numbers and units are, the same in every row."""

    def widest(texts: Iterable[str], size_px: int) -> int:
        font = QFont(QApplication.font())
        font.setPixelSize(size_px)
        return max(QFontMetrics(font).horizontalAdvance(text) for text in texts) + 2

    sliders = [parameter for parameter in PARAMETERS.values() if _on_slider(parameter)]
    numbers = [f"{end:.{places_of(p)}f}" for p in sliders for end in (p.low, p.high)]
    names = [label_of(name) for name, parameter in PARAMETERS.items() if parameter.kind != "text"]
    return (
        widest(names, theme.TEXT_PX),
        widest(numbers, theme.TEXT_PX) + FIELD_EDGES_PX,
        widest((parameter.unit for parameter in sliders), theme.SMALL_PX),
    )


class ParameterRow(QWidget):
    """``follow`` it; what is changed by hand goes through ``changes``. ``told`` says in a sentence what was not taken."""

    told = Signal(str)
    learn_asked = Signal(str)
    route_asked = Signal(str)

    def __init__(self, parameter: Parameter, changes: Changes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.parameter, self._changes = parameter, changes
        self.slider: ParameterSlider | None = None
        self.combo: CalmCombo | None = None
        self.number: NumberField | None = None
        self.setToolTip(about(parameter))
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(theme.GAP_PX)
        name = QLabel(label_of(parameter.name))
        name_px, number_px, unit_px = columns_px()
        name.setFixedWidth(name_px)
        line.addWidget(name)
        if not parameter.is_number:
            self.combo = CalmCombo({"": parameter.choices})
            self.combo.chosen.connect(self._set)
            line.addWidget(self.combo, 1)
            return
        span = parameter.high - parameter.low
        if not _on_slider(parameter):
            lot = QToolButton()
            lot.setText("Another")
            lot.setToolTip("Draw another number by lot.")
            lot.clicked.connect(self._draw_lot)
            lot.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            lot.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            line.addWidget(lot, 1)
            step, width = 1.0, number_px + theme.GAP_PX + unit_px
        else:
            self.slider = ParameterSlider(parameter.low, parameter.high, parameter.kind == "int")
            self.slider.setAccessibleName(label_of(parameter.name))
            self.slider.changed.connect(self._set)
            self.slider.reset_asked.connect(self._back_to_look)
            line.addWidget(self.slider, 1)
            step, width = (1.0 if parameter.kind == "int" else KEY_STEP * span), number_px
        self.number = NumberField(parameter.unit, places_of(parameter), step)
        self.number.setFixedWidth(width)
        self.number.setAccessibleName(label_of(parameter.name))
        self.number.entered.connect(self._set)
        self.number.refused.connect(lambda why: self.told.emit(f"{parameter.name}: {why}"))
        line.addWidget(self.number)
        if self.slider is not None:
            unit = QLabel(parameter.unit)
            unit.setObjectName("title")
            unit.setFixedWidth(unit_px)
            line.addWidget(unit)

    @property
    def held(self) -> bool:
        """Whether a hand holds its slider now."""
        return self.slider is not None and self.slider.held

    def follow(self, base: float | str, final: float | str, driven: bool) -> None:
        """Show the value without the sound and with it. driven: whether a route moves it."""
        if self.combo is not None:
            self.combo.put(str(base))
        if self.slider is not None:
            self.slider.put(float(base), float(final), driven)
        if self.number is not None and not self.held:
            self.number.put(float(base))

    def matches(self, words: list[str]) -> bool:
        """Whether all words occur in its name or in what is said of it."""
        said = f"{self.parameter.name} {label_of(self.parameter.name)} {self.parameter.doc}".lower()
        return all(word in said for word in words)

    def menu(self) -> QMenu:
        """What else can be done with it."""
        menu, parameter = QMenu(self), self.parameter
        look = "Back to the look’s value" if parameter.look else "Back to the show’s value"
        menu.addAction(look, lambda: self._back_to_look(None))
        menu.addAction("Set to default", lambda: self._set(parameter.default))
        menu.addSeparator()
        menu.addAction("Copy OSC address", lambda: QGuiApplication.clipboard().setText(parameter.osc_address))
        menu.addAction("Learn MIDI …", lambda: self.learn_asked.emit(parameter.name)).setEnabled(parameter.is_number)
        route = menu.addAction("Route sound to this …", lambda: self.route_asked.emit(parameter.name))
        route.setEnabled(parameter.modulated)
        return menu

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Show the menu, wherever on the row."""
        menu = self.menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())

    def _set(self, value: float | str, gesture: int | None = None) -> None:
        try:
            self._changes.set(self.parameter.name, value, gesture)
        except ParameterError as error:
            self.told.emit(str(error))
        if self.number is not None:
            self.number.put(float(self._changes.values[self.parameter.name]))

    def _back_to_look(self, gesture: int | None) -> None:
        self._set(self._changes.look_value(self.parameter.name), gesture)

    def _draw_lot(self) -> None:
        self._set(float(random.randint(int(self.parameter.low), int(self.parameter.high))))
