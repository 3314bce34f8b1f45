"""Letters on what is painted by hand."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter

from visualizer.ui.theme import TEXT, TEXT_PX, colour

LEFT, RIGHT, CENTRE = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight, Qt.AlignmentFlag.AlignHCenter


def lettering(font: QFont, size: int, bold: bool = False) -> QFont:
    """The same font at so many pixels."""
    changed = QFont(font)
    changed.setPixelSize(size)
    changed.setBold(bold)
    return changed


def write(painter: QPainter, place: QRectF, text: str, size: int = TEXT_PX, name: str = TEXT, bold: bool = False,
          align: Qt.AlignmentFlag = LEFT) -> float:  # fmt: skip
    """Write one line in the middle of ``place``, cut with an ellipsis where it is too long; return its width."""
    font = lettering(painter.font(), size, bold)
    painter.setFont(font)
    painter.setPen(colour(name))
    metrics = QFontMetrics(font)
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, int(place.width()))
    painter.drawText(place, int(align | Qt.AlignmentFlag.AlignVCenter), shown)
    return float(metrics.horizontalAdvance(shown))
