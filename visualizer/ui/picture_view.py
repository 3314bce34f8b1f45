"""The picture on the desk: the newest frame, as large as fits."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from visualizer.snapshots import Frame
from visualizer.ui.theme import FAINT


class PictureView(QWidget):
    """Shows the newest frame as large as fits, in its own aspect, on black."""

    def __init__(self) -> None:
        super().__init__()
        self._image: QImage | None = None
        self._frame: Frame | None = None
        self.setMinimumSize(192, 192)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
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
            painter.setPen(QColor(FAINT))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "warming up …")
            return
        scale = min(self.width() / self._image.width(), self.height() / self._image.height())
        width, height = round(self._image.width() * scale), round(self._image.height() * scale)
        place = QRect((self.width() - width) // 2, (self.height() - height) // 2, width, height)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(place, self._image)
