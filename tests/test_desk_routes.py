"""Routes from the sound to the picture, made and changed by hand."""

from __future__ import annotations

import os
from dataclasses import fields

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from desk_hands import LEFT, shown, type_into, wait_for, wheel
from desk_show import PlayedShow
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from visualizer.control.route import SOURCES, Route
from visualizer.parameters import PARAMETERS
from visualizer.preset import Preset
from visualizer.ui.changes import Changes
from visualizer.ui.route_card import RouteCard
from visualizer.ui.route_fields import ROUTE_FIELDS, source_groups, target_groups
from visualizer.ui.routes_panel import RoutesPanel

A = Route("bass", "lens/zoom", 0.5, 0.0, 10.0)
B = Route("onset", "light/gain", 1.0)


@pytest.fixture
def look() -> Preset:
    return Preset("plain", "Plain", {}, (A, B))


@pytest.fixture
def panel(show: PlayedShow, changes: Changes) -> RoutesPanel:
    return shown(RoutesPanel(show, changes))


def choose(combo: object, name: str) -> None:
    """Open the list and choose by keys."""
    combo.setFocus()
    combo.showPopup()
    combo.view().setCurrentIndex(combo.model().index(combo.findData(name), 0))
    QTest.keyClick(combo.view(), Qt.Key.Key_Return)


def test_everything_heard_and_everything_moved_can_be_chosen() -> None:
    heard = [name for names in source_groups().values() for name in names]
    moved = [name for names in target_groups().values() for name in names]
    assert sorted(heard) == sorted(SOURCES)
    assert moved == [name for name, parameter in PARAMETERS.items() if parameter.is_number and parameter.modulated]
    numbers = {field.name for field in fields(Route)} - {"source", "target"}
    assert {field.name for field in ROUTE_FIELDS} == numbers, "every number of a route can be typed"


def test_a_route_is_chosen_and_typed_and_each_is_undone(panel: RoutesPanel, show: PlayedShow, changes: Changes) -> None:
    card = panel.cards[0]
    QTest.mouseClick(card.more, LEFT)
    choose(card.source, "flux")
    panel._gestures.begin()
    choose(card.target, "motion/zoom")
    panel._gestures.begin()
    type_into(card.numbers["gain"], "1.5 oct/s")
    panel._gestures.begin()
    type_into(card.numbers["attack_s"], "20 ms")
    panel._gestures.begin()
    type_into(card.numbers["high"], "1")
    type_into(card.numbers["curve"], "-0.5")
    show.hear()
    assert show.routes == (Route("flux", "motion/zoom", 1.5, 0.02, 10.0, None, 1.0, -0.5), B)
    assert changes.stack.count() == 5, "what follows within a moment is one step"
    type_into(card.numbers["high"], "")
    show.hear()
    assert show.routes[0].high is None
    while changes.stack.canUndo():
        changes.stack.undo()
        show.hear()
    assert show.routes == (A, B)
    panel.follow()
    assert card.source.name == "bass" and card.numbers["gain"].text() == "0.5 oct"


def test_what_cannot_be_is_said_in_the_card_and_the_route_stays(panel: RoutesPanel, show: PlayedShow) -> None:
    card = panel.cards[0]
    QTest.mouseClick(card.more, LEFT)
    type_into(card.numbers["low"], "7")
    show.hear()
    assert show.routes == (A, B) and card.numbers["low"].text() == ""
    assert card._wrong.isVisible() and "min = 7 is out of range: it takes -1 to 1" in card._wrong.text()
    assert card._wrong.text().count(".") == 2, "one sentence, and that the route stays"
    type_into(card.numbers["gain"], "much")
    assert "no number" in card._wrong.text()
    type_into(card.numbers["low"], "0.1")
    show.hear()
    assert show.routes[0].low == 0.1 and not card._wrong.isVisible()


def test_a_bound_outside_another_targets_range_is_said(show: PlayedShow, changes: Changes) -> None:
    changes.set_routes((Route("bass", "light/hue", 90.0, high=170.0),))
    show.hear()
    panel = RoutesPanel(show, changes)
    shown(panel)
    card = panel.cards[0]
    choose(card.target, "light/gain")
    assert "max = 170 is out of range" in card._wrong.text()
    assert card.target.name == "light/hue" and changes.routes[0].target == "light/hue"
    panel.close()


def test_routes_are_added_duplicated_and_removed(panel: RoutesPanel, show: PlayedShow, changes: Changes) -> None:
    QTest.mouseClick(panel.add_button, LEFT)
    show.hear()
    assert len(show.routes) == 3 and panel.cards[2].more.isChecked()
    QTest.mouseClick(panel.cards[0].remove, LEFT)
    show.hear()
    assert [route.source for route in show.routes] == ["onset", "bass"] and len(panel.cards) == 2
    panel.cards[0].copied.emit()
    show.hear()
    assert show.routes[:2] == (B, B)
    type_into(panel.cards[1].numbers["gain"], "-0.25")
    show.hear()
    assert [route.gain for route in show.routes[:2]] == [1.0, -0.25]
    while changes.stack.canUndo():
        changes.stack.undo()
        show.hear()
    assert show.routes == (A, B) and [card.route for card in panel.cards] == [A, B]


def test_the_last_route_goes_and_its_place_says_so(panel: RoutesPanel, show: PlayedShow) -> None:
    for _ in range(2):
        QTest.mouseClick(panel.cards[0].remove, LEFT)
        show.hear()
    assert show.routes == () and panel._nothing.isVisible() and "add a route" in panel._nothing.text()


def test_meters_show_the_envelopes(panel: RoutesPanel, show: PlayedShow) -> None:
    show.hear(bass=0.5)
    meter = panel.cards[0].meter
    assert wait_for(lambda: meter.filled_px == pytest.approx(0.5 * meter.width(), abs=2))
    assert panel.cards[1].meter.filled_px == 0


def test_routes_of_another_look_are_followed(panel: RoutesPanel, show: PlayedShow) -> None:
    coming = tuple(Route("mid", "light/hue", float(gain)) for gain in range(5))
    show.set_preset(Preset("other", "Other", {}, coming), 0.0)  # as OSC does
    show.hear()
    assert wait_for(lambda: [card.route for card in panel.cards] == list(coming))
    show.set_preset(Preset("bare", "Bare", {}), 0.0)
    show.hear()
    assert wait_for(lambda: panel.cards == [])


def test_a_filter_finds_routes_and_the_wheel_changes_none(panel: RoutesPanel, changes: Changes) -> None:
    QTest.keyClicks(panel.filter, "zoom")
    assert [card.isVisible() for card in panel.cards] == [True, False]
    QTest.keyClick(panel.filter, Qt.Key.Key_Escape)
    assert all(card.isVisible() for card in panel.cards)
    card: RouteCard = panel.cards[0]
    assert not wheel(card.source, 1) and not wheel(card.numbers["gain"], 1)
    assert changes.stack.count() == 0
