"""The desk: everything a VJ holds in the hand, in one window."""

from __future__ import annotations

import signal
from collections.abc import Callable

from PySide6.QtCore import QByteArray, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QKeyEvent, QUndoCommand
from PySide6.QtWidgets import QApplication, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from visualizer.live import stop_signals
from visualizer.parameters import ParameterError
from visualizer.preset import PresetError
from visualizer.ui import remembered
from visualizer.ui.changes import Changes
from visualizer.ui.desk_side import DeskSide
from visualizer.ui.heard_panel import HeardPanel
from visualizer.ui.input_picker import InputPicker
from visualizer.ui.keys import key_name
from visualizer.ui.keys_overlay import KeysOverlay
from visualizer.ui.midi_panel import MidiPanel
from visualizer.ui.model_panel import ModelPanel
from visualizer.ui.picture_view import PictureView
from visualizer.ui.prompts_bar import PromptsBar
from visualizer.ui.rig import Rig
from visualizer.ui.stage_panel import StagePanel
from visualizer.ui.status_bar import StatusBar
from visualizer.ui.theme import GAP_PX, STYLE, palette

LOOK_MS = 8
"""How often the desk looks for a new frame."""

KEEP_MS = 15_000
"""How often what is remembered is written, so that even a crash forgets little."""

SIZE = (1280, 800)
SIDE_WIDTH = 416


