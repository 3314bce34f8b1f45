"""How many flashes reach the audience. Letting all of them through takes a confirmation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from PySide6.QtWidgets import QLabel, QMessageBox, QVBoxLayout, QWidget

from visualizer.ui.segments import Segments

MODES = (
    ("wcag", "WCAG", "At most three flashes in any one second, as WCAG 2.3.1 asks"),
    ("strict", "Strict", "At most half as many"),
    ("off", "Off", "Every flash goes through; asks first"),
)
MEANS = {
    "wcag": "At most three flashes a second (WCAG 2.3.1).",
    "strict": "At most half as many flashes as WCAG 2.3.1 allows.",
    "off": "OFF: flashes go through. They can give people with photosensitive epilepsy a seizure.",
}
WARNING = (
    "The picture may then flash as hard and as often as the sound and the look make it.\n\n"
    "Flashing light can give people with photosensitive epilepsy a seizure. Many of them do not know that they have it "
    "until then.\n\n"
    "Leave the limiter on wherever people watch who have not been warned. It is on again when the program is started anew."
)


class LimitedShow(Protocol):
    """What is asked of a show."""

    @property
    def limiter(self) -> str:
        """"wcag", "strict" or "off"."""  # fmt: skip
        ...

    def set(self, name: str, value: float | str) -> None:
        """Set ``output/limiter`` to "wcag" or "strict"."""
        ...

    def switch_limiter_off(self) -> None:
        """Let every flash through."""
        ...


def confirmed(parent: QWidget) -> bool:
    """Whether somebody has read what it means to switch the limiter off, and wants it."""
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Warning)
    box.setWindowTitle("Flash limiter")
    box.setText("Switch the flash limiter off?")
    box.setInformativeText(WARNING)
    keep = box.addButton("Keep it on", QMessageBox.ButtonRole.RejectRole)
    off = box.addButton("Let flashes through", QMessageBox.ButtonRole.DestructiveRole)
    box.setDefaultButton(keep)
    box.setEscapeButton(keep)
    box.exec()
    return box.clickedButton() is off


class LimiterChoice(QWidget):
    """WCAG, strict or off. ask: whether off is really wanted."""

    def __init__(self, show: LimitedShow, ask: Callable[[QWidget], bool] = confirmed) -> None:
        super().__init__()
        self._show, self._ask = show, ask
        self.segments = Segments(MODES, "Flash limiter")
        self.segments.chosen.connect(self._choose)
        self.means = QLabel()
        self.means.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.segments)
        layout.addWidget(self.means)
        self.refresh()

    def refresh(self) -> None:
        """Show what holds, whoever changed it."""
        mode = self._show.limiter
        self.segments.put(mode)
        if self.means.text() != MEANS[mode]:
            self.means.setText(MEANS[mode])
            self.means.setObjectName("notice" if mode == "off" else "faint")
            self.means.style().polish(self.means)

    def _choose(self, mode: str) -> None:
        if mode != "off":
            self._show.set("output/limiter", mode)
        elif self._show.limiter != "off" and self._ask(self):
            self._show.switch_limiter_off()
        self.refresh()
