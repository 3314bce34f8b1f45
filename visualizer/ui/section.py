"""A part of a panel that folds away under its heading."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from visualizer.ui import theme

_HEADING = f"QToolButton {{ border: none; background: none; padding: 4px 0; font-size: {theme.LARGE_PX}px; }}"
_HEADING += f"QToolButton:focus {{ color: {theme.ACCENT}; }}"


class Section(QFrame):
    """A heading, and rows that are shown while it is open."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.heading = QToolButton()
        self.heading.setText(title)
        self.heading.setCheckable(True)
        self.heading.setChecked(True)
        self.heading.setStyleSheet(_HEADING)
        self.heading.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.heading.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.heading.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.heading.toggled.connect(self._fold)
        self._body = QWidget()
        self._rows = QVBoxLayout(self._body)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(4)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 4, 10, 8)
        layout.setSpacing(2)
        layout.addWidget(self.heading)
        layout.addWidget(self._body)
        self._forced = False
        self._fold()

    def add(self, row: QWidget) -> None:
        """Put a row at the end."""
        self._rows.addWidget(row)

    def force_open(self, forced: bool) -> None:
        """Show the rows whether it is folded or not: something was found among them."""
        self._forced = forced
        self._fold()

    def _fold(self) -> None:
        shown = self.heading.isChecked() or self._forced
        self.heading.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)
        self._body.setVisible(shown)
