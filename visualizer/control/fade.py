"""From one look to another: values and routes go over smoothly in a time counted in samples."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from visualizer.parameters import PARAMETERS


@dataclass(slots=True)
class Fade:
    """One crossfade, or none at all. start, length: samples at 48 kHz.

    before: values at its beginning, by parameter name. routes: how much each counts at its beginning and at its end; one
    that is not named counts fully.
    """

    start: int = 0
    length: int = 0
    before: dict[str, float] = field(default_factory=dict)
    routes: Mapping[Any, tuple[float, float]] = field(default_factory=dict)

    def over(self, sample: int) -> bool:
        """Whether there is something that has ended."""
        return bool(self.before or self.routes) and sample >= self.start + self.length

    def hold(self, name: str) -> None:
        """A hand has taken this value: it no longer fades."""
        self.before.pop(name, None)

    def base(self, name: str, value: float, sample: int) -> float:
        """The value on its way to ``value``; a whole number changes half way."""
        before = self.before.get(name)
        if before is None:
            return value
        share = self._share(sample)
        if PARAMETERS[name].kind == "int":
            return value if share >= 0.5 else before
        return before + share * (value - before)

    def weight(self, route: Hashable, sample: int) -> float:
        """How much a route counts, 0–1."""
        if route not in self.routes:
            return 1.0
        before, after = self.routes[route]
        return before + self._share(sample) * (after - before)

    def _share(self, sample: int) -> float:
        """How much of the way is done, 0–1, without a corner at either end."""
        if sample >= self.start + self.length:
            return 1.0
        part = max(0.0, (sample - self.start) / self.length)
        return part * part * (3.0 - 2.0 * part)
