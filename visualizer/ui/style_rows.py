"""Styles (LoRAs) on the desk: which are loaded, and how strongly each counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from visualizer.models.styles import MOST
from visualizer.ui.bound_spin import BoundSpin
from visualizer.ui.calm_combo import CalmCombo
from visualizer.ui.changes import Changes

NONE = ""


class StyleRows(QWidget):
    """A row for each style that can be loaded. ``chosen``: the files wanted now, a tuple of paths in order."""

    chosen = Signal(object)

    def __init__(self, changes: Changes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._changes = changes
        self._files: dict[str, Path] = {}
        self.names = [CalmCombo({"": (NONE,)}, {NONE: "no style"}) for _ in range(MOST)]
        self.weights = [BoundSpin(_weight(number), changes, 0.05) for number in range(MOST)]
        rows = QGridLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setVerticalSpacing(6)
        for number, (name, weight) in enumerate(zip(self.names, self.weights, strict=True)):
            name.setAccessibleName(f"Style {number + 1}")
            name.chosen.connect(self._choose)
            rows.addWidget(name, number, 0)
            rows.addWidget(weight, number, 1)
        rows.setColumnStretch(0, 1)

    def fill(self, styles: Mapping[str, Path], loaded: Sequence[Path]) -> None:
        """Offer styles, files by name, and show those that are loaded."""
        self._files = dict(styles)
        shown = []
        for path in loaded:
            name = next((name for name, file in self._files.items() if file == path), path.stem)
            self._files[name] = path
            shown.append(name)
        for number, combo in enumerate(self.names):
            combo.fill({"": (NONE, *self._files)}, {NONE: "no style"})
            combo.put(shown[number] if number < len(shown) else NONE)
            # A style is loaded behind the others: there is none to be chosen behind an empty row.
            combo.setVisible(number <= len(shown))
            self.weights[number].setVisible(number < len(shown))

    def follow(self) -> None:
        """Show the weights, whoever changed them."""
        for number, weight in enumerate(self.weights):
            weight.follow(self._changes.values[_weight(number)])

    def _choose(self, _: str) -> None:
        wanted = dict.fromkeys(combo.name for combo in self.names if not combo.isHidden() and combo.name != NONE)
        self.chosen.emit(tuple(self._files[name] for name in wanted))


def _weight(number: int) -> str:
    return f"style/weight_{number + 1}"
