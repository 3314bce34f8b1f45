"""The picture in other programs: a switch for each way there is, and for each that is missing how to get it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QWidget

from visualizer.ui.theme import FAINT, SMALL_PX


class Share(Protocol):
    """One way into other programs, as ``output.shares`` makes them."""

    @property
    def name(self) -> str:
        """For its label."""
        ...

    @property
    def available(self) -> bool:
        """Whether it can be had here."""
        ...

    @property
    def why_not(self) -> str:
        """One sentence on what to do where it cannot."""
        ...

    @property
    def state(self) -> str:
        """"off", "opening", "on", "closing" or "failed"."""  # fmt: skip
        ...

    @property
    def running(self) -> bool:
        """Whether it is switched on and has not failed."""
        ...

    @property
    def error(self) -> str | None:
        """Why it failed."""
        ...

    @property
    def where(self) -> str:
        """What other programs list while it is on."""
        ...

    def start(self) -> None:
        """Switch it on; must not wait."""
        ...

    def stop(self) -> None:
        """Switch it off; must not wait."""
        ...


class SharesList(QWidget):
    """One row for each of ``shares``; call ``refresh`` to see what has become of them."""

    def __init__(self, shares: Sequence[Share]) -> None:
        super().__init__()
        self._shares = shares
        self.buttons: list[QPushButton] = []
        self.notes: list[QLabel] = []
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setVerticalSpacing(6)
        layout.setColumnStretch(1, 1)
        for row, share in enumerate(shares):
            button = QPushButton(share.name)
            button.setCheckable(True)
            button.setEnabled(share.available)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(lambda _, share=share: self._switch(share))
            note = QLabel()
            note.setWordWrap(True)
            note.setStyleSheet(f"font-size: {SMALL_PX}px; color: {FAINT};")
            note.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)  # the command can be copied
            self.buttons.append(button)
            self.notes.append(note)
            layout.addWidget(button, row, 0)
            layout.addWidget(note, row, 1)
        self.refresh()

    def refresh(self) -> None:
        """Show each one's state."""
        for share, button, note in zip(self._shares, self.buttons, self.notes, strict=True):
            button.setChecked(share.running)
            said = _said(share)
            if note.text() != said:
                note.setText(said)

    def _switch(self, share: Share) -> None:
        if share.running:
            share.stop()
        else:
            share.start()
        self.refresh()


def _said(share: Share) -> str:
    if not share.available:
        return share.why_not
    if share.error:
        return share.error
    if share.state == "on":
        return f"on, as {share.where}" if share.where else "on"
    return f"{share.state} …" if share.state in ("opening", "closing") else share.state
