"""Looks as the model that paints wants them, whichever that is by now."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from engines.model import ModelInfo, inspect
from visualizer.preset import Preset


class Tuned(Protocol):
    """A show whose values can be seen and set."""

    @property
    def values(self) -> dict[str, float | str]:
        """By parameter name."""
        ...

    def set(self, name: str, value: float | str) -> None:
        """Give a parameter a value."""
        ...


class Fit:
    """What a look leaves open is as its model is made for; call it with a preset."""

    def __init__(self, info: ModelInfo) -> None:
        self._info = info

    def __call__(self, preset: Preset) -> Preset:
        return preset.on(self._info)

    def follow(self, show: Tuned, model: Path) -> None:
        """Another model paints from now on: what was as the one before is made for becomes as this one is.

        Raises ModelError where the folder holds no model.
        """
        open_look = Preset("", "", {})
        before = self(open_look).values
        self._info = inspect(model)
        for name, value in self(open_look).values.items():
            if show.values[name] == before.get(name):
                show.set(name, value)
