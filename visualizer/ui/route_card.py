"""One route on the desk: what is listened to, what it moves, and how."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from visualizer.control.route import Route, RouteError
from visualizer.parameters import PARAMETERS
from visualizer.ui import theme
from visualizer.ui.calm_combo import CalmCombo
from visualizer.ui.number_field import NumberField
from visualizer.ui.route_fields import ROUTE_FIELDS, colour_of, labels, source_groups, target_groups

GAIN_WIDTH_PX = 118
COLUMNS = 3
"""Of the fields that fold away."""


class EnvelopeMeter(QWidget):
    """A bar as long as an envelope is high."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._envelope, self._colour = 0.0, theme.ACCENT
        self._drawn = -1
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip("The route’s envelope now, 0 to 1.")

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(80, 8)

    @property
    def filled_px(self) -> int:
        """How long the bar is, in pixels of the screen."""
        return round(min(1.0, max(0.0, self._envelope)) * self.width() * self.devicePixelRatioF())

    def put(self, envelope: float, colour: str) -> None:
        """Show an envelope (0–1); one that differs by less than a pixel costs nothing."""
        self._envelope = envelope
        if colour != self._colour or self.filled_px != self._drawn:
            self._colour = colour
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw track and bar."""
        self._drawn = self.filled_px
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for width, colour in ((float(self.width()), theme.TRACK), (self._drawn / self.devicePixelRatioF(), self._colour)):
            painter.setBrush(theme.colour(colour))
            radius = min(width, self.height()) / 2
            painter.drawRoundedRect(QRectF(0, 0, width, self.height()), radius, radius)


class RouteCard(QFrame):
    """``put`` it a route; ``edited`` tells another one that a hand made of it. What cannot be a route is said in the card,
    and told no further."""

    edited = Signal(object)
    """A Route."""
    copied = Signal()
    removed = Signal()

    def __init__(self, route: Route, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.route = route
        sources, targets = source_groups(), target_groups()
        self.source = CalmCombo(sources, labels(name for names in sources.values() for name in names))
        self.source.setToolTip("What of the sound is listened to.")
        self.source.chosen.connect(lambda name: self._edit("source", name))
        self.target = CalmCombo(targets, labels(name for names in targets.values() for name in names))
        self.target.chosen.connect(lambda name: self._edit("target", name))
        self.meter = EnvelopeMeter()
        self.numbers: dict[str, NumberField] = {}
        self._captions: dict[str, QLabel] = {}
        self.more = self._button("", "Attack, release, bounds and curve.")
        self.more.setCheckable(True)
        self.more.setArrowType(Qt.ArrowType.DownArrow)
        self.more.toggled.connect(self._unfold)
        self.remove = self._button("✕", "Remove this route.")
        self.remove.clicked.connect(self.removed)
        self._wrong = QLabel()
        self._wrong.setObjectName("notice")
        self._wrong.setWordWrap(True)
        self._wrong.hide()
        self._details = QWidget()
        self._lay_out()
        self.put(route)

    def _button(self, text: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setToolTip(tip)
        button.setFixedSize(30, 30)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def _lay_out(self) -> None:
        first, second = QHBoxLayout(), QHBoxLayout()
        arrow = QLabel("→")
        arrow.setObjectName("faint")
        first.addWidget(self.source, 1)
        first.addWidget(arrow)
        first.addWidget(self.target, 1)
        details = QGridLayout(self._details)
        details.setContentsMargins(0, 0, 0, 0)
        details.setHorizontalSpacing(theme.GAP_PX)
        details.setVerticalSpacing(2)
        place = 0
        for field in ROUTE_FIELDS:
            number = self.numbers[field.name] = NumberField(empty=field.empty, shows_unit=field.name == "gain")
            number.entered.connect(lambda value, name=field.name: self._edit(name, value))
            number.refused.connect(self._refuse)
            number.setAccessibleName(field.label)
            if field.name == "gain":
                number.setFixedWidth(GAIN_WIDTH_PX)
                continue
            caption = self._captions[field.name] = QLabel()
            caption.setObjectName("title")
            number.setMinimumWidth(40)
            details.addWidget(caption, 2 * (place // COLUMNS), place % COLUMNS)
            details.addWidget(number, 2 * (place // COLUMNS) + 1, place % COLUMNS)
            place += 1
        copy = QToolButton()
        copy.setText("Duplicate")
        copy.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        copy.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        copy.clicked.connect(self.copied)
        details.addWidget(copy, 2 * (place // COLUMNS) + 1, place % COLUMNS)
        for column in range(COLUMNS):
            details.setColumnStretch(column, 1)
        second.addWidget(self.meter)
        second.addWidget(self.numbers["gain"])
        second.addWidget(self.more)
        second.addWidget(self.remove)
        self._details.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.setSpacing(6)
        layout.addLayout(first)
        layout.addLayout(second)
        layout.addWidget(self._details)
        layout.addWidget(self._wrong)

    def put(self, route: Route) -> None:
        """Show a route; what is being typed stays."""
        if route != self.route:
            self._wrong.hide()  # it was said of another one
        self.route = route
        self.source.put(route.source)
        self.target.put(route.target)
        self.target.setToolTip(PARAMETERS[route.target].doc)
        for field in ROUTE_FIELDS:
            unit = field.unit(route.target)
            number = self.numbers[field.name]
            number.set_unit(unit, field.step(route.target))
            number.put(getattr(route, field.name))
            number.setToolTip(f"{field.label} in {unit}" if unit else field.label)
            if field.name in self._captions:
                self._captions[field.name].setText(f"{field.label} ({unit})" if unit else field.label)

    def show_envelope(self, envelope: float) -> None:
        """Show how high the route's envelope is, 0–1."""
        self.meter.put(envelope, colour_of(self.route.source))

    def menu(self) -> QMenu:
        """What can be done with it."""
        menu = QMenu(self)
        menu.addAction("Duplicate", self.copied.emit)
        menu.addAction("Remove", self.removed.emit)
        return menu

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Show the menu."""
        menu = self.menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())

    def _edit(self, name: str, value: object) -> None:
        try:
            route = replace(self.route, **{name: value})  # type: ignore[arg-type]
        except RouteError as error:
            self._refuse(str(error))
            self.put(self.route)
            return
        self._wrong.hide()
        self.put(route)
        self.edited.emit(route)

    def _refuse(self, why: str) -> None:
        self._wrong.setText(f"{why}. The route stays as it was.")
        self._wrong.show()

    def _unfold(self, shown: bool) -> None:
        self.more.setArrowType(Qt.ArrowType.UpArrow if shown else Qt.ArrowType.DownArrow)
        self._details.setVisible(shown)
