"""A show for the desk's tests: what hands play in a live show, without its processes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from visualizer import resources
from visualizer.analysis.analyzer import Analyzer
from visualizer.control.moves import ChangeLook, Move
from visualizer.instrument import Instrument
from visualizer.preset import Preset
from visualizer.snapshots import HOP_SAMPLES, Beat, Controls, Frame, Heard

if TYPE_CHECKING:  # no window but for the tests that want one
    from visualizer.ui.changes import Changes

SILENCE = Analyzer().push(np.zeros((HOP_SAMPLES, 2), np.float32))[0]


class PlayedShow(Instrument):
    """The instrument that a live show is, heard hop by hop: what is asked for is done later, by ``hear``."""

    def __init__(self, preset: Preset) -> None:
        super().__init__(preset)
        self.controls: Controls | None = None
        self.latest: Frame | None = None
        self.blackout = False
        self.fades: list[float] = []
        self._sample = 0

    def _ask(self, move: Move) -> None:
        if isinstance(move, ChangeLook):
            self.fades.append(move.fade_s)
        super()._ask(move)

    def hear(self, hops: int = 1, beat: Beat | None = None, **measures: float) -> None:
        """Carry out what was asked for, then hear so many hops of 10 ms with these measures, the rest silent."""
        self.carry_out()
        for _ in range(hops):
            self._sample += HOP_SAMPLES
            heard: Heard = replace(SILENCE, sample=self._sample, **measures)
            self._playing.hear(heard, beat)
            self.controls = self._playing.at(self._sample)


@pytest.fixture
def show(look: Preset) -> PlayedShow:
    """A show that plays the module's own fixture ``look`` and has heard a hop."""
    from PySide6.QtWidgets import QApplication

    QApplication.instance() or QApplication([])
    show = PlayedShow(look)
    show.hear()
    return show


@pytest.fixture
def changes(show: PlayedShow) -> Changes:
    """The desk's way to that show."""
    from visualizer.ui.changes import Changes

    return Changes(show)


@pytest.fixture
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folders inside the test's; the one of presets."""
    monkeypatch.setattr(resources.platformdirs, "user_data_dir", lambda *_, **__: str(tmp_path / "data"))
    return resources.user_folder("presets")
