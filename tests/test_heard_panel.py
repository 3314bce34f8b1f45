"""The strip that shows what is heard: drawn for real, read back as pixels."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage
from PySide6.QtWidgets import QApplication

from visualizer.analysis.analyzer import Analyzer
from visualizer.snapshots import HOP_SAMPLES, Beat, Heard
from visualizer.ui.heard_panel import (
    BEAT_TEXT_WIDTH,
    BEAT_WIDTH,
    KEYS,
    LINE_SIZE,
    ORANGE,
    SMALL_SIZE,
    SOURCES,
    TEMPO_SIZE,
    TEXT,
    YELLOW,
    HeardPanel,
    Hearing,
    tempo_line,
)

BEAT = Beat(128.0, 0.25, 0.3125, 0.9, "sound")


@pytest.fixture
def panel() -> HeardPanel:
    QApplication.instance() or QApplication([])
    panel = HeardPanel()
    panel.resize(760, panel.height())
    return panel


def silence() -> Heard:
    return Analyzer().push(np.zeros((HOP_SAMPLES, 2), np.float32))[0]


def drawn(panel: HeardPanel, beat: Beat | None, hops: Sequence[Heard] = (), words: Sequence[tuple[str, float]] = (),
          seconds: float = 0.0) -> np.ndarray:  # fmt: skip
    """The panel's pixels (height, width, 3)."""
    panel.put(Hearing(hops, beat, words), seconds)
    image = QImage(panel.size(), QImage.Format.Format_RGB888)
    panel.render(image)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def of(colour: QColor, pixels: np.ndarray) -> int:
    """How many pixels are of about this colour."""
    wanted = np.array([colour.red(), colour.green(), colour.blue()])
    return int((np.abs(pixels.astype(int) - wanted).max(-1) < 12).sum())


def test_a_sure_beat_is_brighter_than_an_unsure_one(panel: HeardPanel) -> None:
    assert of(YELLOW, drawn(panel, None)) == 0
    bright = of(YELLOW, drawn(panel, replace(BEAT, confidence=1.0)))
    assert bright > 100
    assert of(YELLOW, drawn(panel, replace(BEAT, confidence=0.1))) < bright / 10


def test_the_dial_fills_with_the_phase(panel: HeardPanel) -> None:
    sure = replace(BEAT, confidence=1.0)
    areas = [of(YELLOW, drawn(panel, replace(sure, phase=phase))[:, :90]) for phase in (0.3, 0.6, 0.9)]
    assert areas[0] < areas[1] < areas[2]


def test_an_onset_of_one_hop_is_seen_and_fades(panel: HeardPanel) -> None:
    quiet = silence()
    hit = replace(quiet, onset_low=1.0)
    struck = of(ORANGE, drawn(panel, None, [quiet, hit, quiet], seconds=0.033))
    fading = of(ORANGE, drawn(panel, None, [quiet], seconds=0.15))
    gone = of(ORANGE, drawn(panel, None, [quiet], seconds=2.0))
    assert struck > fading > gone


def test_words_are_as_long_as_they_weigh(panel: HeardPanel) -> None:
    blank, one = drawn(panel, None), drawn(panel, None, words=[("rain on a roof", 0.6), ("a crowd", 0.2)])
    changed = np.abs(one.astype(int) - blank).max(-1)[:, 462:] > 8
    heavy, light = changed[31:46].any(0).sum(), changed[49:62].any(0).sum()
    assert heavy > light > 20


def test_without_words_it_says_why(panel: HeardPanel) -> None:
    blank = drawn(panel, None)
    panel.put(Hearing([], None, silence="no sound encoder"), 0.0)
    assert np.abs(drawn(panel, None).astype(int) - blank).max() == 0, "said only while it is so"
    panel.put(Hearing([], None, silence="no sound encoder"), 0.0)
    image = QImage(panel.size(), QImage.Format.Format_RGB888)
    panel.render(image)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    said = rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3)
    assert (np.abs(said.astype(int) - blank).max(-1)[30:50, 462:] > 8).any()


def test_tempo_source_and_keys_are_never_cut(panel: HeardPanel) -> None:
    font = QFont(panel.font())
    origins = [tempo_line(replace(BEAT, source=name, confidence=1.0))[1] for name in SOURCES]
    for size, bold, room, texts in (
        (TEMPO_SIZE, True, BEAT_TEXT_WIDTH, ["188.8 BPM", "– BPM"]),
        (LINE_SIZE, False, BEAT_TEXT_WIDTH, origins),
        (SMALL_SIZE, False, BEAT_WIDTH, [KEYS]),
    ):
        font.setPixelSize(size)
        font.setBold(bold)
        assert max(QFontMetrics(font).horizontalAdvance(text) for text in texts) < room


def test_a_tempo_that_is_a_guess_is_grey(panel: HeardPanel) -> None:
    sure, unsure = (of(TEXT, drawn(panel, replace(BEAT, confidence=confidence))) for confidence in (0.9, 0.2))
    assert sure > 50 > unsure


@pytest.mark.parametrize(
    ("beat", "lines"),
    [(None, ("– BPM", "no beat yet")), (BEAT, ("128.0 BPM", "heard, 90% sure")),
     (replace(BEAT, source="tap", confidence=1.0), ("128.0 BPM", "tapped, 100% sure"))],
)  # fmt: skip
def test_the_tempo_says_where_it_comes_from(beat: Beat | None, lines: tuple[str, str]) -> None:
    assert tempo_line(beat) == lines
