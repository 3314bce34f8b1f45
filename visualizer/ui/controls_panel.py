"""A slider for every number that can be set, made from the table of parameters."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLabel, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from visualizer.parameters import PARAMETERS
from visualizer.ui import theme
from visualizer.ui.changes import Changes
from visualizer.ui.following import FollowingPanel
from visualizer.ui.parameter_row import ParameterRow
from visualizer.ui.playable import Playable
from visualizer.ui.section import Section


class FilterField(QLineEdit):
    """Finds what is typed; Esc empties and leaves it."""

    def __init__(self, what: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPlaceholderText(what)
        self.setClearButtonEnabled(True)
        self.returnPressed.connect(self.clearFocus)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave."""
        if event.key() == Qt.Key.Key_Escape:
            self.clear()
            self.clearFocus()
        else:
            super().keyPressEvent(event)

    @property
    def words(self) -> list[str]:
        """What is looked for, in lower case."""
        return self.text().lower().split()


class ControlsPanel(FollowingPanel):
    """The parameters in sections, one a group; texts are for the prompt bar. The values of ``show`` are followed."""

    learn_asked = Signal(str)
    """A parameter's name, for which a MIDI control is to be learnt."""
    route_asked = Signal(str)
    """A parameter's name, to which a route is wanted."""
    told = Signal(str)

    def __init__(self, show: Playable, changes: Changes, parent: QWidget | None = None) -> None:
        super().__init__(self.follow, parent=parent)
        self._show, self._changes = show, changes
        self.rows: dict[str, ParameterRow] = {}
        self.sections: dict[str, Section] = {}
        self.filter = FilterField("Find a control")
        self.filter.textChanged.connect(self._find)
        self._nothing = QLabel("No control is called that.")
        self._nothing.setObjectName("faint")
        self._nothing.hide()
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, theme.GAP_PX, 0)
        column.setSpacing(theme.GAP_PX)
        for name, parameter in PARAMETERS.items():
            if parameter.kind == "text":
                continue
            group = name.split("/", 1)[0]
            if group not in self.sections:
                self.sections[group] = Section(group.capitalize())
                column.addWidget(self.sections[group])
            row = self.rows[name] = ParameterRow(parameter, changes)
            row.told.connect(self.told)
            row.learn_asked.connect(self.learn_asked)
            row.route_asked.connect(self.route_asked)
            self.sections[group].add(row)
        column.addWidget(self._nothing)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidget(inner)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, theme.GAP_PX, 0, 0)
        layout.setSpacing(theme.GAP_PX)
        layout.addWidget(self.filter)
        layout.addWidget(area, 1)

    def follow(self) -> None:
        """Show every value, and what the sound makes of it."""
        values, controls = self._changes.values, self._show.controls
        finals = controls.values if controls is not None else {}
        driven = {route.target for route in self._changes.routes}
        for name, row in self.rows.items():
            row.follow(values[name], finals.get(name, values[name]), name in driven)

    def _find(self) -> None:
        words = self.filter.words
        found = {name for name, row in self.rows.items() if row.matches(words)}
        for name, row in self.rows.items():
            row.setVisible(name in found)
        for group, section in self.sections.items():
            section.setVisible(any(name.split("/", 1)[0] == group for name in found))
            section.force_open(bool(words))
        self._nothing.setVisible(not found)
