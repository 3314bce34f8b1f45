"""MIDI on the desk: ports, the tempo from outside, and which control moves what."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QKeyEvent, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from visualizer.control.link import Link
from visualizer.midi.binding import Binding, BindingError, bindable
from visualizer.midi.door import Midi, MidiState
from visualizer.midi.ports import PortRow
from visualizer.preset import list_presets
from visualizer.ui import theme
from visualizer.ui.binding_row import BindingRow
from visualizer.ui.calm_combo import CalmCombo
from visualizer.ui.following import FollowingPanel
from visualizer.ui.outside_list import OutsideList, note, put
from visualizer.ui.section import Section


class MidiPanel(FollowingPanel):
    """Plays on a show's MIDI and Link. looks: names of presets, which pads can choose."""

    told = Signal(str)
    """One sentence for the user."""

    def __init__(self, midi: Midi, link: Link, looks: Callable[[], Sequence[str]] = lambda: tuple(list_presets()),
                 parent: QWidget | None = None) -> None:  # fmt: skip
        super().__init__(self.follow, parent=parent)
        self._midi, self._looks = midi, looks
        self.port_buttons: dict[str, QPushButton] = {}
        self.rows: list[BindingRow] = []
        self._ports = Section("MIDI inputs")
        self._ports_note = note()
        self._ports.add(self._ports_note)
        tempo = Section("Tempo from outside")
        self.outside = OutsideList(midi, link)
        tempo.add(self.outside)
        controls = Section("Controls")
        self.name = CalmCombo(_groups())
        self.learn_button = QPushButton("Learn")
        self.learn_button.setCheckable(True)
        self.learn_button.setToolTip("Bind the next control that is moved")
        self.learn_button.clicked.connect(self._learn_clicked)
        line = QWidget()
        beside = QHBoxLayout(line)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.addWidget(self.name, 1)
        beside.addWidget(self.learn_button)
        self.learn_note = note()
        controls.add(line)
        controls.add(self.learn_note)
        self._messages = QLabel()
        self._messages.setObjectName("notice")
        self._messages.setWordWrap(True)
        self._messages.setContentsMargins(10, 0, 10, 0)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, theme.GAP_PX, theme.GAP_PX, 0)
        self._column.setSpacing(theme.GAP_PX)
        for part in (self._messages, self._ports, tempo, controls):
            self._column.addWidget(part)
        self._before_rows = self._column.count()
        self._column.addStretch(1)
        for widget in (line, self.learn_note):
            widget.setEnabled(not midi.missing)
        self.follow()

    def follow(self) -> None:
        """Show ports, clocks and bindings as they are now."""
        state = self._midi.state
        self._put_ports(state.ports)
        self.outside.refresh(state)
        self._put_learning(state)
        self._put_rows(state.bindings)
        put(self._messages, "\n".join(state.messages))
        self._messages.setVisible(bool(state.messages))

    def learn(self, name: str) -> None:
        """Bind the next control that is moved to this parameter or action."""
        if self._midi.missing:
            self.told.emit(f"MIDI needs a package that is not installed: {self._midi.missing}")
            return
        try:
            self._midi.learn(name)
        except BindingError as error:
            self.told.emit(str(error))
            return
        self.name.put(name)
        self.follow()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc ends learning."""
        if event.key() == Qt.Key.Key_Escape and self.learn_button.isChecked():
            self._midi.stop_learning()
            self.follow()
        else:
            super().keyPressEvent(event)

    def _learn_clicked(self, on: bool) -> None:
        if on:
            self.learn(self.name.name)
        else:
            self._midi.stop_learning()
        self.follow()

    def _put_learning(self, state: MidiState) -> None:
        self.learn_button.setChecked(bool(state.learning))
        self.learn_button.setText("Stop" if state.learning else "Learn")
        if state.learning:
            put(self.learn_note, f"Move the control that is to play {state.learning} …")
        elif state.last is not None:
            put(self.learn_note, f"Moved last: {state.last}")
        else:
            put(self.learn_note, "Choose what is to be played, press Learn and move a control.")

    def _put_ports(self, ports: Sequence[PortRow]) -> None:
        for name in [name for name in self.port_buttons if name not in [port.name for port in ports]]:
            button = self.port_buttons.pop(name)
            button.hide()
            button.deleteLater()
        for port in ports:
            button = self.port_buttons.get(port.name) or self._port_button(port.name)
            button.setChecked(port.is_wanted)
            button.setText(port.name if port.is_there else f"{port.name} – not there")
        missing = self._midi.missing
        put(self._ports_note, f"needs a package:\n{missing}" if missing else "No MIDI input is plugged in.")
        self._ports_note.setVisible(bool(missing) or not ports)

    def _port_button(self, name: str) -> QPushButton:
        button = QPushButton()
        button.setCheckable(True)
        button.setToolTip("Listen to this input, now and whenever it is plugged in")
        button.setText(name)
        button.setMinimumHeight(button.sizeHint().height())
        button.setEnabled(not self._midi.missing)
        button.clicked.connect(lambda on: self._midi.turn_port(name, on))
        self._ports.add(button)
        self.port_buttons[name] = button
        return button

    def _put_rows(self, bindings: Sequence[Binding]) -> None:
        keys = [(binding.control, binding.name) for binding in bindings]
        for row in [row for row in self.rows if (row.binding.control, row.binding.name) not in keys]:
            self.rows.remove(row)
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        known = [(row.binding.control, row.binding.name) for row in self.rows]
        for key, binding in zip(keys, bindings, strict=True):
            if key not in known:
                self._make_row(binding)
            elif self.rows[known.index(key)].binding != binding:
                self.rows[known.index(key)].put(binding)

    def _make_row(self, binding: Binding) -> None:
        row = BindingRow(binding, self._looks())
        row.edited.connect(self._edit)
        row.removed.connect(lambda: self._remove(row))
        row.told.connect(self.told)
        self._column.insertWidget(self._before_rows + len(self.rows), row)
        self.rows.append(row)

    def _edit(self, binding: Binding) -> None:
        try:
            self._midi.put(binding)
        except BindingError as error:
            self.told.emit(str(error))
        self.follow()

    def _remove(self, row: BindingRow) -> None:
        self._midi.remove(row.binding)
        self.follow()


def _groups() -> dict[str, list[str]]:
    """Everything that can be bound, under the first part of its name."""
    groups: dict[str, list[str]] = {}
    for name in bindable():
        groups.setdefault(name.partition("/")[0], []).append(name)
    return groups
