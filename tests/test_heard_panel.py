"""The strip that shows what is heard: drawn for real, read back as pixels."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFontMetrics, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget

from visualizer.analysis.analyzer import Analyzer
from visualizer.analysis.mel import SHOW
from visualizer.preset import find_preset
from visualizer.resources import demo_track
from visualizer.show import LiveShow, ShowSettings
from visualizer.snapshots import HOP_SAMPLES, SAMPLE_RATE, Beat, Heard, Meaning
from visualizer.ui.beat_view import SOURCES, TEXT_WIDTH, UNIT_WIDTH, tempo_lines
from visualizer.ui.heard_panel import HeardPanel
from visualizer.ui.hearing import Hearing, hearing
from visualizer.ui.lettering import lettering
from visualizer.ui.theme import LOW_MID_HIGH, NUMBER_PX, SMALL_PX, STYLE, TEXT, YELLOW

BEAT = Beat(128.0, 0.25, 0.3125, 0.9, "sound")


@pytest.fixture
def panel() -> HeardPanel:
    QApplication.instance() or QApplication([])
    panel = HeardPanel()
    panel.setStyleSheet(STYLE)
    panel.resize(800, 170)
    panel.show()
    QApplication.processEvents()
    return panel


def silence() -> Heard:
    return Analyzer().push(np.zeros((HOP_SAMPLES, 2), np.float32))[0]


def pixels(widget: QWidget) -> np.ndarray:
    """What the widget shows (height, width, 3)."""
    QApplication.processEvents()
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def put(panel: HeardPanel, beat: Beat | None = None, hops: Sequence[Heard] = (),
        words: Sequence[tuple[str, float]] = (), seconds: float = 0.0, **more: object) -> HeardPanel:  # fmt: skip
    panel.put(Hearing(hops, beat, words, **more), seconds)  # type: ignore[arg-type]
    return panel


def of(name: str, seen: np.ndarray) -> int:
    """How many pixels are of about this colour."""
    colour = QColor(name)
    wanted = np.array([colour.red(), colour.green(), colour.blue()])
    return int((np.abs(seen.astype(int) - wanted).max(-1) < 12).sum())


def test_a_sure_beat_is_brighter_than_an_unsure_one(panel: HeardPanel) -> None:
    dial = panel.beat.dial
    assert of(YELLOW, pixels(dial)) == 0
    put(panel, replace(BEAT, confidence=1.0))
    bright = of(YELLOW, pixels(dial))
    assert bright > 100
    put(panel, replace(BEAT, confidence=0.1))
    assert of(YELLOW, pixels(dial)) < bright / 10


def test_the_dial_fills_with_the_phase(panel: HeardPanel) -> None:
    areas = []
    for phase in (0.3, 0.6, 0.9):
        put(panel, replace(BEAT, confidence=1.0, phase=phase))
        areas.append(of(YELLOW, pixels(panel.beat.dial)[:, :90]))
    assert areas[0] < areas[1] < areas[2]


def test_tempo_and_source_are_never_cut(panel: HeardPanel) -> None:
    big, small = lettering(panel.font(), NUMBER_PX, True), lettering(panel.font(), SMALL_PX)
    assert QFontMetrics(big).horizontalAdvance("188.8") < TEXT_WIDTH - UNIT_WIDTH
    for name in SOURCES:
        for line in tempo_lines(replace(BEAT, source=name, confidence=1.0))[1:]:
            assert QFontMetrics(small).horizontalAdvance(line) < TEXT_WIDTH
    assert QFontMetrics(small).horizontalAdvance(tempo_lines(None)[1]) < TEXT_WIDTH


def test_a_tempo_that_is_a_guess_is_grey(panel: HeardPanel) -> None:
    shown = [of(TEXT, pixels(put(panel, replace(BEAT, confidence=c)).beat.dial)) for c in (0.9, 0.2)]
    assert shown[0] > 50 > shown[1]


@pytest.mark.parametrize(
    ("beat", "lines"),
    [(None, ("–", "no beat yet", "")), (BEAT, ("128.0", "heard", "90% sure")),
     (replace(BEAT, source="tap", confidence=1.0), ("128.0", "tapped", "100% sure"))],
)  # fmt: skip
def test_the_tempo_says_where_it_comes_from(beat: Beat | None, lines: tuple[str, str, str]) -> None:
    assert tempo_lines(beat) == lines


def test_the_buttons_act_when_they_go_down_and_keep_the_space_bar_free(panel: HeardPanel) -> None:
    told: list[str] = []
    panel.tapped.connect(lambda: told.append("tap"))
    panel.flipped.connect(lambda: told.append("flip"))
    panel.downbeat.connect(lambda: told.append("downbeat"))
    buttons = panel.beat.findChildren(QPushButton)
    for button in buttons:
        QTest.mousePress(button, Qt.MouseButton.LeftButton)
        assert button.focusPolicy() == Qt.FocusPolicy.NoFocus
    assert told == ["tap", "flip", "downbeat"]
    assert [button.text().split()[-1] for button in buttons] == ["T", "H", "D"]


def test_an_onset_of_one_hop_is_seen_and_fades(panel: HeardPanel) -> None:
    quiet = silence()
    hit = replace(quiet, onset_low=1.0)
    struck = of(LOW_MID_HIGH[0], pixels(put(panel, hops=[quiet, hit, quiet], seconds=0.033).meters))
    fading = of(LOW_MID_HIGH[0], pixels(put(panel, hops=[quiet], seconds=0.15).meters))
    gone = of(LOW_MID_HIGH[0], pixels(put(panel, hops=[quiet], seconds=2.0).meters))
    assert struck > fading > gone == 0


def test_a_loud_moment_is_held_while_the_level_falls(panel: HeardPanel) -> None:
    loud, quiet = replace(silence(), loudness_lufs=-12.0), replace(silence(), loudness_lufs=-50.0)
    put(panel, hops=[loud, quiet], seconds=0.033)
    assert panel.meters._lufs == -50.0 and panel.meters._peak.value == -12.0
    for _ in range(30):
        put(panel, hops=[quiet], seconds=0.033)
    assert panel.meters._peak.value == -12.0
    for _ in range(60):
        put(panel, hops=[quiet], seconds=0.033)
    assert -50.0 <= panel.meters._peak.value < -20.0
    put(panel, seconds=1.0)
    assert panel.meters._lufs < -100, "nothing comes in any more"


def test_the_spectrogram_scrolls_and_marks_onsets_in_the_bands_colours(panel: HeardPanel) -> None:
    """A tone stands at its height, moves to the left as time passes, and a hit of each band has its tick."""
    times = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    tone = np.sin(2 * np.pi * 1000 * times, dtype=np.float32) * 0.5
    hops = Analyzer().push(np.stack([tone, tone], 1))
    view = panel.spectrogram
    put(panel, hops=hops[:60])
    bright = np.asarray(view._image[: SHOW.bands]).max(0) > 150
    newest = np.flatnonzero(bright)
    assert newest[-1] == len(bright) - 1 and 10 < len(newest) <= 60, "the newest is on the right"
    rows = view._image[: SHOW.bands, -3].astype(int)
    loudest = len(rows) - int(rows.argmax())
    assert 0.2 < loudest / len(rows) < 0.6, "1 kHz lies below the middle of a mel scale to 16 kHz"
    quiet = [replace(silence(), sample=hops[59].sample + HOP_SAMPLES * (n + 1)) for n in range(30)]
    put(panel, hops=[replace(quiet[0], onset_low=1.0, onset_mid=1.0, onset_high=1.0), *quiet[1:]])
    assert np.flatnonzero(np.asarray(view._image[: SHOW.bands]).max(0) > 150)[-1] < newest[-1] - 5, "it has moved on"
    seen = pixels(view)
    assert all(of(colour, seen) >= 3 for colour in LOW_MID_HIGH)


def test_hops_that_are_missing_leave_a_gap(panel: HeardPanel) -> None:
    loud = replace(silence(), mel=np.zeros(64, np.float32))
    put(panel, hops=[replace(loud, sample=HOP_SAMPLES * (n + 1)) for n in range(40)])
    put(panel, hops=[replace(loud, sample=HOP_SAMPLES * (n + 141)) for n in range(40)])
    filled = (panel.spectrogram._image[0] > 0).astype(int)
    assert len(np.flatnonzero(np.diff(filled) == -1)) == 1, "one stretch of dark between two of light"


def test_words_are_as_long_as_they_weigh(panel: HeardPanel) -> None:
    blank = pixels(panel.words)
    put(panel, words=[("rain on a roof", 0.6), ("a crowd", 0.2), ("hardly anything", 0.001)])
    changed = np.abs(pixels(panel.words).astype(int) - blank).max(-1) > 8
    heavy, light = changed[20:36].any(0).sum(), changed[42:56].any(0).sum()
    assert heavy > light > 20
    assert not changed[64:76].any(), "what weighs nothing is not said"


def test_without_words_it_says_why(panel: HeardPanel) -> None:
    blank = pixels(panel.words)
    put(panel, silence="no sound encoder")
    assert (np.abs(pixels(panel.words).astype(int) - blank).max(-1)[16:40] > 8).any()
    put(panel)
    assert np.abs(pixels(panel.words).astype(int) - blank).max() == 0, "said only while it is so"


def test_the_attention_has_a_bar_a_step_with_the_newest_on_the_right(panel: HeardPanel) -> None:
    shares = np.zeros(16, np.float32)
    shares[-1] = 1.0
    seen = pixels(put(panel, attention=shares).words)
    blank = pixels(put(panel).words)
    columns = np.flatnonzero((np.abs(seen.astype(int) - blank).max(-1) > 40).any(0))
    assert columns.min() > 0.9 * seen.shape[1]


def test_a_show_is_followed_while_the_panel_is_seen(panel: HeardPanel, embedded: object, tmp_path: object) -> None:
    """Hops, words and attention come from the show; a meaning of long ago is not drawn."""
    show = LiveShow(ShowSettings(f"file:{demo_track()}", find_preset("nebula"), embedded, (256, 256), 24.0, tmp_path))
    try:
        hops = Analyzer().push(np.zeros((HOP_SAMPLES * 5, 2), np.float32))
        show.hops.extend(hops)
        show.heard = hops[-1]
        attention = np.full(16, 1 / 16, np.float32)
        show.meaning = Meaning(hops[-1].sample, np.zeros(4, np.float32), np.zeros(2, np.float32), attention)
        drawn = hearing(show, hops[1].sample, 3)
        assert [hop.sample for hop in drawn.hops] == [hop.sample for hop in hops[2:]]
        assert drawn.attention is attention and drawn.silence == "no sound encoder"
        show.heard = replace(hops[-1], sample=hops[-1].sample + 2 * SAMPLE_RATE)
        assert hearing(show, 0, 3).attention is None
        panel.follow(show)
        end = time.perf_counter() + 5
        while panel._drawn != hops[-1].sample and time.perf_counter() < end:
            QApplication.processEvents()
        assert panel._drawn == hops[-1].sample
        panel.hide()
        assert not panel._timer.isActive()
    finally:
        show.stop()


def test_it_fits_a_narrow_desk(panel: HeardPanel) -> None:
    assert panel.minimumSizeHint().width() <= 730 and panel.minimumSizeHint().height() <= 170
