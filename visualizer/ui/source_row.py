"""What is painted over: a camera, a video or picture file, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QFileDialog, QFormLayout, QVBoxLayout, QWidget

from visualizer.picture_source.errors import PictureError
from visualizer.picture_source.source import Status
from visualizer.ui.bound_spin import BoundSpin
from visualizer.ui.changes import Changes
from visualizer.ui.outside_list import note, put
from visualizer.ui.segments import Segments

KINDS = (
    ("", "Nothing", "The picture grows from itself alone"),
    ("camera:", "Camera", "Paint over the first camera"),
    ("file", "File…", "Paint over a video, looped, or a picture"),
)
FILES = "Videos and pictures (*.mp4 *.mov *.mkv *.webm *.avi *.png *.jpg *.jpeg);;Any file (*)"
AMOUNT, MIRROR = "source/amount", "source/mirror"


class Source(Protocol):
    """What is asked of a show's picture source."""

    source: str
    status: Status


class SourceShow(Protocol):
    """What is asked of a show."""

    @property
    def picture_source(self) -> Source:
        """What is painted over."""
        ...

    def set_picture_source(self, source: str) -> None:
        """Paint over another; raises PictureError."""
        ...


def asked_for(parent: QWidget) -> str:
    """The file that somebody chose; "" for none."""
    return QFileDialog.getOpenFileName(parent, "A video or a picture", "", FILES)[0]


class SourceRow(QWidget):
    """Chooses the picture source. ask: for a file. ``told``: one sentence for the user."""

    told = Signal(str)

    def __init__(self, show: SourceShow, changes: Changes, ask: Callable[[QWidget], str] = asked_for) -> None:
        super().__init__()
        self._show, self._changes, self._ask = show, changes, ask
        self.kinds = Segments(KINDS, "Paint over")
        self.kinds.chosen.connect(self._choose)
        self.state = note()
        self.amount = BoundSpin(AMOUNT, changes, 0.05)
        self.mirror = QCheckBox("mirrored")
        self.mirror.clicked.connect(lambda on: changes.set(MIRROR, float(on)))
        self._knobs = QWidget()
        form = QFormLayout(self._knobs)
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("How much", self.amount)
        form.addRow("", self.mirror)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        for part in (self.kinds, self.state, self._knobs):
            layout.addWidget(part)

    def follow(self) -> None:
        """Show what holds, whoever changed it."""
        source, status = self._show.picture_source.source, self._show.picture_source.status
        self.kinds.put("camera:" if source.startswith("camera:") else "file" if source else "")
        name = source if source.startswith("camera:") else Path(source).name
        put(self.state, f"{name}: {status.text}" if status.text else name)
        self.state.setVisible(bool(source))
        self._knobs.setVisible(bool(source))
        self.amount.follow(self._changes.values[AMOUNT])
        self.mirror.setChecked(self._changes.values[MIRROR] == 1.0)

    def _choose(self, kind: str) -> None:
        source = self._ask(self) if kind == "file" else kind
        if source or not kind:
            try:
                self._show.set_picture_source(source)
            except PictureError as error:
                self.told.emit(str(error))
        self.follow()
