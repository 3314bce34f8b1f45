"""MIDI on the desk: ports, clocks and bindings, played by hand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from desk_hands import LEFT, shown, type_into, wait_for
from jack_server import Controller
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from benchmarks.osc import Recorder
from visualizer.control import link
from visualizer.control.outside import Outside
from visualizer.midi import ports
from visualizer.midi.binding import Binding, bindable, bound
from visualizer.midi.bindings_file import Remembered, save
from visualizer.midi.door import Midi
from visualizer.midi.messages import Control
from visualizer.snapshots import SAMPLE_RATE
from visualizer.ui.midi_panel import MidiPanel

FADER = Control("cc", 1, 7)
LOOKS = ("aurora", "mandala")
BINDINGS = (
    Binding(FADER, "motion/rotate", -90.0, 90.0, pick_up=True), bound(Control("note", 10, 36), "tempo/tap"),
    bound(Control("note", 10, 37), "output/blackout"), Binding(Control("note", 10, 38), "preset", text="mandala"),
    Binding(Control("program", 1), "preset"), bound(Control("note", 10, 39), "light/gain"),
)  # fmt: skip


class Desk:
    """A panel on a MIDI that is not started, so that it touches no port."""

    def __init__(self, path: Path, bindings: tuple[Binding, ...] = BINDINGS, wanted: tuple[str, ...] = ()) -> None:
        QApplication.instance() or QApplication([])
        save(path, Remembered(wanted, True, "jack", bindings))
        self.outside = Outside()
        self.outside.follow(lambda seconds: round(seconds * SAMPLE_RATE))
        self.midi = Midi(Recorder(), self.outside.midi, path, looks=lambda: LOOKS)
        self.panel = MidiPanel(self.midi, self.outside.link, lambda: LOOKS)
        self.told: list[str] = []
        self.panel.told.connect(self.told.append)
        shown(self.panel, 400, 1000)

    @property
    def bindings(self) -> tuple[Binding, ...]:
        return self.midi.state.bindings


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "midi.json")
    yield desk
    desk.panel.close()
    desk.outside.close()


def test_every_binding_has_a_row_with_what_it_needs(desk: Desk) -> None:
    assert [row.binding for row in desk.panel.rows] == list(BINDINGS)
    has = [(row.low is not None, row.switch is not None, row.look is not None) for row in desk.panel.rows]
    number, nothing, switch, look, key = (
        (True, True, False), (False, False, False), (False, True, False), (False, False, True), (True, False, False),
    )  # fmt: skip
    assert has == [number, nothing, switch, look, look, key]
    assert desk.panel.minimumSizeHint().width() <= 400


def test_ends_are_typed_and_brought_into_range(desk: Desk) -> None:
    low, high = desk.panel.rows[0].low, desk.panel.rows[0].high
    assert low is not None and high is not None and (low.value, high.value) == (-90, 90)
    type_into(low, "45 °/s")
    type_into(high, "-1000")
    assert (desk.bindings[0].low, desk.bindings[0].high) == (45, -180) and (low.value, high.value) == (45, -180)
    type_into(high, "fast")
    assert "no number" in desk.told[-1] and desk.bindings[0].high == -180


def test_switches_and_looks_are_chosen(desk: Desk) -> None:
    pick_up, held = desk.panel.rows[0].switch, desk.panel.rows[2].switch
    assert pick_up is not None and held is not None
    QTest.mouseClick(pick_up, LEFT)
    QTest.mouseClick(held, LEFT)
    assert not desk.bindings[0].pick_up and desk.bindings[2].hold and pick_up.isChecked() is False
    pad, program = desk.panel.rows[3].look, desk.panel.rows[4].look
    assert pad is not None and program is not None and (pad.name, program.name) == ("mandala", "by number")
    for combo, name in ((pad, "aurora"), (program, "mandala")):
        combo.setFocus()
        combo.showPopup()
        combo.view().setCurrentIndex(combo.model().index(combo.findData(name), 0))
        QTest.keyClick(combo.view(), Qt.Key.Key_Return)
    assert (desk.bindings[3].text, desk.bindings[4].text) == ("aurora", "mandala")


def test_a_binding_is_removed(desk: Desk) -> None:
    QTest.mouseClick(desk.panel.rows[1].remove_button, LEFT)
    assert desk.bindings == (BINDINGS[0], *BINDINGS[2:])
    assert [row.binding for row in desk.panel.rows] == list(desk.bindings)


def test_learning_is_shown_and_ends_with_escape(desk: Desk) -> None:
    panel = desk.panel
    assert set(bindable()) == {panel.name.itemData(row) for row in range(panel.name.count())} - {None}
    panel.learn("light/hue")  # as a menu of a slider asks for it
    assert panel.learn_button.isChecked() and "light/hue" in panel.learn_note.text() and panel.name.name == "light/hue"
    QTest.keyClick(panel, Qt.Key.Key_Escape)
    assert not panel.learn_button.isChecked() and desk.midi.state.learning == ""
    QTest.mouseClick(panel.learn_button, LEFT)
    assert desk.midi.state.learning == "light/hue"
    QTest.mouseClick(panel.learn_button, LEFT)
    assert desk.midi.state.learning == ""
    panel.learn("picture/prompt")
    assert "words" in desk.told[-1]


def test_the_clock_is_turned_off_and_says_its_tempo(desk: Desk) -> None:
    import time

    outside = desk.panel.outside
    turned: list[tuple[str, bool]] = []
    outside.turned.connect(lambda name, on: turned.append((name, on)))
    assert outside.clock.isChecked() and "no clock" in outside.clock_note.text()
    now = time.perf_counter()
    for tick in range(48):
        desk.outside.midi.tick(now - (48 - tick) / 48)
    desk.panel.follow()
    assert "120.0 BPM" in outside.clock_note.text()
    QTest.mouseClick(outside.clock, LEFT)
    assert not desk.midi.state.clock_on and wait_for(lambda: outside.clock_note.text() == "off")
    assert turned == [("midi", False)]


def test_link_is_turned_on_and_off(desk: Desk) -> None:
    outside = desk.panel.outside
    if not desk.outside.link.is_installed():
        pytest.skip("aalink has no wheel for this machine")
    assert outside.link_note.text() == "off"
    QTest.mouseClick(outside.link, LEFT)
    assert desk.outside.link.state.is_on and wait_for(lambda: outside.link_note.text() != "off")
    QTest.mouseClick(outside.link, LEFT)
    assert not desk.outside.link.state.is_on and wait_for(lambda: outside.link_note.text() == "off")


def test_without_the_packages_it_is_grey_and_says_what_to_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "find_spec", lambda name: None)
    monkeypatch.setattr(link, "find_spec", lambda name: None)
    desk = Desk(tmp_path / "midi.json", (), ("a pad",))
    panel = desk.panel
    greyed = (panel.outside.clock, panel.outside.link, panel.learn_button, panel.name, *panel.port_buttons.values())
    assert len(greyed) == 5 and not any(widget.isEnabled() for widget in greyed)
    assert 'pip install "tpos-live[midi]"' in panel.outside.clock_note.text()
    assert 'pip install "tpos-live[link]"' in panel.outside.link_note.text()
    panel.learn("light/hue")
    assert 'pip install "tpos-live[midi]"' in desk.told[-1]
    panel.close()


def test_a_real_port_is_opened_and_a_control_learnt_from_it(jack: None, tmp_path: Path) -> None:
    pad = Controller("pad")
    desk = Desk(tmp_path / "midi.json", (), ("gone:out",))
    desk.midi.start()
    try:
        buttons = desk.panel.port_buttons
        assert wait_for(lambda: pad.port in buttons)
        assert buttons["gone:out"].text() == "gone:out – not there" and buttons["gone:out"].isChecked()
        QTest.mouseClick(buttons[pad.port], LEFT)
        assert wait_for(lambda: any(port.is_open for port in desk.midi.state.ports))
        desk.panel.learn("light/hue")
        QTest.qWait(50)
        pad.send(0xB0, 7, 5)
        assert wait_for(lambda: desk.panel.rows)
        assert desk.panel.rows[0].binding == bound(FADER, "light/hue")
        assert wait_for(lambda: "CC 7, channel 1" in desk.panel.learn_note.text())
        QTest.mouseClick(buttons["gone:out"], LEFT)
        assert wait_for(lambda: "gone:out" not in buttons)
    finally:
        desk.panel.close()
        desk.midi.stop()
        pad.unplug()
