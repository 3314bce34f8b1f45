"""What the sound means: the heaviest texts of the prompt bank, and which moments of the sound the encoder attends to."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from visualizer.snapshots import FloatArray
from visualizer.ui.lettering import RIGHT, write
from visualizer.ui.theme import BLUE, FAINT, PANEL, SMALL_PX, TEXT, TRACK, YELLOW, colour

LEAST_WIDTH = 180
WORDS_SHOWN = 4
LEAST_WEIGHT = 0.01
SHARE_WIDTH = 38
"""Room for a weight beside its bar."""

TITLE, ROW, LARGEST_ROW = 16, 20, 26
STEPS = 16
"""Of the attention: the encoder's window."""

ATTENTION_HEIGHT = 26


class WordsView(QWidget):
    """Words with bars of their weights; below, one bar for each of the encoder's last steps, the newest on the right."""

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumSize(LEAST_WIDTH, 2 * TITLE + WORDS_SHOWN * ROW + ATTENTION_HEIGHT)
        self.setAccessibleName("What it sounds like")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # or the panel would be drawn anew below it
        self.setToolTip(
            "What the sound encoder takes the sound for. Below: how much each of its last 16 steps (100 ms each, the "
            "newest on the right) counts in that"
        )
        self._words: list[tuple[str, float]] = []
        self._silence = ""
        self._attention: FloatArray | None = None

    def put(self, words: Sequence[tuple[str, float]], silence: str, attention: FloatArray | None) -> None:
        """Draw these. silence: what stands there while there are no words."""
        shown = [(text, weight) for text, weight in words[:WORDS_SHOWN] if weight >= LEAST_WEIGHT]
        if (shown, silence) != (self._words, self._silence) or attention is not self._attention:
            self._words, self._silence, self._attention = shown, silence, attention
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the words from the top and the attention at the bottom."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), colour(PANEL))
        width = self.width()
        write(painter, QRectF(0, 0, width, TITLE), "sounds like", SMALL_PX, FAINT)
        below = self.height() - ATTENTION_HEIGHT - TITLE
        row = min(LARGEST_ROW, (below - TITLE - 2) / WORDS_SHOWN)
        if not self._words:
            write(painter, QRectF(0, TITLE, width, row), self._silence, name=FAINT)
        for number, (text, weight) in enumerate(self._words):
            line = QRectF(0, TITLE + 2 + number * row, width, row - 2)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour(BLUE, 0.35))
            painter.drawRoundedRect(QRectF(0, line.top(), max(2.0, (width - SHARE_WIDTH) * weight), line.height()), 3, 3)
            write(painter, line.adjusted(6, 0, -SHARE_WIDTH, 0), text, SMALL_PX + 1, TEXT)
            write(painter, line, f"{weight:.0%}", SMALL_PX + 1, FAINT, align=RIGHT)
        self._draw_attention(painter, QRectF(0, below, width, TITLE + ATTENTION_HEIGHT))

    def _draw_attention(self, painter: QPainter, place: QRectF) -> None:
        write(painter, QRectF(0, place.top(), place.width() - 30, TITLE), "attends to", SMALL_PX, FAINT)
        write(painter, QRectF(0, place.top(), place.width(), TITLE), "now", SMALL_PX, FAINT, align=RIGHT)
        given = [] if self._attention is None else self._attention[-STEPS:].tolist()
        shares = [0.0] * (STEPS - len(given)) + given
        largest = max(1e-9, *shares)
        step = place.width() / STEPS
        painter.setPen(Qt.PenStyle.NoPen)
        for number, share in enumerate(shares):
            high = max(2.0, (ATTENTION_HEIGHT - 3) * share / largest)
            painter.setBrush(colour(YELLOW, 0.35 + 0.5 * share / largest) if share > 0 else colour(TRACK))
            painter.drawRoundedRect(QRectF(number * step, place.bottom() - high, step - 2, high), 2, 2)
