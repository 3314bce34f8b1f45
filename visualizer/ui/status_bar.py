"""The status line of a show, and above it, in sentences, what is wrong."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout

from visualizer.audio.devices import HOST_API_ORDER
from visualizer.show import Handed, ShowStatus
from visualizer.snapshots import Frame
from visualizer.ui.delay_bar import Delay, DelayBar
from visualizer.ui.following import FollowingPanel
from visualizer.ui.theme import FAINT, GROUND, SMALL_PX, TEXT, WARN

REFRESH_MS = 250
USUAL_OVER = 8
"""Frames, one a refresh, whose median delay is shown."""

DROPPED_SHOWN_FOR = 20
"""Refreshes for which a newly dropped frame stands out."""

INPUT_STATES = {"restarting": "opening …", "lost": "gone", "ended": "at its end", "failed": "failed"}
"""Of an input that does not run."""


class StatusShow(Protocol):
    """What is asked of a show."""

    @property
    def status(self) -> ShowStatus:
        """Figures and states."""
        ...

    @property
    def latest(self) -> Frame | None:
        """The newest frame."""
        ...

    @property
    def history(self) -> deque[Handed]:
        """The frames as they were handed to the outputs."""
        ...

    @property
    def failure(self) -> BaseException | None:
        """What the show's thread died of."""
        ...


class OscShown(Protocol):
    """What is asked of the show's OSC, as in ``osc.door.OscState``."""

    @property
    def text(self) -> str:
        """Where it listens and sends; "" for no OSC."""
        ...

    @property
    def is_open(self) -> bool:
        """Whether others in the network can play the show."""
        ...

    @property
    def query(self) -> str:
        """Where OSCQuery answers, "" for nowhere."""
        ...


def notice(status: ShowStatus, failure: BaseException | None = None) -> str:
    """All that is wrong, or odd, each said once. Paths may break at their slashes, or one would widen the window."""
    told = list(status.messages)
    if status.input_state in ("failed", "lost") and status.input not in told:
        told.insert(0, status.input)
    if failure is not None:
        told.insert(0, f"The show stopped ({failure}); close the program and start it again.")
    return "   ".join(told).replace("/", "/\u200b").replace("\\", "\\\u200b")


def input_name(status: ShowStatus) -> str:
    """The device or file that runs, without its format and the system's sound interface; else what became of it."""
    if status.input_state != "running":
        return INPUT_STATES.get(status.input_state, status.input_state)
    name = status.input.rsplit(", ", 2)[0]
    interface, _, bare = name.partition(": ")
    return bare if interface in HOST_API_ORDER else name


def engine(status: ShowStatus) -> str:
    """Backend, precision and size of the picture; before there are any, what the renderer does."""
    renderer = status.renderer
    if not renderer.backend:
        return "loading the model" if renderer.state == "starting" else f"renderer: {renderer.state}"
    size = f"{renderer.size[0]}×{renderer.size[1]}"
    state = "" if renderer.state == "running" else f"   {renderer.state}"
    return f"{renderer.backend} {renderer.precision}   {size}{state}"


class Dropped:
    """Counts the frames that were painted and never handed on."""

    def __init__(self) -> None:
        self.count = 0
        self._at = 0.0
        self._number: int | None = None

    def push(self, history: deque[Handed]) -> int:
        """Look at the frames since the last call; return how many were dropped since the first."""
        for handed in tuple(history):
            if handed.at <= self._at:
                continue
            if self._number is not None and handed.number > self._number:  # a new renderer may begin anew
                self.count += handed.number - self._number - 1
            self._number, self._at = handed.number, handed.at
        return self.count


