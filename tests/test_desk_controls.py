"""Sliders, number fields and the prompt bar, played with mouse and keys."""

from __future__ import annotations

import os

import numpy as np
import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from desk_hands import LEFT, SHIFT, drag, point, shown, type_into, wait_for, wheel
from desk_show import PlayedShow
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton, QWidget

from visualizer.control.route import Route
from visualizer.parameters import PARAMETERS
from visualizer.preset import Preset
from visualizer.ui import theme
from visualizer.ui.changes import Changes
from visualizer.ui.controls_panel import ControlsPanel
from visualizer.ui.desk_side import LEAST_WIDTH_PX, DeskSide
from visualizer.ui.number_field import plain, read_number
from visualizer.ui.parameter_slider import WHEEL_STEP, ParameterSlider
from visualizer.ui.prompts_bar import PromptsBar

LOOK = Preset("plain", "Plain", {"light/hue": 10.0}, (Route("bass", "lens/zoom", 0.5, 0.0, 10.0),))


@pytest.fixture
def look() -> Preset:
    return LOOK


@pytest.fixture
def panel(show: PlayedShow, changes: Changes) -> ControlsPanel:
    return shown(ControlsPanel(show, changes))


def slider_of(panel: ControlsPanel, name: str) -> ParameterSlider:
    slider = panel.rows[name].slider
    assert slider is not None
    return slider


def pixels(widget: QWidget) -> np.ndarray:
    """(height, width, 3)."""
    image = QImage(widget.size(), QImage.Format.Format_RGB888)
    image.fill(QColor(theme.PANEL))
    widget.render(image)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def columns_of(colour: str, picture: np.ndarray) -> np.ndarray:
    """Where along the width a colour is, in pixels."""
    wanted = QColor(colour).getRgb()[:3]
    return np.flatnonzero((np.abs(picture.astype(int) - wanted).max(-1) < 12).any(0))


def test_every_number_and_choice_has_a_row_in_its_group(panel: ControlsPanel) -> None:
    assert set(panel.rows) == {name for name, parameter in PARAMETERS.items() if parameter.kind != "text"}
    assert list(panel.sections) == list(dict.fromkeys(name.split("/")[0] for name in panel.rows))
    tip = panel.rows["motion/zoom"].toolTip()
    for part in ("Zoom in (positive) or out.", "/visualizer/motion/zoom", "-2 to 2 oct/s"):
        assert part in tip


def test_a_drag_sets_the_value_and_is_one_step(panel: ControlsPanel, show: PlayedShow, changes: Changes) -> None:
    slider = slider_of(panel, "light/gain")
    drag(slider, slider.x_of(1.0), *(slider.x_of(1.0 + part / 10) for part in range(1, 11)))
    show.hear()
    assert show.values["light/gain"] == pytest.approx(2.0, abs=0.02)
    assert changes.stack.count() == 1
    changes.stack.undo()
    show.hear()
    panel.follow()
    assert show.values["light/gain"] == 1.0 == slider.value


def test_shift_drags_a_tenth_as_far_and_a_click_comes_to_the_pointer(panel: ControlsPanel, show: PlayedShow) -> None:
    slider = slider_of(panel, "light/saturation")
    drag(slider, slider.x_of(1.0), slider.x_of(1.5), modifiers=SHIFT)
    show.hear()
    assert show.values["light/saturation"] == pytest.approx(1.05, abs=0.005)
    drag(slider, slider.x_of(0.25))
    show.hear()
    assert show.values["light/saturation"] == pytest.approx(0.25, abs=0.02)


