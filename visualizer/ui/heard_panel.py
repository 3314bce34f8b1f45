"""What the show hears, drawn plainly: beat, tempo with its source, onsets by band, loudness and the words for the sound."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from visualizer.snapshots import Beat, Heard

HEIGHT = 132
LEAST_WIDTH = 620
DIAL = 78
BEAT_WIDTH = 268
BEAT_TEXT_WIDTH = BEAT_WIDTH - DIAL - 16
"""Room for tempo and source, which are never cut."""

METERS_WIDTH = 150
EDGE, GAP = 12, 16
KEYS = "T  tap     H  half a beat     D  first of the bar"
TEMPO_SIZE, LINE_SIZE, SMALL_SIZE = 20, 13, 11
UNSURE = 0.3
"""Below this confidence the tempo is grey: it is a guess."""

ONSET_FADES_S = 0.18
NOTHING_AFTER_S = 0.25
"""Without a hop for so long, the loudness shown falls to nothing."""

QUIETEST_LUFS, LOUDEST_LUFS = -60.0, 0.0
WORDS_SHOWN = 5
LEAST_WEIGHT = 0.01
SHARE_WIDTH = 44
"""Room for a weight beside its bar."""

BACK, TRACK, TEXT, FAINT = QColor("#12141b"), QColor("#242835"), QColor("#e8eaf0"), QColor("#8d93a1")
# Told apart by every kind of colour vision (after Okabe and Ito).
BLUE, ORANGE, GREEN, YELLOW = QColor("#56b4e9"), QColor("#e69f00"), QColor("#2fbf8f"), QColor("#f0e442")
SOURCES = {"link": "Link", "midi": "MIDI clock", "osc": "OSC", "tap": "tapped", "sound": "heard"}


@dataclass(frozen=True, slots=True)
class Hearing:
    """What the panel draws. hops: those heard since it was drawn last; words: the bank's heaviest texts with weights.
    silence: what stands there while there are no words."""

    hops: Sequence[Heard]
    beat: Beat | None
    words: Sequence[tuple[str, float]] = ()
    silence: str = ""


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
        self.setMinimumWidth(LEAST_WIDTH)
        self._beat: Beat | None = None
        self._words: Sequence[tuple[str, float]] = ()
        self._silence = ""
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
        self._beat, self._words, self._silence = hearing.beat, hearing.words, hearing.silence
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the four groups side by side; the words take what is left."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(BACK)
        painter.drawRoundedRect(QRectF(self.rect()), 8, 8)
        self._draw_beat(painter, QRectF(EDGE, EDGE, BEAT_WIDTH, HEIGHT - 2 * EDGE))
        meters = EDGE + BEAT_WIDTH + GAP
        self._draw_meters(painter, QRectF(meters, EDGE, METERS_WIDTH, HEIGHT - 2 * EDGE))
        words = meters + METERS_WIDTH + GAP
        self._draw_words(painter, QRectF(words, EDGE, self.width() - words - EDGE, HEIGHT - 2 * EDGE))

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
        dial = QRectF(place.left() + 3, place.top() + 3, DIAL - 6, DIAL - 6)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(TRACK, 6))
        painter.drawEllipse(dial)
        left = place.right() - BEAT_TEXT_WIDTH
        tempo, origin = tempo_line(beat)
        sure = beat is not None and beat.confidence >= UNSURE
        at = QRectF(left, place.top(), BEAT_TEXT_WIDTH, 28)
        self._text(painter, at, tempo, TEMPO_SIZE, TEXT if sure else FAINT, bold=True)
        self._text(painter, QRectF(left, place.top() + 28, BEAT_TEXT_WIDTH, 20), origin, LINE_SIZE, FAINT)
        keys = QRectF(place.left(), place.bottom() - 16, place.width(), 16)
        self._text(painter, keys, KEYS, SMALL_SIZE, FAINT)
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
            painter.drawEllipse(QPointF(left + 6 + 18 * number, dial.bottom() - 7), 6, 6)

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
            self._text(painter, below, name, SMALL_SIZE, FAINT, align=Qt.AlignmentFlag.AlignHCenter)

    def _draw_words(self, painter: QPainter, place: QRectF) -> None:
        """The heaviest texts of the bank under a heading, each with a bar of its weight behind it."""
        self._text(painter, QRectF(place.left(), place.top(), place.width(), 14), "sounds like", SMALL_SIZE, FAINT)
        place = place.adjusted(0, 18, 0, 0)
        row = place.height() / WORDS_SHOWN
        words = [(text, weight) for text, weight in self._words[:WORDS_SHOWN] if weight >= LEAST_WEIGHT]
        if not words:
            self._text(painter, QRectF(place.left(), place.top(), place.width(), row), self._silence, LINE_SIZE, FAINT)
        for number, (text, weight) in enumerate(words):
            line = QRectF(place.left(), place.top() + number * row, place.width(), row - 2)
            painter.setPen(Qt.PenStyle.NoPen)
            bar = QColor(BLUE)
            bar.setAlphaF(0.35)
            painter.setBrush(bar)
            longest = line.width() - SHARE_WIDTH
            painter.drawRoundedRect(QRectF(line.left(), line.top(), max(2.0, longest * weight), line.height()), 3, 3)
            inner = line.adjusted(6, 0, -SHARE_WIDTH, 0)
            self._text(painter, inner, text, LINE_SIZE, TEXT)
            self._text(painter, line, f"{weight:.0%}", LINE_SIZE, FAINT, align=Qt.AlignmentFlag.AlignRight)
