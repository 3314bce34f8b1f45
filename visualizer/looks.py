"""The looks that a show goes through: by name, one after the other by hand, and by itself after so many bars or seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from visualizer.background import Background
from visualizer.preset import Preset, PresetError, find_preset, list_presets
from visualizer.snapshots import Beat

EVERY_S = 0.05
"""So often bars and seconds are counted."""


class Changing(Protocol):
    """A show whose look may be changed; ``LiveShow`` is one."""

    preset: Preset

    @property
    def values(self) -> dict[str, float | str]:
        """Every parameter's value by name."""
        ...

    @property
    def beat(self) -> Beat | None:
        """The beat now."""
        ...

    def set_preset(self, preset: Preset, fade_s: float | None = None) -> None:
        """Change to a look."""
        ...

    def tell(self, message: str) -> None:
        """Say a sentence."""
        ...


@dataclass(slots=True)
class Waiting:
    """Counts what has passed since the last change. No thread, no clock."""

    seconds: float = 0.0
    bars: int = 0
    _bar_phase: float | None = None

    def push(self, dt: float, beat: Beat | None) -> None:
        """``dt`` seconds on; a bar begins where its phase falls back."""
        self.seconds += dt
        phase = None if beat is None else beat.bar_phase
        if phase is not None and self._bar_phase is not None and phase < self._bar_phase - 0.5:
            self.bars += 1
        self._bar_phase = phase

    def over(self, bars: float, seconds: float) -> bool:
        """Whether so many bars, or else so many seconds, have passed; 0 is never."""
        return 0 < bars <= self.bars or 0 < seconds <= self.seconds

    def restart(self) -> None:
        """A look has been changed."""
        self.seconds, self.bars = 0.0, 0


class Looks:
    """Changes a show's looks. fitted: a preset as the show's model wants it. Any thread may ask."""

    def __init__(self, show: Changing, fitted: Callable[[Preset], Preset]) -> None:
        self._show, self._fitted = show, fitted
        self._waiting, self._playing = Waiting(), show.preset
        self._thread = Background(self._run, "looks")

    def change(self, name: str) -> None:
        """Change to the look of that name, or in that file. Raises PresetError in one sentence."""
        self._show.set_preset(self._fitted(find_preset(name)))

    def beside(self, by: int) -> Preset:
        """The look so many on in the alphabet, or back; from a look from elsewhere at an end. Raises PresetError."""
        known = list(list_presets())
        now = self._show.preset.name
        at = known.index(now) + by if now in known else 0 if by > 0 else -1
        return self._fitted(find_preset(known[at % len(known)]))

    def step(self, by: int) -> None:
        """Change to the look ``beside``. Raises PresetError."""
        self._show.set_preset(self.beside(by))

    def start(self) -> None:
        """Begin to count: ``show/auto_bars`` and ``show/auto_seconds`` say when the next look comes."""
        self._thread.start()

    def stop(self) -> None:
        """Count no longer."""
        self._thread.stop()

    def _run(self) -> None:
        before = time.perf_counter()
        while not self._thread.stopping.wait(EVERY_S):
            now = time.perf_counter()
            self._waiting.push(now - before, self._show.beat)
            before = now
            if self._show.preset is not self._playing:
                self._playing = self._show.preset
                self._waiting.restart()
            values = self._show.values
            if self._waiting.over(float(values["show/auto_bars"]), float(values["show/auto_seconds"])):
                self._waiting.restart()
                try:
                    self.step(1)
                except PresetError as error:
                    self._show.tell(str(error))
