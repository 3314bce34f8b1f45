"""One MIDI control and what it is bound to, on a panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from visualizer.actions import ACTIONS
from visualizer.midi.binding import Binding
from visualizer.parameters import PARAMETERS
from visualizer.ui.calm_combo import CalmCombo
from visualizer.ui.elided import ElidedLabel
from visualizer.ui.number_field import NumberField

FIELD_PX = 78
REMOVE_PX = 30, 26
BY_NUMBER = "by number"
"""What stands for a look that the program change's own number chooses."""


class BindingRow(QFrame):
    """Shows a binding. ``edited`` brings it as it is to be, ``removed`` asks to take it away. looks: names of presets."""

    edited = Signal(object)
    removed = Signal()
    told = Signal(str)
    """One sentence for the user."""

    def __init__(self, binding: Binding, looks: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.binding = binding
        self.setObjectName("panel")
        name = ElidedLabel("")
        name.put(binding.name)
        control = QLabel(str(binding.control))
        control.setObjectName("faint")
        self.remove_button = QToolButton()
        self.remove_button.setText("×")
        self.remove_button.setFixedSize(*REMOVE_PX)
        self.remove_button.setToolTip("Take this binding away")
        self.remove_button.setAccessibleName(f"Remove {binding.name} from {binding.control}")
        self.remove_button.clicked.connect(self.removed)
        above = QHBoxLayout()
        above.addWidget(name, 1)
        above.addWidget(control)
        above.addWidget(self.remove_button)
        self._below = QHBoxLayout()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 6, 6)
        layout.setSpacing(4)
        layout.addLayout(above)
        self.low: NumberField | None = None
        self.high: NumberField | None = None
        self.switch: QPushButton | None = None
        self.look: CalmCombo | None = None
        if binding.kind == "number":
            self._add_number()
        elif binding.kind == "bool":
            self._below.addStretch(1)
            self.switch = self._switch("while held", "On while it is pressed, instead of changed by each press")
        elif binding.kind == "text":
            self._add_looks(looks)
        if self._below.count():
            layout.addLayout(self._below)
        self.put(binding)

    def put(self, binding: Binding) -> None:
        """Show a binding of the same control and name."""
        self.binding = binding
        if self.low is not None and self.high is not None:
            self.low.put(binding.low)
            self.high.put(binding.high)
        if self.switch is not None:
            self.switch.setChecked(binding.hold if binding.kind == "bool" else binding.pick_up)
        if self.look is not None:
            self.look.put(binding.text or BY_NUMBER)

    def _add_number(self) -> None:
        declared = PARAMETERS.get(self.binding.name) or ACTIONS[self.binding.name]
        self.low, self.high = self._field(declared.unit, "low"), self._field(declared.unit, "high")
        self._below.addWidget(self.low)
        self._below.addWidget(QLabel("to"))
        self._below.addWidget(self.high)
        unit = QLabel(declared.unit)
        unit.setObjectName("faint")
        self._below.addWidget(unit)
        self._below.addStretch(1)
        if self.binding.name in PARAMETERS and self.binding.control.kind != "note":
            self.switch = self._switch("pick up", "The fader does nothing until it passes the value there is")

    def _field(self, unit: str, end: str) -> NumberField:
        field = NumberField(unit)
        field.setFixedWidth(FIELD_PX)
        field.setToolTip(f"What stands at the {end} end of the control's way; either end may be the larger number")
        field.setAccessibleName(f"{self.binding.name} at the {end} end")
        field.entered.connect(lambda value: self._put_end(end, float(value)))
        field.refused.connect(self.told)
        return field

    def _put_end(self, end: str, value: float) -> None:
        binding = self.binding
        self.edited.emit(replace(binding, low=value) if end == "low" else replace(binding, high=value))

    def _turn(self, on: bool) -> None:
        binding = self.binding
        self.edited.emit(replace(binding, hold=on) if binding.kind == "bool" else replace(binding, pick_up=on))

    def _switch(self, text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setCheckable(True)
        button.setToolTip(tip)
        button.clicked.connect(self._turn)
        self._below.addWidget(button)
        return button

    def _add_looks(self, looks: Sequence[str]) -> None:
        by_number = [BY_NUMBER] if self.binding.control.kind == "program" else []
        kept = [self.binding.text] if self.binding.text and self.binding.text not in looks else []
        self.look = CalmCombo({"": [*by_number, *looks, *kept]})
        self.look.chosen.connect(
            lambda name: self.edited.emit(replace(self.binding, text="" if name == BY_NUMBER and by_number else name))
        )
        self._below.addWidget(self.look)
