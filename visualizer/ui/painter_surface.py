"""Pictures on a stage where no graphics card helps: upscaled by the processor, cubic as well."""

from __future__ import annotations

import cv2
import numpy as np
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from visualizer.snapshots import Frame, Picture
from visualizer.ui.placement import Mode, place


def resized(picture: Picture, size: tuple[int, int]) -> Picture:
    """The picture at (width, height): cubic where it grows, the mean of what falls together where it shrinks."""
    grows = size[0] >= picture.shape[1]
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC if grows else cv2.INTER_AREA), np.uint8)


class PainterSurface(QWidget):
    """Shows one frame on black. why: what keeps it from the graphics card, in a few words.

    method: how pictures are scaled, for a tool tip. frameSwapped: after each picture.
    """

    frameSwapped = Signal()

    def __init__(self, parent: QWidget, why: str) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.method = f"processor, cubic ({why})"
        self._frame: Frame | None = None
        self._mode: Mode = "fit"
        self._scaled: tuple[Frame, Picture] | None = None

    def put(self, frame: Frame | None, mode: Mode) -> None:
        """Show this frame; None is black."""
        self._frame, self._mode = frame, mode
        self.update()

    def release(self) -> None:
        """Hold no frame any longer."""
        self._frame = self._scaled = None

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the frame on black, pixel for pixel."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), Qt.GlobalColor.black)
        if self._frame is not None:
            self._draw(painter, self._frame)
        painter.end()
        self.frameSwapped.emit()

    def _draw(self, painter: QPainter, frame: Frame) -> None:
        ratio = self.devicePixelRatio()
        room = self.size() * ratio
        height, width = frame.picture.shape[:2]
        left, top, *size = place((width, height), (room.width(), room.height()), self._mode)
        if self._scaled is None or self._scaled[0] is not frame or self._scaled[1].shape[1::-1] != tuple(size):
            self._scaled = frame, resized(frame.picture, (size[0], size[1]))
        scaled = self._scaled[1]
        image = QImage(scaled.data, size[0], size[1], 3 * size[0], QImage.Format.Format_RGB888)
        image.setDevicePixelRatio(ratio)
        painter.drawImage(QPointF(left / ratio, top / ratio), image)
