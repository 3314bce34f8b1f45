"""What paints: the model, its size, what runs it, and how few frames a second are too few."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFormLayout, QLabel, QVBoxLayout, QWidget

from engines.folder import ModelError
from engines.model import inspect
from visualizer.models.library import installed, installed_styles
from visualizer.models.sizes import sizes_of
from visualizer.renderer.settings import RendererSettings, RendererStatus
from visualizer.resources import embedded_model
from visualizer.ui.bound_spin import BoundSpin
from visualizer.ui.calm_combo import CalmCombo
from visualizer.ui.changes import Changes
from visualizer.ui.following import FollowingPanel
from visualizer.ui.outside_list import note, put
from visualizer.ui.section import Section
from visualizer.ui.source_row import SourceRow, SourceShow
from visualizer.ui.style_rows import StyleRows
from visualizer.ui.theme import GAP_PX

FOLLOW_MS = 200
BACKENDS = {
    "": "The quickest that is ready",
    "torch": "PyTorch",
    "compiled": "PyTorch, compiled (takes minutes once)",
    "openvino": "OpenVINO, for processors",
    "tensorrt": "TensorRT, for NVIDIA (built once)",
}


class Painted(Protocol):
    """What the panel asks of a show's renderer."""

    @property
    def settings(self) -> RendererSettings:
        """Of what paints."""
        ...

    @property
    def status(self) -> RendererStatus:
        """How it is."""
        ...


class PaintedShow(SourceShow, Protocol):
    """What the panel asks of a show."""

    @property
    def renderer(self) -> Painted:
        """What paints."""
        ...

    @property
    def picture_size(self) -> tuple[int, int]:
        """(width, height) that was asked for."""
        ...

    def change_picture(
        self, model: Path | None = None, size: tuple[int, int] | None = None, backend: str | None = None,
        styles: tuple[Path, ...] | None = None,
    ) -> None:  # fmt: skip
        """Paint so once that is ready."""
        ...


class ModelPanel(FollowingPanel):
    """The tab "Model". models: folders by name, beside the one that ships; styles: files by name."""

    told = Signal(str)
    """One sentence for the user."""

    def __init__(
        self, show: PaintedShow, changes: Changes, models: Callable[[], dict[str, Path]] = installed,
        styles: Callable[[], dict[str, Path]] = installed_styles,
        parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(self.follow, FOLLOW_MS, parent)
        self._show, self._models, self._styles = show, models, styles
        self._known: dict[str, Path] = {}
        self._filled: RendererSettings | None = None
        self.now, self.preparing = note(), note()
        self.preparing.setObjectName("notice")
        self.hint = note()
        self.hint.setText("More models: visualizer models add ID, in a terminal. A change comes when it is ready.")
        self.least = BoundSpin("show/least_fps", changes, 1.0, off="never")
        self._changes = changes
        self._sizes: dict[str, tuple[int, int]] = {}
        self.model, self.pixels, self.backend = CalmCombo({}), CalmCombo({}), CalmCombo({"": tuple(BACKENDS)}, BACKENDS)
        self.model.chosen.connect(self._choose_model)
        self.pixels.chosen.connect(lambda text: show.change_picture(size=self._sizes[text]))
        self.backend.chosen.connect(lambda backend: show.change_picture(backend=backend))
        self.styles = StyleRows(changes)
        self.styles.chosen.connect(lambda files: show.change_picture(styles=files))
        self.source = SourceRow(show, changes)
        self.source.told.connect(self.told)
        what = Section("What paints")
        rows = QWidget()
        form = QFormLayout(rows)
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(6)
        for label, combo in (("Model", self.model), ("Size", self.pixels), ("Run by", self.backend)):
            heading = QLabel(label)
            heading.setBuddy(combo)
            combo.setAccessibleName(label)
            form.addRow(heading, combo)
        what.add(rows)
        for line in (self.now, self.preparing, self.hint):
            what.add(line)
        rate = Section("Too slow?")
        rate.add(self.least)
        because = note()
        because.setText("Below so many frames a second fewer steps are painted, then fewer pixels.")
        rate.add(because)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, GAP_PX, GAP_PX, 0)
        layout.setSpacing(GAP_PX)
        worn = Section("Styles")
        worn.add(self.styles)
        which = note()
        which.setText("LoRA files made for this model: visualizer models add FILE, in a terminal.")
        worn.add(which)
        layout.addWidget(what)
        over = Section("Paint over")
        over.add(self.source)
        layout.addWidget(worn)
        layout.addWidget(over)
        layout.addWidget(rate)
        layout.addStretch(1)

    def showEvent(self, event: QShowEvent) -> None:
        """Read the folder of models again: some may have been added since."""
        self._filled = None
        super().showEvent(event)

    @property
    def remembered(self) -> tuple[str, list[int], str, list[str], str]:
        """Model, size, backend, styles and picture source as ``Remembered`` keeps them."""
        settings = self._show.renderer.settings
        model = "" if settings.model == embedded_model() else str(settings.model)
        styles, source = [str(path) for path in settings.styles], self._show.picture_source.source
        return model, list(self._show.picture_size), settings.backend, styles, source

    def follow(self) -> None:
        """Show what paints, whoever changed it."""
        settings, status = self._show.renderer.settings, self._show.renderer.status
        if self._filled is None or self._chosen(settings) != self._chosen(self._filled):
            self._fill(settings)
            self._filled = settings
        put(self.now, _painting(status))
        put(self.preparing, f"Getting ready: {status.preparing} …" if status.preparing else "")
        self.preparing.setVisible(bool(status.preparing))
        self.least.follow(self._changes.values["show/least_fps"])
        self.styles.follow()
        self.source.follow()

    @staticmethod
    def _chosen(settings: RendererSettings) -> tuple[object, ...]:
        return settings.model, settings.size, settings.backend, settings.styles

    def _fill(self, settings: RendererSettings) -> None:
        """Lists that hold what there is and what paints."""
        shipped = embedded_model()
        self._known = {shipped.name: shipped, **self._models()}
        name = next((name for name, path in self._known.items() if path == settings.model), settings.model.name)
        self._known.setdefault(name, settings.model)
        try:
            offered = sizes_of(inspect(settings.model))
        except (ModelError, OSError) as error:
            self.told.emit(str(error))
            offered = []
        self._sizes = {_text(size): size for size in (*offered, settings.size)}
        self.model.fill({"": tuple(self._known)}, {shipped.name: "TPoS Live's own"})
        self.model.put(name)
        self.pixels.fill({"": tuple(self._sizes)}, {text: _labelled(size) for text, size in self._sizes.items()})
        self.pixels.put(_text(settings.size))
        self.backend.put(settings.backend)
        self.styles.fill(self._styles(), settings.styles)

    def _choose_model(self, name: str) -> None:
        """Another model, at the size that it is made for, without the styles that were made for the one before."""
        try:
            self._show.change_picture(self._known[name], inspect(self._known[name]).native_size, styles=())
        except (ModelError, OSError) as error:
            self.told.emit(str(error))


def _painting(status: RendererStatus) -> str:
    if not status.backend:
        return "Nothing is painted yet."
    now = f"Painting now: {status.backend} {status.precision}, {_labelled(status.size)}"
    return f"{now}; pictures begin up to {status.delay_frames} frames before they are shown" if status.delay_frames else now


def _text(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def _labelled(size: tuple[int, int]) -> str:
    width, height = size
    shape = "" if width == height else "  wide" if width > height else "  tall"
    return f"{width} × {height}{shape}"
