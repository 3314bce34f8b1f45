"""Everything about what the audience sees: the stage, black and freeze, recording, flash safety, further outputs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from visualizer.ui.following import FollowingPanel
from visualizer.ui.keys import CAPS
from visualizer.ui.limiter_choice import LimitedShow, LimiterChoice
from visualizer.ui.output_window import StageShow
from visualizer.ui.record_row import RecordedShow, RecordRow
from visualizer.ui.screen_row import ScreenRow
from visualizer.ui.shares_list import Share, SharesList
from visualizer.ui.theme import GAP_PX, LARGE_PX

REFRESH_MS = 200


class StagedShow(StageShow, LimitedShow, RecordedShow, Protocol):
    """What the panel asks of a show."""


class StagePanel(FollowingPanel):
    """The tab "Stage". recordings: the folder that new recordings go to. shares: further outputs.

    ``pressed``: the name of a key of ``keys.KEYS`` that was pressed on the stage and is the desk's affair. ``said``: a
    sentence on what happened to the stage's screen. Call ``close_stage`` when the desk closes.
    """

    pressed = Signal(str)
    said = Signal(str)

    def __init__(self, show: StagedShow, recordings: Path, shares: Sequence[Share] = ()) -> None:
        super().__init__(self.refresh, REFRESH_MS)
        self._show = show
        self.stage = ScreenRow(show)
        self.stage.pressed.connect(self.pressed)
        self.stage.said.connect(self.said)
        self.blackout = self._toggle("Blackout", "blackout", "Black, at once")
        self.blackout.clicked.connect(show.set_blackout)
        self.freeze = self._toggle("Freeze", "freeze", "Hold the picture as it is")
        self.freeze.clicked.connect(show.set_freeze)
        self.record = RecordRow(show, recordings)
        self.limiter = LimiterChoice(show)
        self.shares = SharesList(shares)
        both = QWidget()
        row = QHBoxLayout(both)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.blackout, 1)
        row.addWidget(self.freeze, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP_PX)
        for title, part in (
            ("stage", self.stage), ("", both), ("recording", self.record), ("flash safety", self.limiter),
            ("other programs", self.shares),
        ):  # fmt: skip
            if part is not self.shares or shares:
                layout.addWidget(_section(title, part))
        layout.addStretch(1)
        self.refresh()

    def toggle_stage(self) -> None:
        """What the key F does on the desk."""
        self.stage.toggle()

    def toggle_recording(self) -> None:
        """What the key R does."""
        self.record.toggle()

    def close_stage(self) -> None:
        """Take the stage off its screen."""
        self.stage.close_stage()

    def refresh(self) -> None:
        """Show how things are, whoever changed them."""
        self.blackout.setChecked(self._show.blackout)
        self.freeze.setChecked(self._show.frozen)
        for part in (self.stage, self.record, self.limiter, self.shares):
            part.refresh()

    def _toggle(self, label: str, key: str, what: str) -> QPushButton:
        button = QPushButton(f"{label}   {CAPS[key]}")
        button.setObjectName("danger")
        button.setCheckable(True)
        button.setMinimumHeight(48)
        button.setStyleSheet(f"font-size: {LARGE_PX}px;")
        button.setToolTip(f"{what} (key {CAPS[key]})")
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        return button


def _section(title: str, part: QWidget) -> QFrame:
    frame = QFrame()
    frame.setObjectName("panel")
    layout = QVBoxLayout(frame)
    layout.setContentsMargins(10, GAP_PX, 10, 10)
    layout.setSpacing(6)
    if title:
        heading = QLabel(title)
        heading.setObjectName("title")
        layout.addWidget(heading)
    layout.addWidget(part)
    return frame
