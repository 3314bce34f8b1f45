"""A show for the desk's tests: what hands play in a live show, without its processes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from visualizer import resources
from visualizer.analysis.analyzer import Analyzer
from visualizer.control.moves import ChangeLook, SetRoutes, SetValue
from visualizer.control.playing import Playing
from visualizer.control.route import Route
from visualizer.parameters import PARAMETERS, defaults
from visualizer.preset import Preset
from visualizer.snapshots import HOP_SAMPLES, Beat, Controls, Frame, Heard

SILENCE = Analyzer().push(np.zeros((HOP_SAMPLES, 2), np.float32))[0]


class PlayedShow:
    """Real values, routes, crossfades and envelopes. As in a live show, what is asked for is done later: by ``hear``."""

    def __init__(self, preset: Preset) -> None:
        self.preset = preset
        self.controls: Controls | None = None
        self.latest: Frame | None = None
        self.blackout = False
        self.fades: list[float] = []
        self._playing = Playing(preset.complete(), preset.routes)
        self._of_show = defaults(look=False)
        self._asked: deque[Callable[[], None]] = deque()
        self._sample = 0

    @property
    def values(self) -> dict[str, float | str]:
        return {**self._playing.values, **self._of_show}

    @property
    def routes(self) -> tuple[Route, ...]:
        return self._playing.modulator.routes

    @property
    def envelopes(self) -> tuple[float, ...]:
        return self._playing.modulator.envelopes

    def set(self, name: str, value: float | str) -> None:
        checked = PARAMETERS[name].check(value)
        if PARAMETERS[name].look:
            self._asked.append(lambda: self._playing.move(SetValue(name, checked)))
        else:
            self._of_show[name] = checked

    def set_routes(self, routes: tuple[Route, ...]) -> None:
        self._asked.append(lambda: self._playing.move(SetRoutes(tuple(routes))))

    def set_preset(self, preset: Preset, fade_s: float | None = None) -> None:
        fade = float(self._of_show["show/fade"]) if fade_s is None else fade_s
        self._asked.append(lambda: self._playing.move(ChangeLook(preset.complete(), preset.routes, fade)))
        self.fades.append(fade)
        self.preset = preset

    def hear(self, hops: int = 1, beat: Beat | None = None, **measures: float) -> None:
        """Carry out what was asked for, then hear so many hops of 10 ms with these measures, the rest silent."""
        while self._asked:
            self._asked.popleft()()
        for _ in range(hops):
            self._sample += HOP_SAMPLES
            heard: Heard = replace(SILENCE, sample=self._sample, **measures)
            self._playing.hear(heard, beat)
            self.controls = self._playing.at(self._sample)


@pytest.fixture
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folders inside the test's; the one of presets."""
    monkeypatch.setattr(resources.platformdirs, "user_data_dir", lambda *_, **__: str(tmp_path / "data"))
    return resources.user_folder("presets")