class Desk(QWidget):
    """The desk of one running show."""

    def __init__(self, rig: Rig) -> None:
        super().__init__()
        self._rig = rig
        self.setObjectName("desk")
        self.setWindowTitle("TPoS Live")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        show = rig.show
        self._source = show.settings.source
        self.changes = Changes(show, self)
        self.view = PictureView()
        self.prompts = PromptsBar(show, self.changes)
        self.heard = HeardPanel()
        self.heard.follow(show)
        self.side = DeskSide(show, self.changes, rig.fitted)
        self.stage = StagePanel(show, rig.recordings, rig.shares)
        self.side.add("Stage", self.stage)
        self.model = ModelPanel(show, self.changes)
        self.model.told.connect(show.tell)
        self.side.add("Model", self.model)
        self.midi: MidiPanel | None = None
        if rig.midi is not None and rig.link is not None:
            self.midi = MidiPanel(rig.midi, rig.link)
            self.midi.told.connect(show.tell)
            self.side.add("MIDI", self.midi)
            self.side.learn_asked.connect(self._learn)
        self.picker = InputPicker(show, show.settings.source, rig.remembered.source)
        self.status = StatusBar(show, rig.osc)
        self.keys = KeysOverlay(self)
        self._lay_out()
        self._does: dict[str, Callable[[], object]] = {
            "blackout": lambda: show.set_blackout(not show.blackout),
            "freeze": lambda: show.set_freeze(not show.frozen),
            "fullscreen": self.stage.toggle_stage,
            "record": self.stage.toggle_recording,
            "next": lambda: self._step(1),
            "previous": lambda: self._step(-1),
            "search": self._search,
            "save": self.side.looks.save,
            "tap": show.tap,
            "flip": show.flip_beat,
            "downbeat": show.downbeat,
            "undo": self.changes.stack.undo,
            "redo": self.changes.stack.redo,
            "keys": self.keys.toggle,
            "leave": self.setFocus,
        }
        self.side.told.connect(show.tell)
        self.stage.said.connect(show.tell)
        self.stage.pressed.connect(self.press)
        self.picker.chosen.connect(self._choose_input)
        self.picker.gone.connect(self.put_input)
        self._frames, self._keeping = QTimer(self), QTimer(self)
        self._frames.timeout.connect(self._put_frame)
        self._frames.start(LOOK_MS)
        self._keeping.timeout.connect(self.keep)
        self._keeping.start(KEEP_MS)
        for problem in rig.problems:
            show.tell(problem)
        self.take_up(rig.remembered)
        self.setFocus()

    def _lay_out(self) -> None:
        left, right = QVBoxLayout(), QVBoxLayout()
        left.setSpacing(GAP_PX)
        right.setSpacing(GAP_PX)
        left.addWidget(self.view, 1)
        left.addWidget(self.prompts)
        left.addWidget(self.heard)
        right.addWidget(self.picker)
        right.addWidget(self.side, 1)
        side = QWidget()
        side.setLayout(right)
        right.setContentsMargins(0, 0, 0, 0)
        side.setFixedWidth(SIDE_WIDTH)
        side.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        both = QHBoxLayout()
        both.setSpacing(12)
        both.addLayout(left, 1)
        both.addWidget(side)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(12, 12, 12, 10)
        whole.setSpacing(GAP_PX)
        whole.addLayout(both, 1)
        whole.addWidget(self.status)

    def press(self, name: str) -> None:
        """Do what the key of that name in ``keys.KEYS`` does."""
        self._does[name]()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys that no field has taken."""
        name = key_name(event)
        if name:
            self.press(name)
        else:
            super().keyPressEvent(event)

    def _learn(self, name: str) -> None:
        if self.midi is not None:
            self.side.tabs.setCurrentIndex(self.side.tabs.count() - 1)
            self.midi.learn(name)

    def _search(self) -> None:
        self.side.tabs.setCurrentWidget(self.side.looks)
        self.side.looks.filter.setFocus()

    def _step(self, by: int) -> None:
        try:
            self.changes.load_look(self._rig.looks.beside(by))
        except PresetError as error:
            self._rig.show.tell(str(error))

    def _choose_input(self, source: str) -> None:
        if source != self._source:
            self.changes.stack.push(_SetInput(self, self._source, source))

    def put_input(self, source: str) -> None:
        """Listen to a source, and no step to undo."""
        self._source = source
        self._rig.show.set_input(source)
        self.picker.put(source)

    def _put_frame(self) -> None:
        if self._rig.show.latest is not None:
            self.view.put(self._rig.show.latest)

    # What is remembered.

    def take_up(self, kept: remembered.Remembered) -> None:
        """Look as it did the last time."""
        show = self._rig.show
        if not (kept.geometry and self.restoreGeometry(QByteArray.fromHex(kept.geometry.encode("ascii", "replace")))):
            free = self.screen().availableGeometry()
            self.resize(min(SIZE[0], free.width()), min(SIZE[1], free.height()))
        self.side.tabs.setCurrentIndex(kept.tab)
        self.stage.stage.choose_screen(kept.screen)
        self.stage.stage.set_mode("fill" if kept.aspect == "fill" else "fit")
        if self.midi is not None and kept.link:
            self.midi.outside.turn_link(True)
        for name, value in kept.own.items():
            try:
                show.set(name, value)
            except (ParameterError, KeyError) as error:
                show.tell(f"What the desk remembered of {name} cannot be taken up: {error}")

    def keep(self) -> None:
        """Write what is remembered."""
        if self._rig.keep is None:
            return
        show = self._rig.show
        own = {name: value for name, value in show.values.items() if name.partition("/")[0] in ("show", "output")}
        geometry = bytes(self.saveGeometry().toHex().data()).decode("ascii")
        kept = remembered.Remembered(
            self.picker.source, remembered.plain_look(show.look()), own, geometry, self.stage.stage.screen_chosen,
            self.side.tabs.currentIndex(), self.stage.stage.mode,
            self._rig.link is not None and self._rig.link.state.is_on, *self.model.remembered,
        )  # fmt: skip
        try:
            remembered.save(kept, self._rig.keep)
        except OSError as error:
            show.tell(f"What the desk remembers cannot be written to {self._rig.keep}: {error.strerror or error}")

    def closeEvent(self, event: QCloseEvent) -> None:
        """Remember, and ask the show for nothing more."""
        self.keep()
        self._frames.stop()
        self._keeping.stop()
        self.stage.close_stage()
        self.side.let_go()
        self.setUpdatesEnabled(False)  # what is still to be drawn would find no window
        super().closeEvent(event)


class _SetInput(QUndoCommand):
    def __init__(self, desk: Desk, before: str, after: str) -> None:
        super().__init__("input")
        self._desk, self._before, self._after = desk, before, after

    def redo(self) -> None:
        self._desk.put_input(self._after)

    def undo(self) -> None:
        self._desk.put_input(self._before)


def run_desk(rig: Rig, seconds: float = 0.0) -> None:
    """Show a started show's desk; return when it is closed or ``seconds`` are over (0: no end)."""
    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    application.setApplicationName("TPoS Live")
    application.setPalette(palette())
    application.setStyleSheet(STYLE)
    desk = Desk(rig)
    desk.show()
    for number in stop_signals():
        signal.signal(number, lambda *_: application.quit())
    if seconds:
        QTimer.singleShot(round(1000 * seconds), application.quit)
    application.exec()
    desk.close()
