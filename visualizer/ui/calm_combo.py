"""A choice among names that may stand in groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QPalette, QStandardItem, QStandardItemModel, QWheelEvent
from PySide6.QtWidgets import QComboBox, QSizePolicy, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from visualizer.ui import theme


class _Grouped(QStyledItemDelegate):
    """Names stand further in than their headings, which are small and faint."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        super().initStyleOption(option, index)
        if index.data(Qt.ItemDataRole.UserRole) is None:
            option.font.setPixelSize(theme.SMALL_PX)
            faint = theme.colour(theme.FAINT)
            option.palette.setColor(QPalette.ColorRole.Text, faint)
        else:
            option.text = f"   {option.text}"

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return super().sizeHint(option, index) + QSize(0, 4)


class CalmCombo(QComboBox):
    """Is changed by a choice alone, never by scrolling past it. ``chosen`` tells a choice by hand.

    groups: the names under each heading, "" for none; labels: how a name is written where it is not written as it is.
    """

    chosen = Signal(str)

    def __init__(self, groups: Mapping[str, Sequence[str]], labels: Mapping[str, str] | None = None,
                 parent: QWidget | None = None) -> None:  # fmt: skip
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMaxVisibleItems(20)
        self._rows = QStandardItemModel(self)
        self.fill(groups, labels)
        self.setModel(self._rows)
        if any(groups):
            self.setItemDelegate(_Grouped(self))
        self._opened = False
        self.activated.connect(lambda row: self.chosen.emit(self.itemData(row)))

    def fill(self, groups: Mapping[str, Sequence[str]], labels: Mapping[str, str] | None = None) -> None:
        """Offer these names; none of them is shown until one is put."""
        self._rows.clear()
        self._opened = False  # the list is measured anew
        for heading, names in groups.items():
            if heading:
                title = QStandardItem(heading)
                title.setFlags(Qt.ItemFlag.NoItemFlags)
                self._rows.appendRow(title)
            for name in names:
                item = QStandardItem((labels or {}).get(name, name))
                item.setData(name, Qt.ItemDataRole.UserRole)
                self._rows.appendRow(item)

    @property
    def name(self) -> str:
        """The name that is shown."""
        return str(self.currentData())

    def put(self, name: str) -> None:
        """Show a name, unless the list is open."""
        row = self.findData(name)
        if row != self.currentIndex() and not (self._opened and self.view().isVisible()):
            self.setCurrentIndex(row)

    def showPopup(self) -> None:
        """Open the list, as wide as its widest name. It is made now: a desk has many lists, and few are ever opened."""
        if not self._opened:
            self._opened = True
            self.view().setMinimumWidth(self.view().sizeHintForColumn(0) + 30)
        super().showPopup()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to what scrolls."""
        event.ignore()
