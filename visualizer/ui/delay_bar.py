"""Where a frame's delay comes from: one number, and a small bar of its stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from visualizer.snapshots import Trace
from visualizer.ui.lettering import lettering, write
from visualizer.ui.theme import BLUE, EDGE, FAINT, GREEN, ORANGE, SMALL_PX, TEXT, TRACK, colour

STAGES = (
    ("heard", BLUE, "from the sound card until it is heard"),
    ("waited", EDGE, "until a frame is begun with it"),
    ("painted", ORANGE, "until that frame is painted"),
    ("shown", GREEN, "until it is made safe and handed to the outputs"),
)
BAR_WIDTH, GAP = 96, 8
WHOLE_MS = 100.0
"""What the whole bar stands for, at least."""


@dataclass(frozen=True, slots=True)
class Delay:
    """Milliseconds that a frame took, by stage as in ``STAGES``."""

    stages: tuple[float, float, float, float]

    @property
    def total(self) -> float:
        """From the sound to the outputs."""
        return sum(self.stages)

    @classmethod
    def of(cls, trace: Trace, shown: float) -> Delay:
        """Of one frame. shown: when it was handed to the outputs, on the clock of the trace, in seconds."""
        at = (trace.captured, trace.heard, trace.begun, trace.painted, shown)
        heard, waited, painted, handed = (1000 * max(0.0, later - before) for before, later in pairwise(at))
        return cls((heard, waited, painted, handed))

    @classmethod
    def usual(cls, delays: Sequence[Delay]) -> Delay:
        """Each stage's median over some frames, at least one."""
        heard, waited, painted, handed = (median(delay.stages[stage] for delay in delays) for stage in range(4))
        return cls((heard, waited, painted, handed))


class DelayBar(QWidget):
    """The delay in figures beside its stages; the tool tip has each."""

    def __init__(self) -> None:
        super().__init__()
        self._delay: Delay | None = None
        self.setAccessibleName("Delay")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)

    def sizeHint(self) -> QSize:
        """Room for four digits, whatever they are now: the line must not jump."""
        metrics = QFontMetrics(lettering(self.font(), SMALL_PX))
        return QSize(metrics.horizontalAdvance("delay 0000 ms") + GAP + BAR_WIDTH, metrics.height() + 6)

    minimumSizeHint = sizeHint

    def put(self, delay: Delay | None, late: int = 0) -> None:
        """Show this delay; None before the first frame. late: the most frames from a picture's beginning to its showing."""
        self._delay = delay
        if delay is not None:
            rows = [f"{name:8} {ms:5.1f} ms   {what}" for (name, _, what), ms in zip(STAGES, delay.stages, strict=True)]
            rows.append(f"{'in all':8} {delay.total:5.1f} ms   medians of the last two seconds")
            if late:
                rows.append(f"pictures begin up to {late} frames before they are shown; what a hand does shows at once")
            self.setToolTip("<pre>" + "\n".join(rows) + "</pre>")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the number and the bar."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        delay = self._delay
        words = self.width() - BAR_WIDTH - GAP
        said = f"delay {delay.total:.0f} ms" if delay else "delay –"
        write(painter, QRectF(0, 0, words, self.height()), said, SMALL_PX, TEXT if delay else FAINT)
        bar = QRectF(words + GAP, self.height() / 2 - 4, BAR_WIDTH, 8)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour(TRACK))
        painter.drawRoundedRect(bar, 3, 3)
        left, scale = bar.left(), BAR_WIDTH / max(WHOLE_MS, delay.total if delay else 0.0)
        for (_, name, _), ms in zip(STAGES, delay.stages if delay else (), strict=False):
            painter.fillRect(QRectF(left, bar.top(), scale * ms, bar.height()), colour(name))
            left += scale * ms
