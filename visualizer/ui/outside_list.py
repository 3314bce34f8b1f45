"""Switches for the tempo that comes from outside: MIDI clock and Ableton Link, and what they say."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QWidget

from visualizer.control.link import INSTALL, Link, LinkError
from visualizer.midi.door import Midi, MidiState


class OutsideList(QWidget):
    """A row for each; call ``refresh`` to see what has become of them."""

    turned = Signal(str, bool)
    """A source's name ("midi", "link"), and whether the hand put it on."""

    def __init__(self, midi: Midi, link: Link, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._midi, self._link = midi, link
        self._failed = ""
        self.clock, self.clock_note = QPushButton("MIDI clock"), note()
        self.link, self.link_note = QPushButton("Ableton Link"), note()
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setVerticalSpacing(6)
        layout.setColumnStretch(1, 1)
        for row, (button, said) in enumerate(((self.clock, self.clock_note), (self.link, self.link_note))):
            button.setCheckable(True)
            layout.addWidget(button, row, 0)
            layout.addWidget(said, row, 1)
        self.clock.setEnabled(not midi.missing)
        self.link.setEnabled(link.is_installed())
        self.link.setToolTip("Whoever is in the network first brings the tempo: start the music's program before this")
        self.clock.clicked.connect(self._turn_clock)
        self.link.clicked.connect(self.turn_link)

    def refresh(self, state: MidiState) -> None:
        """Show how they are."""
        self.clock.setChecked(state.clock_on and self.clock.isEnabled())
        missing = self._midi.missing
        put(self.clock_note, f"needs a package:\n{missing}" if missing else _clock(state))
        peer = self._link.state
        self.link.setChecked(peer.is_on)
        if not self.link.isEnabled():
            put(self.link_note, f"needs a package (GPL):\n{INSTALL}")
        elif self._failed or not peer.is_on:
            put(self.link_note, self._failed or "off")
        elif peer.peers:
            put(self.link_note, f"{peer.bpm:.1f} BPM with {peer.peers} {'other' if peer.peers == 1 else 'others'}")
        else:
            put(self.link_note, "on; nobody else is in this network")

    def turn_link(self, on: bool) -> None:
        """Join the network's session, or leave it."""
        try:
            self._link.turn(on)
            self._failed = ""
        except LinkError as error:
            self._failed = str(error)
        self.turned.emit("link", on)

    def _turn_clock(self, on: bool) -> None:
        self._midi.turn_clock(on)
        self.turned.emit("midi", on)


def _clock(state: MidiState) -> str:
    if not state.clock_on:
        return "off"
    if not state.clock_bpm:
        return "on; no clock comes in"
    return f"{state.clock_bpm:.1f} BPM from {state.clock_port}"


def note() -> QLabel:
    """A faint line beside a switch; a command in it can be copied."""
    label = QLabel()
    label.setObjectName("faint")
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def put(label: QLabel, text: str) -> None:
    """Show a text, and leave the label alone where it shows it already: somebody may be copying it."""
    if label.text() != text:
        label.setText(text)
