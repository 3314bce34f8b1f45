"""The status line: figures, what is wrong, and that it never widens its window."""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication, QLabel

from visualizer.osc.door import OscState
from visualizer.renderer.settings import RendererStatus
from visualizer.show import Handed, ShowStatus
from visualizer.snapshots import Frame, Trace
from visualizer.ui.delay_bar import Delay
from visualizer.ui.status_bar import Dropped, StatusBar, input_name
from visualizer.ui.theme import STYLE

RUNNING = RendererStatus("running", "openvino", "bf16", (256, 256))
DEVICE = "PulseAudio: Monitor of Built-in Audio Analog Stereo, 48000 Hz, 2 ch"


def status(input: str = DEVICE, state: str = "running", messages: tuple[str, ...] = ()) -> ShowStatus:
    return ShowStatus(23.9, 91.0, input, state, RUNNING, messages, 0, 100)


@dataclass
class Show:
    status: ShowStatus = field(default_factory=status)
    latest: Frame | None = None
    history: deque[Handed] = field(default_factory=deque)
    failure: BaseException | None = None


def bar(show: Show, osc: OscState | None = None, width: int = 1280) -> StatusBar:
    QApplication.instance() or QApplication([])
    made = StatusBar(show, lambda: osc)
    made.setStyleSheet(STYLE)
    made.resize(width, 60)
    made.show()
    QApplication.processEvents()
    return made


def test_a_frames_delay_by_stage() -> None:
    delay = Delay.of(Trace(10.0, 10.012, 10.030, 10.070), 10.091)
    assert delay.stages == pytest.approx((12.0, 18.0, 40.0, 21.0)) and delay.total == pytest.approx(91.0)
    odd = Delay((500.0, 0.0, 0.0, 0.0))
    assert Delay.usual([delay, odd, delay]) == delay


def test_the_delay_of_the_newest_frame_is_shown_with_all_its_stages() -> None:
    frame = Frame(np.zeros((4, 4, 3), np.uint8), 0, 7, Trace(10.0, 10.012, 10.030, 10.070))
    made = bar(Show(latest=frame, history=deque([Handed(7, 0, 10.09, 0.091)])))
    tip = made._delay.toolTip()
    assert all(part in tip for part in ("12.0 ms", "18.0 ms", "40.0 ms", "21.0 ms", "91.0 ms"))
    assert "pictures begin" not in tip


def test_pictures_that_are_on_their_way_for_some_frames_are_told_of() -> None:
    frame = Frame(np.zeros((4, 4, 3), np.uint8), 0, 7, Trace(10.0, 10.012, 10.030, 10.070))
    late = status()
    late = replace(late, renderer=replace(late.renderer, delay_frames=3))
    made = bar(Show(late, frame, deque([Handed(7, 0, 10.09, 0.091)])))
    assert "up to 3 frames before" in made._delay.toolTip()


def test_frames_that_were_painted_and_never_shown_are_counted() -> None:
    dropped = Dropped()
    history = deque([Handed(number, 0, float(number), 0.1) for number in (1, 2, 4)])
    assert dropped.push(history) == 1 and dropped.push(history) == 1
    history.append(Handed(8, 0, 8.0, 0.1))
    assert dropped.push(history) == 4
    history.append(Handed(1, 0, 9.0, 0.1))
    history.append(Handed(2, 0, 10.0, 0.1))
    assert dropped.push(history) == 4, "a new renderer that counts from the beginning has dropped nothing"


def test_nothing_important_is_cut_at_1280_pixels() -> None:
    osc = OscState("osc 0.0.0.0:9000, open to the network   ·   osc out 192.168.1.20:9001", True, "http://0.0.0.0:9000", ())
    made = bar(Show(), osc)
    for label in made.findChildren(QLabel):
        if label.isVisible():
            assert label.width() >= label.fontMetrics().horizontalAdvance(label.text()), label.text()
    assert made._input.text() == "input: Monitor of Built-in Audio Analog Stereo"


def test_a_door_that_is_open_to_the_network_has_a_badge() -> None:
    shut = OscState("osc 127.0.0.1:9000", False, "http://127.0.0.1:9000", ())
    open_ = OscState("osc 0.0.0.0:9000, open to the network", True, "", ())
    assert bar(Show(), open_)._badge.isVisible() and bar(Show(), open_)._badge.text() == "open to LAN"
    assert not bar(Show(), shut)._badge.isVisible()
    assert bar(Show())._osc.text() == "no OSC"


@pytest.mark.parametrize(
    ("state", "text", "said"),
    [("running", DEVICE, "Monitor of Built-in Audio Analog Stereo"), ("running", "a: b.flac, 44100 Hz, 2 ch", "a: b.flac"),
     ("lost", "The sound input 'USB' is gone.", "gone"), ("restarting", "Opening it.", "opening …")],
)  # fmt: skip
def test_the_input_is_named_or_its_state(state: str, text: str, said: str) -> None:
    assert input_name(status(text, state)) == said


def test_sentences_stand_above_and_never_widen_the_window() -> None:
    gone, long = "The sound input 'USB' is gone.", "the file /" + "a" * 300 + "/b.flac is no sound file"
    show = Show(status(gone, "lost", (long, gone)))
    made = bar(show, width=900)
    assert made._notice.isVisible() and made._notice.text().count("is gone") == 1
    assert made.width() == 900 and made.minimumSizeHint().width() <= 900
    show.failure = RuntimeError("disk full")
    made.refresh()
    assert made._notice.text().startswith("The show stopped (disk full)")
    show.failure, show.status = None, status()
    made.refresh()
    assert not made._notice.isVisible()
