"""Recording the show: one button, how long it has been running, and where the file lies."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QWidget

from visualizer.failures import is_expected
from visualizer.output.recording import new_recording
from visualizer.ui.elided import ElidedLabel
from visualizer.ui.keys import CAPS
from visualizer.ui.theme import LARGE_PX, RED


class RecordedShow(Protocol):
    """What is asked of a show."""

    @property
    def recording(self) -> Path | None:
        """The file that is being recorded to."""
        ...

    def start_recording(self, path: Path) -> object:
        """Begin a file."""
        ...

    def stop_recording(self) -> None:
        """Finish it."""
        ...


def clock(seconds: float) -> str:
    """Minutes and seconds, and hours where there are any."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class RecordRow(QWidget):
    """The button and what it says. folder: where recordings go; it is made when it is needed."""

    def __init__(self, show: RecordedShow, folder: Path) -> None:
        super().__init__()
        self._show, self._folder = show, folder
        self._seen: Path | None = None
        self._since = 0.0
        self.button = QPushButton()
        self.button.setCheckable(True)
        self.button.setObjectName("danger")
        self.button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.button.setToolTip(f"Record picture and sound to {folder} (key {CAPS['record']})")
        self.button.clicked.connect(self.toggle)
        self.elapsed = QLabel()
        self.elapsed.setStyleSheet(f"font-size: {LARGE_PX}px; color: {RED};")
        self.file = ElidedLabel()
        self.file.setObjectName("faint")
        self.problem = QLabel()
        self.problem.setObjectName("notice")
        self.problem.setWordWrap(True)
        self.problem.hide()
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.button, 0, 0)
        layout.addWidget(self.elapsed, 0, 1, Qt.AlignmentFlag.AlignRight)
        layout.addWidget(self.file, 1, 0, 1, 2)
        layout.addWidget(self.problem, 2, 0, 1, 2)
        layout.setColumnStretch(0, 1)
        self.refresh()

    def toggle(self) -> None:
        """Begin a new file, or finish the one that is being written."""
        self.problem.hide()
        try:
            if self._show.recording is not None:
                self._show.stop_recording()
            else:
                self._show.start_recording(new_recording(self._folder, datetime.now()))
        except Exception as error:
            if not is_expected(error):
                raise
            self.problem.setText(f"It cannot be recorded: {error}".replace("/", "/\u200b"))
            self.problem.show()
        self.refresh()

    def refresh(self) -> None:
        """Show what is being recorded, whoever began it."""
        path = self._show.recording
        if path is not None and path != self._seen:
            self._since = time.perf_counter()
        if path != self._seen or not self.button.text():
            finished = f"saved as {self._seen.name}" if self._seen is not None else ""
            self.file.put(path.name if path is not None else finished)
            self.file.setVisible(bool(self.file.text()))
            self.file.setToolTip(str(path or self._seen or ""))
            self.button.setText(f"{'■  Stop' if path else '●  Record'}   {CAPS['record']}")
            self._seen = path
        self.button.setChecked(path is not None)
        self.elapsed.setText(clock(time.perf_counter() - self._since) if path is not None else "")
