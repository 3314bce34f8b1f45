"""How loud it is, in all and by band, and what has just begun."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from visualizer.snapshots import Heard
from visualizer.ui.lettering import CENTRE, write
from visualizer.ui.peak_hold import PeakHold
from visualizer.ui.theme import FAINT, LOW_MID_HIGH, PANEL, SMALL_PX, TEXT, TRACK, WARN, colour

WIDTH = 172
LOUDNESS_WIDTH = 44
LINE = 17
ONSET_FADES_S = 0.18
NOTHING_AFTER_S = 0.25
"""Without a hop for so long, all that is shown falls to nothing."""

QUIETEST_LUFS, LOUDEST_LUFS, NOTHING_LUFS = -60.0, 0.0, -120.0
HOT_LUFS = -9.0
"""Above it a peak is marked: few programmes are mixed louder, most inputs then clip."""

PEAK_FALLS_LU_S = 20.0
BANDS = ("bass", "mid", "treble")


class Meters(QWidget):
    """Loudness in LUFS with its peak; then each band's strength, broad, beside its onsets, narrow and bright."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedWidth(WIDTH)
        self.setMinimumHeight(110)
        self.setAccessibleName("Loudness, bands and onsets")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # or the panel would be drawn anew below it
        self.setToolTip(
            "Loudness over 400 ms with its peak of the last seconds; "
            "each band's strength (broad, after automatic gain) and its onsets (narrow)"
        )
        self._bands, self._onsets = [0.0] * 3, [0.0] * 3
        self._lufs, self._without_s = NOTHING_LUFS, 0.0
        self._peak = PeakHold(NOTHING_LUFS, PEAK_FALLS_LU_S)

    def put(self, hops: Sequence[Heard], seconds: float) -> None:
        """Take the hops of the last ``seconds``."""
        before = (self._lufs, self._peak.value, *self._bands, *self._onsets)
        fade = math.exp(-seconds / ONSET_FADES_S)
        struck = [(hop.onset_low, hop.onset_mid, hop.onset_high) for hop in hops]
        self._onsets = [max([self._onsets[band] * fade, *(onset[band] for onset in struck)]) for band in range(3)]
        self._onsets = [0.0 if onset < 0.005 else onset for onset in self._onsets]
        self._without_s = 0.0 if hops else self._without_s + seconds
        loudest = self._lufs
        if hops:
            self._lufs, loudest = hops[-1].loudness_lufs, max(hop.loudness_lufs for hop in hops)
            self._bands = [hops[-1].bass, hops[-1].mid, hops[-1].treble]
        elif self._without_s > NOTHING_AFTER_S:
            self._lufs = loudest = NOTHING_LUFS
            self._bands = [0.0] * 3
        self._peak.push(loudest, seconds)
        if before != (self._lufs, self._peak.value, *self._bands, *self._onsets):
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the meters side by side, each with its name below."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), colour(PANEL))
        high = self.height() - LINE - 2
        self._draw_loudness(painter, QRectF(0, 0, LOUDNESS_WIDTH, high))
        step = (self.width() - LOUDNESS_WIDTH - 8) / 3
        for band, name in enumerate(BANDS):
            left = LOUDNESS_WIDTH + 8 + band * step
            broad = QRectF(left + step / 2 - 15, 0, 16, high)
            shade = LOW_MID_HIGH[band]
            _bar(painter, broad, self._bands[band], shade, 0.55)
            _bar(painter, QRectF(broad.right() + 4, 0, 9, high), self._onsets[band], shade)
            write(painter, QRectF(left, high + 2, step, LINE), name, SMALL_PX, FAINT, align=CENTRE)

    def _draw_loudness(self, painter: QPainter, place: QRectF) -> None:
        bar = QRectF(place.center().x() - 10, 0, 20, place.height() - LINE)
        _bar(painter, bar, _share(self._lufs), TEXT)
        peak = self._peak.value
        if peak > QUIETEST_LUFS:
            line = bar.bottom() - bar.height() * min(1.0, _share(peak))
            painter.fillRect(QRectF(bar.left() - 3, max(0.0, line - 1), bar.width() + 6, 2), colour(WARN))
        said = f"{peak:.0f}".replace("-", "−") if peak > QUIETEST_LUFS else "–"
        hot = WARN if peak > HOT_LUFS else TEXT
        write(painter, QRectF(place.left(), bar.bottom() + 1, place.width(), LINE), said, SMALL_PX, hot, align=CENTRE)
        write(
            painter,
            QRectF(place.left(), bar.bottom() + LINE + 2, place.width(), LINE),
            "LUFS",
            SMALL_PX,
            FAINT,
            align=CENTRE,
        )


def _share(lufs: float) -> float:
    return (lufs - QUIETEST_LUFS) / (LOUDEST_LUFS - QUIETEST_LUFS)


def _bar(painter: QPainter, place: QRectF, value: float, name: str, opacity: float = 1.0) -> None:
    """A bar from below; value: 0–1, cut there."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour(TRACK))
    painter.drawRoundedRect(place, 3, 3)
    filled = place.height() * min(1.0, max(0.0, value))
    if filled >= 1:
        painter.setBrush(colour(name, opacity))
        painter.drawRoundedRect(QRectF(place.left(), place.bottom() - filled, place.width(), filled), 3, 3)
