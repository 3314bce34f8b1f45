"""The plain window: the picture, one status line, a prompt field."""

from __future__ import annotations

import signal
import time

from PySide6.QtCore import QRect, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QColor, QImage, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from visualizer.live import stop_signals
from visualizer.show import LiveShow, ShowStatus
from visualizer.snapshots import Frame
from visualizer.ui.elided import ElidedLabel
from visualizer.ui.heard_panel import WORDS_SHOWN, HeardPanel, Hearing

REFRESH_MS = 8
HEARD_MS = 33
STATUS_MS = 250
STYLE = """
QWidget#desk { background: #0b0c10; }
QLabel { color: #8d93a1; font-size: 12px; padding: 0 2px; }
QLabel#notice { color: #ffb454; }
QLineEdit { background: #15171e; color: #e8eaf0; border: 1px solid #262a35; border-radius: 6px; padding: 8px 10px;
            font-size: 15px; selection-background-color: #4b5bd6; }
QLineEdit:focus { border-color: #5b6cf0; }
"""


INPUT_STATES = {"restarting": "opening", "lost": "gone", "ended": "at its end"}
"""Of an input that does not run, as the status line says it."""


class PictureView(QWidget):
    """Shows the newest frame as large as fits, in its own aspect, on black."""

    def __init__(self) -> None:
        super().__init__()
        self._image: QImage | None = None
        self._frame: Frame | None = None
        self.setMinimumSize(256, 256)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def put(self, frame: Frame) -> None:
        """Show this frame; the same one again costs nothing."""
        if frame is self._frame:
            return
        self._frame = frame  # keeps the pixels alive, which QImage only borrows
        height, width = frame.picture.shape[:2]
        self._image = QImage(frame.picture.data, width, height, 3 * width, QImage.Format.Format_RGB888)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the frame, smoothly scaled."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor("#000000"))
        if self._image is None:
            painter.setPen(QColor("#565c6b"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "warming up …")
            return
        scale = min(self.width() / self._image.width(), self.height() / self._image.height())
        width, height = round(self._image.width() * scale), round(self._image.height() * scale)
        place = QRect((self.width() - width) // 2, (self.height() - height) // 2, width, height)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(place, self._image)


def status_line(status: ShowStatus, osc: str = "") -> str:
    """Frames a second, delay, input, backend and OSC in one line; what is wrong with the input is told above it."""
    renderer = status.renderer
    if status.frames:
        moving = f"{status.fps:.0f} frames/s   ·   delay {status.delay_ms:.0f} ms"
    else:
        moving = "loading the model"
    engine = f"{renderer.backend} {renderer.precision}" if renderer.backend else renderer.state
    size = f"{renderer.size[0]}×{renderer.size[1]}" if renderer.size[0] else ""
    source = status.input if status.input_state == "running" else INPUT_STATES.get(status.input_state, status.input_state)
    return "   ·   ".join(part for part in (moving, f"input: {source}", engine, size, osc) if part)


def notice(status: ShowStatus) -> str:
    """All that is wrong, or odd, each said once. Paths may break at their slashes, or one would widen the window."""
    told = list(status.messages)
    if status.input_state in ("failed", "lost") and status.input not in told:
        told.insert(0, status.input)
    return "   ".join(told).replace("/", "/\u200b")


class ShowWindow(QWidget):
    """The desk of one running show."""

    def __init__(self, show: LiveShow, prompt: str, osc: str = "") -> None:
        super().__init__()
        self._show, self._osc = show, osc
        self.setObjectName("desk")
        self.setWindowTitle("TPoS Live")
        self.setStyleSheet(STYLE)
        self.resize(760, 860)
        self._view = PictureView()
        self._heard = HeardPanel()
        self._drawn, self._drawn_at = 0, time.perf_counter()  # the newest hop drawn, and when
        self._status = ElidedLabel("starting")
        self._notice = QLabel("")
        self._notice.setObjectName("notice")
        self._notice.setWordWrap(True)
        policy = self._notice.sizePolicy()  # which lets the height follow from the width
        policy.setHorizontalPolicy(QSizePolicy.Policy.Ignored)
        self._notice.setSizePolicy(policy)
        self._notice.hide()
        self._prompt = QLineEdit(prompt)
        self._prompt.setPlaceholderText("What should it look like? Enter paints it.")
        self._prompt.returnPressed.connect(self._ask)
        self._prompt.setToolTip(
            "Enter paints it and leaves the field, Esc leaves it. Outside it "
            "T taps the tempo, H moves the beat by a half, D makes this beat the first of the bar."
        )
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocus()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(8)
        layout.addWidget(self._view, 1)
        layout.addWidget(self._heard)
        layout.addWidget(self._notice)
        layout.addWidget(self._prompt)
        layout.addWidget(self._status)
        self._refresh = QTimer(self)
        self._refresh.timeout.connect(self._put_frame)
        self._refresh.start(REFRESH_MS)
        self._listen = QTimer(self)
        self._listen.timeout.connect(self._put_heard)
        self._listen.start(HEARD_MS)
        self._tell = QTimer(self)
        self._tell.timeout.connect(self._put_status)
        self._tell.start(STATUS_MS)

    def _ask(self) -> None:
        text = self._prompt.text().strip()
        if text:
            self._show.set("picture/prompt", text)
        self._prompt.clearFocus()

    def _put_frame(self) -> None:
        if self._show.latest is not None:
            self._view.put(self._show.latest)

    def _put_heard(self) -> None:
        now = time.perf_counter()
        hops = [hop for hop in tuple(self._show.hops) if hop.sample > self._drawn]
        words = self._show.words(WORDS_SHOWN)
        self._heard.put(Hearing(hops, self._show.beat, words, self._show.no_words), now - self._drawn_at)
        self._drawn, self._drawn_at = hops[-1].sample if hops else self._drawn, now

    def _put_status(self) -> None:
        status = self._show.status
        self._status.put(status_line(status, self._osc))
        told = notice(status)
        self._notice.setText(told)
        self._notice.setVisible(bool(told))
        if self._show.failure is not None:
            self._notice.setText(f"the show stopped: {self._show.failure}")
            self._notice.show()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc leaves the prompt field, so that keys are free: T taps, H moves the beat by a half, D begins the bar."""
        if event.key() == Qt.Key.Key_Escape:
            self._prompt.clearFocus()
        elif event.isAutoRepeat():
            return
        elif event.key() == Qt.Key.Key_T:
            self._show.tap()
        elif event.key() == Qt.Key.Key_H:
            self._show.flip_beat()
        elif event.key() == Qt.Key.Key_D:
            self._show.downbeat()
        super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop asking the show for anything."""
        self._refresh.stop()
        self._listen.stop()
        self._tell.stop()
        self.setUpdatesEnabled(False)  # what is still to be drawn would find no window
        super().closeEvent(event)


def run_window(show: LiveShow, prompt: str, seconds: float = 0.0, osc: str = "") -> None:
    """Show a started show in a window; return when it is closed or ``seconds`` are over (0: no end).

    osc: for the status line.
    """
    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    application.setApplicationName("TPoS Live")
    window = ShowWindow(show, prompt, osc)
    window.show()
    for number in stop_signals():
        signal.signal(number, lambda *_: application.quit())
    if seconds:
        QTimer.singleShot(round(1000 * seconds), application.quit)
    application.exec()
    window.close()