class NameLabel(QLabel):
    """A name or address that is cut in its middle where there is no room: such differ at both ends."""

    def minimumSizeHint(self) -> QSize:
        """A few letters."""
        return QSize(min(90, self.sizeHint().width()), super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw what there is room for."""
        shown = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideMiddle, self.width())
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignVCenter), shown)


class StatusBar(FollowingPanel):
    """Looks at ``show`` by itself while it is visible. osc: the state of its OSC, None for a show without."""

    def __init__(self, show: StatusShow, osc: Callable[[], OscShown | None] = lambda: None) -> None:
        super().__init__(self.refresh, REFRESH_MS)
        self._show, self._osc_state = show, osc
        self._dropped, self._stands_out = Dropped(), 0
        self._delays: deque[Delay] = deque(maxlen=USUAL_OVER)
        self._last: Frame | None = None
        self._rate, self._drops, self._engine = QLabel(), QLabel(), QLabel()
        self._input, self._osc, self._badge = NameLabel(), NameLabel(), QLabel("open to LAN")
        self._delay = DelayBar()
        self._notice = QLabel()
        self._notice.setObjectName("notice")
        self._notice.setWordWrap(True)
        self._notice.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        policy = self._notice.sizePolicy()  # which lets the height follow from the width
        policy.setHorizontalPolicy(QSizePolicy.Policy.Ignored)
        self._notice.setSizePolicy(policy)
        self._notice.hide()
        self._badge.setStyleSheet(
            f"background: {WARN}; color: {GROUND}; border-radius: 4px; padding: 2px 7px; font-weight: bold;"
            f"font-size: {SMALL_PX}px;"
        )
        self._badge.setToolTip("Every machine in this network can play the show over OSC.")
        self._badge.hide()
        line = QHBoxLayout()
        line.setContentsMargins(2, 0, 2, 0)
        line.setSpacing(20)
        for label in (self._rate, self._drops, self._engine, self._input, self._osc):
            label.setStyleSheet(f"font-size: {SMALL_PX}px; color: {TEXT};")
        for widget in (self._rate, self._delay, self._drops, self._engine):
            line.addWidget(widget)
        line.addWidget(self._input, 1)
        line.addWidget(self._osc)
        line.addWidget(self._badge)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self._notice)
        layout.addLayout(line)

    def refresh(self) -> None:
        """Look at the show, now."""
        status = self._show.status
        self._rate.setText(f"{status.fps:.0f} frames/s" if status.frames else "no frames yet")
        self._look_at_delay()
        before = self._dropped.count
        dropped = self._dropped.push(self._show.history)
        self._stands_out = DROPPED_SHOWN_FOR if dropped > before else max(0, self._stands_out - 1)
        self._drops.setText(f"{dropped} dropped")
        self._drops.setToolTip(
            f"{dropped} frames were painted and never shown; {status.lost_samples} samples of sound were lost"
        )
        _paint(self._drops, WARN if self._stands_out else FAINT)
        self._engine.setText(engine(status))
        self._input.setText(f"input: {input_name(status)}")
        self._input.setToolTip(status.input)
        _paint(self._input, TEXT if status.input_state == "running" else WARN)
        self._look_at_osc()
        told = notice(status, self._show.failure)
        self._notice.setText(told)
        self._notice.setVisible(bool(told))

    def _look_at_delay(self) -> None:
        frame = self._show.latest
        if frame is not None and frame is not self._last:
            handed = next((each for each in reversed(tuple(self._show.history)[-8:]) if each.number == frame.number), None)
            if handed is not None:
                self._delays.append(Delay.of(frame.trace, frame.trace.captured + handed.delay_s))
            self._last = frame
        late = self._show.status.renderer.delay_frames
        self._delay.put(Delay.usual(self._delays) if self._delays else None, late)

    def _look_at_osc(self) -> None:
        osc = self._osc_state()
        self._badge.setVisible(osc is not None and osc.is_open)
        said = osc.text.replace(", open to the network", "") if osc is not None else ""
        self._osc.setText(said or "no OSC")
        _paint(self._osc, TEXT if said else FAINT)
        self._osc.setToolTip(f"OSCQuery: {osc.query}" if osc is not None and osc.query else "")


def _paint(label: QLabel, name: str) -> None:
    """Change a label's colour, where it changes: a style sheet is not free."""
    if label.property("shade") != name:
        label.setProperty("shade", name)
        label.setStyleSheet(f"font-size: {SMALL_PX}px; color: {name};")
