"""The beat: a dial that goes round once a beat, the tempo with its source, and the three ways to correct it."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from visualizer.snapshots import Beat
from visualizer.ui.keys import CAPS
from visualizer.ui.lettering import write
from visualizer.ui.theme import FAINT, NUMBER_PX, PANEL, SMALL_PX, TEXT, TRACK, YELLOW, colour

WIDTH = 196
DIAL = 84
TEXT_LEFT = DIAL + 10
TEXT_WIDTH = WIDTH - TEXT_LEFT
"""Room for tempo and source, which are never cut."""

UNIT_WIDTH = 30
UNSURE = 0.3
"""Below this confidence the tempo is grey: it is a guess."""

DOT, DOT_STEP = 5, 17
SOURCES = {"link": "Link", "midi": "MIDI clock", "osc": "OSC", "tap": "tapped", "sound": "heard"}


def tempo_lines(beat: Beat | None) -> tuple[str, str, str]:
    """The tempo, where it comes from, and how sure that is."""
    if beat is None:
        return "–", "no beat yet", ""
    return f"{beat.bpm:.1f}", SOURCES.get(beat.source, beat.source), f"{beat.confidence:.0%} sure"


class BeatDial(QWidget):
    """Dial, tempo and a dot for each beat of the bar."""

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumSize(WIDTH, DIAL + 6)
        self.setAccessibleName("Beat")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # or the panel would be drawn anew below it
        self._beat: Beat | None = None

    def put(self, beat: Beat | None) -> None:
        """Draw this moment's beat."""
        if beat != self._beat:
            self._beat = beat
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the dial, which lights up on the beat, and what is known beside it."""
        beat, painter = self._beat, QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), colour(PANEL))
        top = (self.height() - DIAL) / 2
        dial = QRectF(4, top + 4, DIAL - 8, DIAL - 8)
        painter.setPen(QPen(colour(TRACK), 7))
        painter.drawEllipse(dial)
        tempo, origin, sure = tempo_lines(beat)
        certain = beat is not None and beat.confidence >= UNSURE
        number = QRectF(TEXT_LEFT, top, TEXT_WIDTH - UNIT_WIDTH, 28)
        width = write(painter, number, tempo, NUMBER_PX, TEXT if certain else FAINT, bold=True)
        write(painter, QRectF(TEXT_LEFT + width + 5, top + 4, UNIT_WIDTH, 24), "BPM", SMALL_PX, FAINT)
        write(painter, QRectF(TEXT_LEFT, top + 29, TEXT_WIDTH, 17), origin, SMALL_PX, FAINT)
        write(painter, QRectF(TEXT_LEFT, top + 46, TEXT_WIDTH, 17), sure, SMALL_PX, FAINT)
        if beat is None:
            return
        shade = colour(YELLOW, 0.25 + 0.75 * beat.confidence)
        painter.setPen(QPen(shade, 7, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
        painter.drawArc(dial, 90 * 16, round(-360 * 16 * beat.phase))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour(YELLOW, shade.alphaF() * (1 - beat.phase) ** 2))
        painter.drawEllipse(dial.center(), dial.width() * 0.32, dial.height() * 0.32)
        now = int(beat.bar_phase * beat.meter) % beat.meter
        step = min(DOT_STEP, (TEXT_WIDTH - 2 * DOT) / max(1, beat.meter - 1))
        for each in range(beat.meter):
            painter.setBrush(shade if each == now else colour(TRACK))
            painter.drawEllipse(QPointF(TEXT_LEFT + DOT + step * each, top + DIAL - DOT - 3), DOT, DOT)


class BeatView(QWidget):
    """The dial over its three buttons."""

    tapped, flipped, downbeat = Signal(), Signal(), Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setFixedWidth(WIDTH)
        self.dial = BeatDial()
        row = QHBoxLayout()
        row.setSpacing(6)
        for label, key, what, signal in (
            ("Tap", "tap", "A beat is now; two such taps make a tempo", self.tapped),
            ("½", "flip", "The beat is half a beat off: move it, or back", self.flipped),
            ("1", "downbeat", "The beat nearest to now is the first of its bar", self.downbeat),
        ):
            button = QPushButton(f"{label}   {CAPS[key]}")
            button.setStyleSheet(f"font-size: {SMALL_PX}px; padding: 5px 2px;")
            button.setToolTip(f"{what} (key {CAPS[key]})")
            button.setAccessibleName(what)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the space bar changes the look
            button.pressed.connect(signal)  # not when it is let go: a tap is a moment
            row.addWidget(button, 3 if key == "tap" else 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.dial, 1)
        layout.addLayout(row)
