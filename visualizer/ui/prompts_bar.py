"""Two prompts, and the fader between them."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QLineEdit, QSizePolicy, QToolButton, QWidget

from visualizer.parameters import PARAMETERS
from visualizer.ui import theme
from visualizer.ui.changes import Changes
from visualizer.ui.following import FollowingPanel
from visualizer.ui.parameter_row import about
from visualizer.ui.parameter_slider import ParameterSlider
from visualizer.ui.playable import Playable

FIRST, SECOND, MIX = "picture/prompt", "picture/prompt_b", "picture/mix"


class PromptField(QLineEdit):
    """Enter paints what is typed and leaves the field, Esc leaves it as it was. needed: whether it may not be empty."""

    painted = Signal(str)

    def __init__(self, hint: str, needed: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._needed, self._shown = needed, ""
        self.setPlaceholderText(hint)
        self.setToolTip("Enter paints it and leaves the field, Esc leaves it as it was.")
        self.returnPressed.connect(self._paint)

    def put(self, text: str) -> None:
        """Show a prompt, unless somebody is typing another one."""
        if text != self._shown:
            self._shown = text
            if not (self.hasFocus() and self.isModified()):
                self._back()

    def _back(self) -> None:
        self.setText(self._shown)
        self.setCursorPosition(0)  # where a long one begins

    def _paint(self) -> None:
        text = self.text().strip()
        self.setModified(False)
        if text or not self._needed:
            self._shown = text
            self.painted.emit(text)
        self._back()
        self.clearFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave."""
        if event.key() == Qt.Key.Key_Escape:
            self.setModified(False)
            self._back()
            self.clearFocus()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """What was typed and not painted stays to be painted later, but is not taken for what is painted."""
        super().focusOutEvent(event)
        if self.text() == self._shown:
            self.setModified(False)


class PromptsBar(FollowingPanel):
    """Prompt A at the left, prompt B at the right, and under them the fader, with the mark of where sound moves it."""

    def __init__(self, show: Playable, changes: Changes, parent: QWidget | None = None) -> None:
        super().__init__(self.follow, parent=parent)
        self._show, self._changes = show, changes
        self.first = PromptField("What should it look like? Enter paints it.", needed=True)
        self.second = PromptField("And at the other end of the fader?", needed=False)
        self.first.painted.connect(lambda text: changes.set(FIRST, text))
        self.second.painted.connect(lambda text: changes.set(SECOND, text))
        mix = PARAMETERS[MIX]
        self.fader = ParameterSlider(mix.low, mix.high)
        self.fader.setToolTip(about(mix))
        self.fader.setAccessibleName("From prompt A to prompt B")
        self.fader.changed.connect(lambda value, gesture: changes.set(MIX, value, gesture))
        self.fader.reset_asked.connect(lambda gesture: changes.set(MIX, changes.look_value(MIX), gesture))
        self.swap_button = QToolButton()
        self.swap_button.setText("⇄")
        self.swap_button.setToolTip("Swap the prompts and turn the fader: the picture stays, and the other end is free.")
        self.swap_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.swap_button.clicked.connect(self.swap)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setHorizontalSpacing(theme.GAP_PX)
        layout.setVerticalSpacing(4)
        for column, field in ((0, self.first), (2, self.second)):
            field.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            field.setMinimumWidth(120)
            layout.addWidget(field, 0, column)
            layout.setColumnStretch(column, 1)
        layout.addWidget(self.swap_button, 0, 1)
        line = QHBoxLayout()
        for widget in (QLabel("A"), self.fader, QLabel("B")):
            if isinstance(widget, QLabel):
                widget.setObjectName("faint")
            line.addWidget(widget)
        layout.addLayout(line, 1, 0, 1, 3)

    def follow(self) -> None:
        """Show the prompts and the mix."""
        values, controls = self._changes.values, self._show.controls
        self.first.put(str(values[FIRST]))
        self.second.put(str(values[SECOND]))
        base = float(values[MIX])
        final = controls.values[MIX] if controls is not None else base
        self.fader.put(base, final, any(route.target == MIX for route in self._changes.routes))

    def swap(self) -> None:
        """Each prompt goes to the other end, and so does the fader: the picture stays as it is."""
        values = self._changes.values
        first, second = str(values[FIRST]), str(values[SECOND])
        with self._changes.together("swap of the prompts"):
            self._changes.set(FIRST, second or first)  # an empty second end shows the first
            self._changes.set(SECOND, first)
            self._changes.set(MIX, 1.0 - float(values[MIX]))
        self.follow()
