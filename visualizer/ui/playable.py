"""What the desk needs of a running show, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from visualizer.control.route import Route
from visualizer.preset import Preset
from visualizer.snapshots import Controls, Frame


class Playable(Protocol):
    """A show that hands can play. What is asked for is carried out a moment later, on the show's own thread."""

    @property
    def preset(self) -> Preset:
        """The look that was asked for last."""

    @property
    def values(self) -> Mapping[str, float | str]:
        """Every parameter's value without the sound, by name; while a look fades in, the coming one's."""

    @property
    def controls(self) -> Controls | None:
        """The final values sent last; None before the first."""

    @property
    def routes(self) -> tuple[Route, ...]:
        """The routes in use; while a look fades in, the coming one's."""

    @property
    def envelopes(self) -> tuple[float, ...]:
        """Every route's envelope, 0–1, in the order of ``routes``."""

    @property
    def latest(self) -> Frame | None:
        """The newest frame that was shown; None before the first."""

    @property
    def blackout(self) -> bool:
        """Whether black is shown in place of the picture."""

    def set(self, name: str, value: float | str) -> None:
        """Give a parameter a value; raises ParameterError or KeyError here and now."""

    def set_routes(self, routes: tuple[Route, ...]) -> None:
        """Replace all routes."""

    def set_preset(self, preset: Preset, fade_s: float | None = None) -> None:
        """Go over to a look in ``fade_s`` seconds; None is the show's own fade time."""