def test_a_double_click_goes_back_to_the_looks_value_in_one_step(
    panel: ControlsPanel, show: PlayedShow, changes: Changes
) -> None:
    changes.set("light/hue", 90.0)
    show.hear()
    panel.follow()
    slider = slider_of(panel, "light/hue")
    place = QPoint(20, slider.height() // 2)
    QTest.mouseClick(slider, LEFT, pos=place)
    QTest.mouseDClick(slider, LEFT, pos=place)
    show.hear()
    assert show.values["light/hue"] == 10.0
    changes.stack.undo()
    show.hear()
    assert show.values["light/hue"] == 90.0


def test_the_wheel_is_fine_and_does_nothing_until_the_pointer_was_brought(panel: ControlsPanel, show: PlayedShow) -> None:
    slider = slider_of(panel, "light/contrast")
    assert not wheel(slider, 1), "a slider that scrolls by under the pointer stays as it is"
    point(slider, 30, pressed=False)
    assert wheel(slider, 3) and wheel(slider, -1)
    show.hear()
    assert show.values["light/contrast"] == pytest.approx(1 + 2 * WHEEL_STEP * 2)
    whole = slider_of(panel, "lens/mirrors")
    point(whole, 30, pressed=False)
    wheel(whole, 3)
    show.hear()
    assert show.values["lens/mirrors"] == 3.0


def test_keys_move_a_slider_and_all_others_reach_the_desk(panel: ControlsPanel, show: PlayedShow) -> None:
    slider = slider_of(panel, "light/gain")
    slider.setFocus()
    QTest.keyClick(slider, Qt.Key.Key_Right)
    QTest.keyClick(slider, Qt.Key.Key_PageUp)
    show.hear()
    assert show.values["light/gain"] == pytest.approx(1.33)
    QTest.keyClick(slider, Qt.Key.Key_Home)
    show.hear()
    assert show.values["light/gain"] == 0.0
    pressed = []
    panel.keyPressEvent = lambda event: pressed.append(event.key())  # type: ignore[method-assign]
    QTest.keyClick(slider, Qt.Key.Key_T)
    assert pressed == [Qt.Key.Key_T]


def test_what_osc_moves_is_followed_but_not_under_a_hand(panel: ControlsPanel, show: PlayedShow) -> None:
    slider, other = slider_of(panel, "light/gain"), slider_of(panel, "light/hue")
    QTest.mousePress(slider, LEFT, pos=QPoint(round(slider.x_of(1.0)), slider.height() // 2))
    show.set("light/gain", 3.0)
    show.set("light/hue", -50.0)
    show.hear()
    assert wait_for(lambda: other.value == -50.0), "within some thirtieths of a second, by itself"
    assert slider.value == 1.0
    QTest.mouseRelease(slider, LEFT, pos=QPoint(round(slider.x_of(1.0)), slider.height() // 2))
    assert wait_for(lambda: slider.value == 3.0)
    number = panel.rows["light/gain"].number
    assert number is not None and number.text() == "3.00"


def test_the_sound_is_seen_on_the_track(panel: ControlsPanel, show: PlayedShow) -> None:
    slider = slider_of(panel, "lens/zoom")
    show.hear(bass=0.8)
    panel.follow()
    picture = pixels(slider)
    marked = columns_of(theme.YELLOW, picture)
    assert show.controls.values["lens/zoom"] == pytest.approx(0.4, abs=0.01)
    assert marked.mean() == pytest.approx(slider.x_of(0.4), abs=2)
    handle = columns_of(theme.TEXT, picture)
    assert handle.mean() == pytest.approx(slider.x_of(0.0), abs=3)
    assert len(columns_of(theme.YELLOW, pixels(slider_of(panel, "light/hue")))) == 0


def test_a_range_through_zero_fills_from_there(panel: ControlsPanel, show: PlayedShow) -> None:
    slider = slider_of(panel, "light/hue")
    for value in (-90.0, 90.0):
        show.set("light/hue", value)
        show.hear()
        panel.follow()
        filled = columns_of(theme.ACCENT_DEEP, pixels(slider))
        low, high = sorted((slider.x_of(0.0), slider.x_of(value)))
        assert low <= filled.mean() <= high
        assert filled.min() >= low - 3 and filled.max() <= high + 3


def test_what_moves_by_less_than_a_pixel_is_not_painted(show: PlayedShow) -> None:
    class Counted(ParameterSlider):
        painted = 0

        def paintEvent(self, event: object) -> None:
            self.painted += 1
            super().paintEvent(event)  # type: ignore[arg-type]

    slider = Counted(0.0, 1.0)
    shown(slider, 160, 26)
    QTest.qWait(50)
    painted = slider.painted
    for step in range(40):
        slider.put(0.5, 0.5001 + step * 1e-5, True)
        QTest.qWait(1)
    assert slider.painted <= painted + 1
    slider.put(0.5, 0.7, True)
    assert wait_for(lambda: slider.painted >= painted + 1)
    slider.close()


def test_numbers_are_typed_with_their_unit(panel: ControlsPanel, show: PlayedShow) -> None:
    told: list[str] = []
    panel.told.connect(told.append)
    number = panel.rows["motion/zoom"].number
    assert number is not None
    type_into(number, "0,75 oct/s")
    show.hear()
    assert show.values["motion/zoom"] == 0.75 and number.text() == "0.75" and not number.hasFocus()
    type_into(number, "9")
    assert "out of range" in told[-1] and number.text() == "0.75"
    type_into(number, "fast")
    assert "no number" in told[-1] and number.text() == "0.75"
    type_into(number, "1", end=Qt.Key.Key_Escape)
    show.hear()
    assert show.values["motion/zoom"] == 0.75 and number.text() == "0.75" and len(told) == 2
    QTest.mouseClick(number, LEFT)
    QTest.keyClick(number, Qt.Key.Key_Up)
    show.hear()
    assert show.values["motion/zoom"] == pytest.approx(0.79)


@pytest.mark.parametrize(
    ("text", "unit", "number"),
    [("0.5", "s", 0.5), ("20 ms", "s", 0.02), ("−3", "", -3.0), (" +1e-2", "", 0.01), (".5 °", "°", 0.5), ("9°", "°", 9.0)],
)
def test_a_number_is_read(text: str, unit: str, number: float) -> None:
    assert read_number(text, unit) == pytest.approx(number)


@pytest.mark.parametrize("text", ["", "s", "1 2", "nan", "inf", "1 oct", "--1"])
def test_what_is_no_number_in_that_unit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no number|counted in s"):
        read_number(text, "s")


@pytest.mark.parametrize(("number", "text"), [(0.0, "0"), (-7.5, "-7.5"), (1e6, "1000000"), (1 / 3, "0.3333")])
def test_a_number_is_said_plainly(number: float, text: str) -> None:
    assert plain(number) == text


def test_a_choice_is_chosen_and_not_scrolled_past(panel: ControlsPanel, show: PlayedShow) -> None:
    combo = panel.rows["output/limiter"].combo
    assert combo is not None and combo.name == "wcag"
    assert not wheel(combo, -1) and combo.name == "wcag"
    combo.setFocus()
    QTest.keyClick(combo, Qt.Key.Key_Down)
    show.hear()
    assert show.values["output/limiter"] == "strict"


def test_another_seed_is_drawn_by_lot(panel: ControlsPanel, show: PlayedShow) -> None:
    row = panel.rows["picture/seed"]
    assert row.slider is None
    button = next(child for child in row.children() if getattr(child, "text", str)() == "Another")
    QTest.mouseClick(button, LEFT)
    show.hear()
    assert show.values["picture/seed"] not in (1.0, 0.0)


def test_the_filter_finds_by_name_and_by_what_is_said(panel: ControlsPanel) -> None:
    QTest.mouseClick(panel.filter, LEFT)
    QTest.keyClicks(panel.filter, "zoom")
    seen = {name for name, row in panel.rows.items() if row.isVisible()}
    assert seen == {"motion/zoom", "lens/zoom"}
    QTest.keyClick(panel.filter, Qt.Key.Key_Escape)
    assert all(row.isVisibleTo(panel) for row in panel.rows.values())
    panel.sections["lens"].heading.click()
    assert not panel.rows["lens/zoom"].isVisible()
    QTest.keyClicks(panel.filter, "kaleidoscope")
    assert panel.rows["lens/mirrors"].isVisible(), "what is found is shown, folded away or not"


def test_the_menu_of_a_row(panel: ControlsPanel, show: PlayedShow) -> None:
    learn, route = [], []
    panel.learn_asked.connect(learn.append)
    panel.route_asked.connect(route.append)
    actions = {action.text(): action for action in panel.rows["light/hue"].menu().actions()}
    actions["Copy OSC address"].trigger()
    assert QGuiApplication.clipboard().text() == "/visualizer/light/hue"
    actions["Set to default"].trigger()
    actions["Learn MIDI …"].trigger()
    actions["Route sound to this …"].trigger()
    show.hear()
    assert (show.values["light/hue"], learn, route) == (0.0, ["light/hue"], ["light/hue"])
    unmoved = {action.text(): action for action in panel.rows["picture/steps"].menu().actions()}
    assert not unmoved["Route sound to this …"].isEnabled()


def test_nothing_is_wider_than_the_column(show: PlayedShow, changes: Changes, own_folders: object) -> None:
    side = DeskSide(show, changes, lambda preset: preset)
    shown(side, LEAST_WIDTH_PX, 760)
    assert side.width() == LEAST_WIDTH_PX
    for page in range(side.tabs.count()):
        side.tabs.setCurrentIndex(page)
        QTest.qWait(20)
        for child in side.tabs.currentWidget().findChildren(QWidget):
            if child.isVisible() and not child.isWindow():
                right = child.mapTo(side, child.rect().topRight()).x()
                assert right < LEAST_WIDTH_PX, f"{child} ends at {right}"
                if not isinstance(child, QToolButton):  # some hold a single sign
                    assert child.width() >= child.minimumSizeHint().width(), f"{child} is cut off"
    side.controls.route_asked.emit("light/hue")
    assert side.tabs.currentWidget() is side.routes and side.routes.cards[-1].route.target == "light/hue"
    QTest.keyClick(side, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert len(changes.routes) == 1
    side.close()


def test_prompts_are_painted_by_enter_and_left_by_esc(show: PlayedShow, changes: Changes) -> None:
    bar = PromptsBar(show, changes)
    shown(bar, 800, 80)
    type_into(bar.second, "blue ocean")
    type_into(bar.first, "a forest", end=Qt.Key.Key_Escape)
    show.hear()
    assert show.values["picture/prompt_b"] == "blue ocean"
    assert bar.first.text() == "glowing nebula" == show.values["picture/prompt"]
    type_into(bar.first, "   ")
    assert bar.first.text() == "glowing nebula", "there is always something to paint"
    QTest.mouseClick(bar.first, LEFT)
    QTest.keyClicks(bar.first, "!")
    show.set("picture/prompt", "from afar")
    show.hear()
    bar.follow()
    assert bar.first.text() != "from afar", "what is being typed stays"
    QTest.keyClick(bar.first, Qt.Key.Key_Escape)
    assert bar.first.text() == "from afar"
    bar.close()


def test_the_fader_mixes_and_the_swap_keeps_the_picture(show: PlayedShow, changes: Changes) -> None:
    bar = PromptsBar(show, changes)
    shown(bar, 800, 80)
    changes.set("picture/prompt_b", "blue ocean")
    drag(bar.fader, bar.fader.x_of(0.0), bar.fader.x_of(0.25))
    show.hear()
    assert show.values["picture/mix"] == pytest.approx(0.25, abs=0.01)
    QTest.mouseClick(bar.swap_button, LEFT)
    show.hear()
    values = show.values
    assert (values["picture/prompt"], values["picture/prompt_b"]) == ("blue ocean", "glowing nebula")
    assert values["picture/mix"] == pytest.approx(0.75, abs=0.01)
    changes.stack.undo()
    show.hear()
    assert show.values["picture/prompt"] == "glowing nebula"
    assert show.values["picture/mix"] == pytest.approx(0.25, abs=0.01)
    bar.close()
