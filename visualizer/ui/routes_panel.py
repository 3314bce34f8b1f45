"""The modulation matrix as a list: every route from the sound to the picture."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from visualizer.control.route import Route
from visualizer.parameters import PARAMETERS
from visualizer.ui import theme
from visualizer.ui.changes import Changes
from visualizer.ui.controls_panel import FilterField
from visualizer.ui.following import FollowingPanel
from visualizer.ui.gestures import Gestures
from visualizer.ui.playable import Playable
from visualizer.ui.route_card import RouteCard

FIRST_SOURCE, FIRST_TARGET = "bass", "lens/zoom"
FIRST_SHARE = 0.1
"""What a new route's gain is, of its target's range: to be seen, and not to be startled by."""


class RoutesPanel(FollowingPanel):
    """All routes of the running look, in their order."""

    told = Signal(str)

    def __init__(self, show: Playable, changes: Changes, parent: QWidget | None = None) -> None:
        super().__init__(self.follow, parent=parent)
        self._show, self._changes = show, changes
        self.cards: list[RouteCard] = []
        self._gestures = Gestures()
        self.filter = FilterField("Find a route")
        self.filter.textChanged.connect(self._find)
        self.add_button = QPushButton("Add route")
        self.add_button.clicked.connect(lambda: self.add())
        self._nothing = QLabel()
        self._nothing.setObjectName("faint")
        self._nothing.setWordWrap(True)
        inner = QWidget()
        self._column = QVBoxLayout(inner)
        self._column.setContentsMargins(0, 0, theme.GAP_PX, 0)
        self._column.setSpacing(theme.GAP_PX)
        self._column.addWidget(self._nothing)
        self._column.addStretch(1)
        self._area = QScrollArea()
        self._area.setWidget(inner)
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        above = QHBoxLayout()
        above.addWidget(self.filter, 1)
        above.addWidget(self.add_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, theme.GAP_PX, 0, 0)
        layout.setSpacing(theme.GAP_PX)
        layout.addLayout(above)
        layout.addWidget(self._area, 1)
        changes.routes_changed.connect(self._put_if_seen)

    def follow(self) -> None:
        """Show the routes and their envelopes."""
        self._put(self._changes.routes)
        for card, envelope in zip(self.cards, self._show.envelopes, strict=False):  # of two moments
            card.show_envelope(envelope)

    def add(self, target: str = FIRST_TARGET) -> None:
        """Add a route to a parameter, at the end, and show it whole."""
        parameter = PARAMETERS[target]
        route = Route(FIRST_SOURCE, target, FIRST_SHARE * (parameter.high - parameter.low))
        self.filter.clear()
        self._changes.set_routes((*self._changes.routes, route))
        self._put(self._changes.routes)
        self.cards[-1].more.setChecked(True)
        self.cards[-1].source.setFocus()
        QTimer.singleShot(0, self, self._show_last)

    def _show_last(self) -> None:
        if self.cards:
            self._area.ensureWidgetVisible(self.cards[-1])

    def _put_if_seen(self) -> None:
        if self.isVisible():  # else ``follow`` does it when the tab is opened
            self._put(self._changes.routes)

    def _put(self, routes: tuple[Route, ...]) -> None:
        if self.cards and routes == tuple(card.route for card in self.cards):
            return
        for number, route in enumerate(routes):
            if number == len(self.cards):
                self._make_card(route)
            elif self.cards[number].route != route:
                self.cards[number].put(route)
        while len(self.cards) > len(routes):
            card = self.cards.pop()
            self._column.removeWidget(card)
            card.hide()
            card.deleteLater()
        self._find()

    def _make_card(self, route: Route) -> None:
        card = RouteCard(route)
        card.edited.connect(lambda edited: self._replace(self.cards.index(card), edited))
        card.copied.connect(lambda: self._splice(self.cards.index(card) + 1, 0, card.route))
        card.removed.connect(lambda: self._splice(self.cards.index(card), 1))
        self._column.insertWidget(len(self.cards), card)
        self.cards.append(card)

    def _replace(self, place: int, route: Route) -> None:
        self._gestures.go_on(place)
        routes = self._changes.routes
        self._changes.set_routes((*routes[:place], route, *routes[place + 1 :]), self._gestures.now)

    def _splice(self, place: int, gone: int, *come: Route) -> None:
        self._gestures.begin()
        for card in self.cards[place:]:  # another route stands in the card from now on
            card.more.setChecked(card.more.isChecked() and not gone)
        routes = self._changes.routes
        self._changes.set_routes((*routes[:place], *come, *routes[place + gone :]))

    def _find(self) -> None:
        words = self.filter.words
        for card in self.cards:
            said = f"{card.route.source} {card.route.target}".replace("_", " ")
            card.setVisible(all(word.replace("_", " ") in said for word in words))
        self._nothing.setText("No route is called that." if self.cards else "No sound moves this look yet: add a route.")
        self._nothing.setVisible(not any(not card.isHidden() for card in self.cards))
