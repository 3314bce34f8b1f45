"""The last seconds as a spectrogram that scrolls, with the onsets of the three bands beneath."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QColor, QResizeEvent

from visualizer.analysis.mel import SHOW
from visualizer.snapshots import HOP_MS, HOP_SAMPLES, Heard
from visualizer.ui.theme import GROUND, LOW_MID_HIGH, PANEL

SPAN_S = 6.0
QUIETEST_DB, LOUDEST_DB = -80.0, -5.0
MAP = "viridis"
SHADES = 232
"""Of the spectrogram, the first entries of the palette; then come the ground's and ``ONSET_SHADES`` of each band."""

ONSET_SHADES = 7
BACK = SHADES
DARKEST = 40
"""So many of the map's darkest shades fade into the ground: silence is dark, not violet."""

GAP_ROWS, TICK_ROWS = 2, 4
"""In rows of the picture, of which a mel band has one."""

TICKS_FROM = SHOW.bands + GAP_ROWS
ROWS = TICKS_FROM + 3 * TICK_ROWS
LEAST_ONSET = 0.08
Indices = npt.NDArray[np.uint8]


def _rgb(name: str) -> npt.NDArray[np.float64]:
    shade = QColor(name)
    return np.array([shade.red(), shade.green(), shade.blue()], float)


def palette() -> npt.NDArray[np.uint8]:
    """The colour of each index, (256, 3)."""
    colours = np.zeros((256, 3))
    ground = _rgb(GROUND)
    shades = pg.colormap.get(MAP).getLookupTable(nPts=SHADES)[:, :3].astype(float)
    share = np.linspace(0, 1, DARKEST)[:, None]
    shades[:DARKEST] = ground + share * (shades[:DARKEST] - ground)
    colours[:SHADES] = shades
    back = _rgb(PANEL)
    colours[BACK:] = back
    for band, name in enumerate(LOW_MID_HIGH):
        first = BACK + 1 + band * ONSET_SHADES
        strength = np.linspace(0.3, 1, ONSET_SHADES)[:, None]
        colours[first : first + ONSET_SHADES] = back + strength * (_rgb(name) - back)
    return colours.round().astype(np.uint8)


def column(hop: Heard) -> Indices:
    """One hop as indices into the palette, (ROWS,), the highest band on top."""
    filled = np.full(ROWS, BACK, np.uint8)
    share = (hop.mel[::-1] - QUIETEST_DB) / (LOUDEST_DB - QUIETEST_DB)
    filled[: SHOW.bands] = np.clip(share, 0, 1) * (SHADES - 1)
    for band, onset in enumerate((hop.onset_low, hop.onset_mid, hop.onset_high)):
        if onset >= LEAST_ONSET:
            top = TICKS_FROM + (2 - band) * TICK_ROWS
            shade = min(ONSET_SHADES - 1, int(onset * ONSET_SHADES))
            filled[top : top + TICK_ROWS - 1] = BACK + 1 + band * ONSET_SHADES + shade
    return filled


class Spectrogram(pg.GraphicsView):
    """``push`` it hops; the newest is on the right. One column is one pixel or several, and one hop or several, so that
    about ``SPAN_S`` fit the width and nothing is resampled sideways.
    """

    def __init__(self) -> None:
        self._item = pg.ImageItem(axisOrder="row-major", lut=palette(), levels=None)
        self._per_column = 1
        self._waiting: list[Indices] = []
        self._last = 0
        self._image = self._blank(1)
        self._ticks = self._image[TICKS_FROM:]
        super().__init__(background=PANEL)  # which already resizes it
        self.setMinimumSize(120, ROWS)
        self.setFrameShape(self.Shape.NoFrame)
        self.setAccessibleName("Spectrogram and onsets")
        self.setToolTip("The last seconds, 30 Hz to 16 kHz from below, and the onsets of treble, mid and bass beneath")
        self.addItem(self._item)

    def sizeHint(self) -> QSize:
        """As much room as there is."""
        return QSize(300, 2 * ROWS)

    def push(self, hops: Sequence[Heard]) -> None:
        """Scroll on by these; hops that are missing between them stay dark."""
        fresh: list[Indices] = []
        for hop in hops:
            missing = (hop.sample - self._last) // HOP_SAMPLES - 1 if self._last else 0
            self._last = hop.sample
            empty = min(max(0, missing), self._image.shape[1] * self._per_column)
            self._waiting += [self._blank(1)[:, 0]] * empty + [column(hop)]
            while len(self._waiting) >= self._per_column:
                fresh.append(_strongest(self._waiting[: self._per_column]))
                del self._waiting[: self._per_column]
        if not fresh:
            return
        new = np.stack(fresh[-self._image.shape[1] :], 1)
        ticks = new[TICKS_FROM:].copy()
        # A tick is two columns wide: one alone is hard to see.
        new[TICKS_FROM:] = np.maximum(ticks, np.concatenate([self._ticks, ticks[:, :-1]], 1))
        self._ticks = ticks[:, -1:]
        self._image = np.concatenate([self._image[:, new.shape[1] :], new], 1)
        self._item.setImage(self._image, autoLevels=False)

    def _blank(self, columns: int) -> Indices:
        blank = np.full((ROWS, columns), BACK, np.uint8)
        blank[: SHOW.bands] = 0
        return blank

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep what is there, at the right; the newest stays in sight."""
        super().resizeEvent(event)
        pixels = max(1, round(self.width() * self.devicePixelRatio()))
        hops = SPAN_S * 1000 / HOP_MS
        wide = max(1, round(pixels / hops))  # pixels a column
        self._per_column = max(1, round(hops / pixels))
        columns = -(-pixels // wide)
        if columns != self._image.shape[1]:
            fresh = self._blank(columns)
            kept = min(columns, self._image.shape[1])
            fresh[:, columns - kept :] = self._image[:, -kept:]
            self._image = fresh
        self._item.setImage(self._image, autoLevels=False)
        width = columns * wide / self.devicePixelRatio()
        self._item.setRect(QRectF(self.width() - width, 0, width, self.height()))


def _strongest(columns: list[Indices]) -> Indices:
    return columns[0] if len(columns) == 1 else np.max(columns, axis=0)
