"""Choosing what the show listens to: a sound input, what the computer plays, a file or the demo track."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QFileDialog, QGridLayout, QLabel, QSizePolicy, QToolButton, QWidget

from visualizer.audio.devices import Device, DeviceError, find_input, is_default
from visualizer.audio.files import READABLE
from visualizer.audio.listing import Listing
from visualizer.resources import demo_track
from visualizer.snapshots import Heard
from visualizer.ui.level_bar import LevelBar
from visualizer.ui.theme import GAP_PX

REFRESH_MS = 50
NOTHING_AFTER_S = 0.25
LEAST_WIDTH = 260
DEFAULT = "device:"
A_FILE = "file…"
"""What stands in the list for choosing a file; no source is called so."""


class ListeningShow(Protocol):
    """What is asked of a show."""

    @property
    def heard(self) -> Heard | None:
        """The newest hop."""
        ...


def source_of(device: Device) -> str:
    """What the show is told to listen to."""
    return f"device:{device.node or device.label}"


def arranged(devices: list[Device]) -> list[tuple[str, str]]:
    """(text, source) of each input, what the computer plays first and marked."""
    names = [device.name for device in devices]
    first = sorted(devices, key=lambda device: not device.is_loopback)
    texts = [device.name if names.count(device.name) == 1 else f"{device.name}  ({device.hostapi})" for device in first]
    return [
        (f"system sound:  {text}" if device.is_loopback else text, source_of(device))
        for text, device in zip(texts, first, strict=True)
    ]


class InputPicker(QWidget):
    """Says ``chosen`` with a source as the show wants it: "device:NAME", "device:" for the default, or "file:PATH".

    It changes nothing by itself; ``put`` tells it what plays. ``listed`` follows every look at the inputs. remembered: the
    source of the last show; one that is gone is said in ``problem`` and under the list, and where it was to be listened to
    now, ``gone`` says what is there instead.
    """

    chosen = Signal(str)
    gone = Signal(str)
    listed = Signal()

    def __init__(self, show: ListeningShow, source: str, remembered: str = "",
                 look: Callable[[], Listing] = Listing) -> None:  # fmt: skip
        super().__init__()
        self._show, self._source, self._remembered, self._look = show, source, remembered, look
        self._devices: list[Device] = []
        self._listing: Listing | None = None
        self.problem = ""
        self.list = QComboBox()
        self.list.setMinimumWidth(LEAST_WIDTH)
        self.list.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.list.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.list.setAccessibleName("Sound source")
        self.list.setToolTip("What the show listens to")
        self.list.activated.connect(self._choose)
        self._again = QToolButton()
        self._again.setText("⟳")
        self._again.setToolTip("Look for sound inputs again")
        self._again.setAccessibleName("Look for sound inputs again")
        self._again.clicked.connect(self.look)
        self._level = LevelBar()
        self._level.setToolTip("What comes in")
        self._said = QLabel()
        self._said.setObjectName("notice")
        self._said.setWordWrap(True)
        self._said.hide()
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP_PX)
        layout.addWidget(self.list, 0, 0)
        layout.addWidget(self._again, 0, 1)
        layout.addWidget(self._level, 1, 0, 1, 2)
        layout.addWidget(self._said, 2, 0, 1, 2)
        layout.setColumnStretch(0, 1)
        self._sample, self._heard_at, self._drawn_at = 0, 0.0, time.perf_counter()
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self._refresh)
        self._fill()

    def sizeHint(self) -> QSize:
        """Wide enough for most names."""
        return QSize(LEAST_WIDTH + 80, super().sizeHint().height())

    @property
    def source(self) -> str:
        """What plays, as far as it was told."""
        return self._source

    def put(self, source: str) -> None:
        """This is what plays now."""
        self._source = source
        self._fill()

    def look(self) -> None:
        """List the inputs anew, in the background; a look that is under way is waited for instead."""
        if self._listing is None:
            self._listing = self._look()
            self._again.setEnabled(False)
            self._timer.start()

    def _refresh(self) -> None:
        now = time.perf_counter()
        heard = self._show.heard
        if heard is not None and heard.sample != self._sample:
            self._sample, self._heard_at = heard.sample, now
        fresh = heard is not None and now - self._heard_at < NOTHING_AFTER_S
        self._level.put(heard.level if heard is not None and fresh else 0.0, now - self._drawn_at)
        self._drawn_at = now
        if self._listing is not None and self._listing.done:
            self._take(self._listing)

    def _take(self, listing: Listing) -> None:
        self._listing = None
        self._again.setEnabled(True)
        self._devices = listing.inputs if listing.inputs is not None else self._devices
        missing = "" if listing.error else self._missing()
        self.problem = listing.error or missing
        self._said.setText(self.problem.replace("/", "/\u200b"))
        self._said.setVisible(bool(self.problem))
        self._fill()
        if missing and self._source == self._remembered:
            self.gone.emit(DEFAULT if self._devices else f"file:{demo_track()}")
        if not self.isVisible():
            self._timer.stop()
        self.listed.emit()

    def _missing(self) -> str:
        """The sentence that the remembered source is gone, where it is."""
        kind, _, name = self._remembered.partition(":")
        if kind == "file" and not Path(name).is_file():
            return f"The sound file {Path(name).name} of the last show is gone; choose what to listen to."
        if kind == "device" and not is_default(name):
            try:
                find_input(name, self._devices)
            except DeviceError:
                return (
                    f"The sound input {name!r} of the last show is not there; plug it in and look again, or choose another."
                )
        return ""

    def _fill(self) -> None:
        """The list as it is now, with what plays chosen in it, whatever that is."""
        choices = [("default input", DEFAULT), *arranged(self._devices)]
        demo, own = f"file:{demo_track()}", self._by_its_full_name(self._source)
        if own not in [demo, *(source for _, source in choices)]:
            kind, _, name = own.partition(":")
            choices.append((Path(name).name if kind == "file" else name, own))
        self.list.blockSignals(True)
        self.list.clear()
        for text, source in choices:
            self.list.addItem(text, source)
        self.list.insertSeparator(self.list.count())
        self.list.addItem("a sound file …", A_FILE)
        self.list.addItem("demo track", demo)
        self.list.setCurrentIndex(self.list.findData(own))
        self.list.blockSignals(False)

    def _by_its_full_name(self, source: str) -> str:
        """The source as its item in the list has it; a device may have been asked for by a part of its name."""
        kind, _, name = source.partition(":")
        if kind == "device" and is_default(name):
            return DEFAULT
        if kind == "device":
            with contextlib.suppress(DeviceError):
                return source_of(find_input(name, self._devices))
        return source

    def _choose(self, row: int) -> None:
        source = str(self.list.itemData(row, Qt.ItemDataRole.UserRole))
        if source == A_FILE:
            source = self._ask_for_file()
        if not source or source == self._source:
            self._fill()
            return
        self.problem = ""
        self._said.hide()
        self.put(source)
        self.chosen.emit(source)

    def _ask_for_file(self) -> str:
        kinds = " ".join(f"*{ending}" for ending in READABLE)
        path, _ = QFileDialog.getOpenFileName(self, "A sound file", "", f"Sound ({kinds});;Any file (*)")
        return f"file:{path}" if path else ""

    def showEvent(self, event: QShowEvent) -> None:
        """Look at the show, and once at the inputs, while it is visible."""
        super().showEvent(event)
        self._timer.start()
        if not self._devices:
            self.look()

    def hideEvent(self, event: QHideEvent) -> None:
        """Ask the show for nothing more."""
        self._timer.stop()
        super().hideEvent(event)
