"""What the show hears, drawn plainly: beat, tempo with its source, onsets by band, loudness and the words for the sound."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from visualizer.snapshots import Beat, Heard

HEIGHT = 104
ONSET_FADES_S = 0.18
NOTHING_AFTER_S = 0.25
"""Without a hop for so long, the loudness shown falls to nothing."""

QUIETEST_LUFS, LOUDEST_LUFS = -60.0, 0.0
WORDS_SHOWN = 5

BACK, TRACK, TEXT, FAINT = QColor("#12141b"), QColor("#242835"), QColor("#e8eaf0"), QColor("#8d93a1")
# Told apart by every kind of colour vision (after Okabe and Ito).
BLUE, ORANGE, GREEN, YELLOW = QColor("#56b4e9"), QColor("#e69f00"), QColor("#2fbf8f"), QColor("#f0e442")
SOURCES = {"link": "Link", "midi": "MIDI clock", "osc": "OSC", "tap": "tapped", "sound": "heard"}


@dataclass(frozen=True, slots=True)
class Hearing:
    """What the panel draws. hops: those heard since it was drawn last; words: the bank's heaviest texts with weights."""

    hops: Sequence[Heard]
    beat: Beat | None
    words: Sequence[tuple[str, float]] = ()


def tempo_line(beat: Beat | None) -> tuple[str, str]:
    """Tempo, and where it comes from with how sure that is."""
    if beat is None:
        return "– BPM", "no beat yet"
    return f"{beat.bpm:.1f} BPM", f"{SOURCES.get(beat.source, beat.source)}, {beat.confidence:.0%} sure"


class HeardPanel(QWidget):
    """A strip under the picture. ``put`` it what is heard; it draws and lets onsets fade by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(HEIGHT)
        self.setMinimumWidth(480)
        self._beat: Beat | None = None
        self._words: Sequence[tuple[str, float]] = ()
        self._onsets = [0.0, 0.0, 0.0]
        self._lufs, self._without_s = -120.0, 0.0
        self.setAccessibleName("What is heard")

    def put(self, hearing: Hearing, seconds: float) -> None:
        """Take what was heard in the ``seconds`` since the last call."""
        fade = math.exp(-seconds / ONSET_FADES_S)
        struck = [(hop.onset_low, hop.onset_mid, hop.onset_high) for hop in hearing.hops]
        for band in range(3):
            self._onsets[band] = max([self._onsets[band] * fade, *(onset[band] for onset in struck)])
        self._without_s = 0.0 if hearing.hops else self._without_s + seconds
        if hearing.hops:
            self._lufs = hearing.hops[-1].loudness_lufs
        elif self._without_s > NOTHING_AFTER_S:
            self._lufs = -120.0
        self._beat, self._words = hearing.beat, hearing.words
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the four groups side by side; the words take what is left."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(BACK)
        painter.drawRoundedRect(QRectF(self.rect()), 8, 8)
        self._draw_beat(painter, QRectF(12, 12, 210, HEIGHT - 24))
        self._draw_meters(painter, QRectF(234, 12, 150, HEIGHT - 24))
        self._draw_words(painter, QRectF(404, 10, self.width() - 416, HEIGHT - 20))

    def _text(self, painter: QPainter, place: QRectF, text: str, size: int, colour: QColor, bold: bool = False,
              align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft) -> None:  # fmt: skip
        font = QFont(self.font())
        font.setPixelSize(size)
        font.setBold(bold)
        painter.setFont(font)
        painter.setPen(colour)
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(place.width()))
        painter.drawText(place, int(align | Qt.AlignmentFlag.AlignVCenter), shown)

    def _draw_beat(self, painter: QPainter, place: QRectF) -> None:
        """A dial that goes round once a beat and lights up on it, and a dot for each beat of the bar."""
        beat = self._beat
        dial = QRectF(place.left() + 3, place.top() + 3, place.height() - 6, place.height() - 6)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(TRACK, 6))
        painter.drawEllipse(dial)
        left = dial.right() + 16
        tempo, origin = tempo_line(beat)
        self._text(painter, QRectF(left, place.top(), place.right() - left, 28), tempo, 20, TEXT, bold=True)
        self._text(painter, QRectF(left, place.top() + 28, place.right() - left, 20), origin, 13, FAINT)
        if beat is None:
            return
        colour = QColor(YELLOW)
        colour.setAlphaF(0.25 + 0.75 * beat.confidence)
        painter.setPen(QPen(colour, 6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
        painter.drawArc(dial, 90 * 16, round(-360 * 16 * beat.phase))
        glow = QColor(colour)
        glow.setAlphaF(colour.alphaF() * (1 - beat.phase) ** 2)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(glow)
        painter.drawEllipse(dial.center(), dial.width() * 0.32, dial.height() * 0.32)
        now = int(beat.bar_phase * beat.meter) % beat.meter
        for number in range(beat.meter):
            painter.setBrush(colour if number == now else TRACK)
            painter.drawEllipse(QPointF(left + 6 + 18 * number, place.bottom() - 10), 6, 6)

    def _draw_meters(self, painter: QPainter, place: QRectF) -> None:
        """Onsets of the three bands, and loudness."""
        share = (self._lufs - QUIETEST_LUFS) / (LOUDEST_LUFS - QUIETEST_LUFS)
        bars = [*zip(("low", "mid", "high"), self._onsets, (ORANGE, BLUE, GREEN), strict=True), ("loud", share, TEXT)]
        step = place.width() / len(bars)
        for number, (name, value, colour) in enumerate(bars):
            bar = QRectF(place.left() + number * step, place.top(), step - 12, place.height() - 18)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(TRACK)
            painter.drawRoundedRect(bar, 3, 3)
            painter.setBrush(colour)
            filled = bar.height() * min(1.0, max(0.0, value))
            painter.drawRoundedRect(QRectF(bar.left(), bar.bottom() - filled, bar.width(), filled), 3, 3)
            below = QRectF(bar.left() - 8, bar.bottom() + 2, bar.width() + 16, 16)
            self._text(painter, below, name, 12, FAINT, align=Qt.AlignmentFlag.AlignHCenter)

    def _draw_words(self, painter: QPainter, place: QRectF) -> None:
        """The heaviest texts of the bank, each with a bar of its weight behind it."""
        row = place.height() / WORDS_SHOWN
        for number, (text, weight) in enumerate(self._words[:WORDS_SHOWN]):
            line = QRectF(place.left(), place.top() + number * row, place.width(), row - 2)
            painter.setPen(Qt.PenStyle.NoPen)
            bar = QColor(BLUE)
            bar.setAlphaF(0.35)
            painter.setBrush(bar)
            painter.drawRoundedRect(QRectF(line.left(), line.top(), max(2.0, line.width() * weight), line.height()), 3, 3)
            inner = line.adjusted(6, 0, -6, 0)
            self._text(painter, inner, text, 13, TEXT)
            self._text(painter, inner, f"{weight:.0%}", 13, FAINT, align=Qt.AlignmentFlag.AlignRight)
