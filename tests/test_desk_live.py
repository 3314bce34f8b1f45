"""The desk's side on a show that really runs."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from desk_hands import drag, shown, wait_for
from PySide6.QtWidgets import QApplication

from engines.model import inspect
from visualizer.preset import find_preset
from visualizer.resources import demo_track
from visualizer.show import LiveShow, ShowSettings
from visualizer.ui.changes import Changes
from visualizer.ui.desk_side import DeskSide


def test_hands_play_a_running_show(embedded: Path, engine_cache: Path, own_folders: Path) -> None:
    QApplication.instance() or QApplication([])
    info = inspect(embedded)
    nebula = find_preset("nebula").on(info)
    show = LiveShow(ShowSettings(f"file:{demo_track()}", nebula, embedded, (256, 256), 24.0, engine_cache))
    show.start()
    try:
        changes = Changes(show)
        side = DeskSide(show, changes, lambda preset: preset.on(info))
        shown(side)
        side.tabs.setCurrentWidget(side.routes)
        assert wait_for(lambda: any(card.meter.filled_px > 0 for card in side.routes.cards), 20), "the meters move"
        side.tabs.setCurrentWidget(side.controls)
        slider = side.controls.rows["light/saturation"].slider
        assert slider is not None
        drag(slider, slider.x_of(slider.value), slider.x_of(0.4), slider.x_of(0.5))
        assert wait_for(lambda: show.values["light/saturation"] == pytest.approx(0.5, abs=0.02))
        before = dict(show.values)
        side.looks.load("flames")
        assert wait_for(lambda: show.routes == find_preset("flames").routes)
        side.undo.trigger()
        assert wait_for(lambda: show.values == before and show.routes == nebula.routes)
        assert wait_for(lambda: show.latest is not None, 60)
        side.looks.save()
        assert (own_folders / "nebula.jpg").stat().st_size > 500
        assert show.failure is None and threading.active_count() > 1
        side.close()
    finally:
        show.stop()
