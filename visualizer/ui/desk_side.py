"""The right-hand side of the desk: looks, controls and routes behind tabs."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QTabWidget, QToolButton, QVBoxLayout, QWidget

from visualizer.ui.changes import Changes
from visualizer.ui.controls_panel import ControlsPanel
from visualizer.ui.looks_panel import Fitted, LooksPanel
from visualizer.ui.playable import Playable
from visualizer.ui.routes_panel import RoutesPanel

LEAST_WIDTH_PX = 400
BUTTON_HEIGHT_PX = 26


class DeskSide(QWidget):
    """Looks, controls and routes of one show. fitted: a preset as the show's model wants it."""

    told = Signal(str)
    """One sentence for the user."""
    learn_asked = Signal(str)
    """A parameter's name, for which a MIDI control is to be learnt."""

    def __init__(self, show: Playable, changes: Changes, fitted: Fitted, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.looks = LooksPanel(show, changes, fitted)
        self.controls = ControlsPanel(show, changes)
        self.routes = RoutesPanel(show, changes)
        self.setMinimumWidth(LEAST_WIDTH_PX)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.tabBar().setFocusPolicy(Qt.FocusPolicy.TabFocus)
        for name, panel in (("Looks", self.looks), ("Controls", self.controls), ("Routes", self.routes)):
            self.tabs.addTab(panel, name)
            panel.told.connect(self.told)
        self.controls.learn_asked.connect(self.learn_asked)
        self.controls.route_asked.connect(self._route)
        self.undo = changes.stack.createUndoAction(self, "Undo")
        self.undo.setShortcuts(QKeySequence.keyBindings(QKeySequence.StandardKey.Undo))
        self.redo = changes.stack.createRedoAction(self, "Redo")
        self.redo.setShortcuts([*QKeySequence.keyBindings(QKeySequence.StandardKey.Redo), QKeySequence("Ctrl+Y")])
        self.tabs.setCornerWidget(self._buttons(("↶", self.undo), ("↷", self.redo)))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.tabs)

    def add(self, name: str, panel: QWidget) -> None:
        """One more tab, at the end; it scrolls where there is too little room."""
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(panel)
        self.tabs.addTab(area, name)

    def let_go(self) -> None:
        """The desk closes: the stack of steps must find no button when it goes."""
        self.undo.changed.disconnect()
        self.redo.changed.disconnect()

    def _buttons(self, *actions: tuple[str, QAction]) -> QWidget:
        corner = QWidget()
        line = QHBoxLayout(corner)
        line.setContentsMargins(0, 0, 0, 4)
        line.setSpacing(4)
        for sign, action in actions:
            button = QToolButton()
            button.setText(sign)
            button.setFixedSize(34, BUTTON_HEIGHT_PX)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(action.trigger)
            _mirror(action, button)
            action.changed.connect(lambda action=action, button=button: _mirror(action, button))
            line.addWidget(button)
            self.addAction(action)
        return corner

    def _route(self, target: str) -> None:
        self.tabs.setCurrentWidget(self.routes)
        self.routes.add(target)


def _mirror(action: QAction, button: QToolButton) -> None:
    """A button that shows a sign, where the action would show a word."""
    button.setEnabled(action.isEnabled())
    button.setToolTip(f"{action.text()} ({action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)})")
