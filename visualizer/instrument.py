"""The instrument: what hands play of a show, its look under the sound and the values that are the show's own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace

from visualizer.control.moves import ChangeLook, Move, SetRoutes, SetValue
from visualizer.control.playing import Playing
from visualizer.control.route import Route
from visualizer.parameters import PARAMETERS, defaults
from visualizer.preset import Preset


class Instrument:
    """A look as it is being played. Any thread asks; what concerns the look is done by ``carry_out``, on the one thread
    that plays it, in the order in which it was asked for.

    preset: the look that was asked for last.
    """

    def __init__(self, preset: Preset) -> None:
        self.preset = preset
        self._playing = Playing(preset.values, preset.routes)
        self._own = defaults(look=False)
        self._asked: deque[Callable[[], None]] = deque()

    def set(self, name: str, value: float | str) -> None:
        """Set a parameter's value without the sound; raises ParameterError or KeyError here and now."""
        if PARAMETERS[name].look:
            self._ask(SetValue(name, value))
        else:
            self._own[name] = PARAMETERS[name].check(value)

    def set_routes(self, routes: Iterable[Route]) -> None:
        """Let the sound move what these routes say, and nothing else."""
        self._ask(SetRoutes(tuple(routes)))

    def set_preset(self, preset: Preset, fade_s: float | None = None) -> None:
        """Change to another look in ``fade_s`` seconds (None: as ``show/fade`` says).

        Raises ParameterError here and now for a value out of range.
        """
        self._ask(ChangeLook(preset.values, preset.routes, float(self._own["show/fade"]) if fade_s is None else fade_s))
        self.preset = preset

    @property
    def values(self) -> dict[str, float | str]:
        """Every parameter's value without the sound, by name, as far as what was asked for has been carried out."""
        return {**self._playing.values, **self._own}

    @property
    def routes(self) -> tuple[Route, ...]:
        """What the sound moves."""
        return self._playing.modulator.routes

    @property
    def envelopes(self) -> tuple[float, ...]:
        """How much each of ``routes`` hears now, 0–1."""
        return self._playing.modulator.envelopes

    def look(self) -> Preset:
        """What is being played, as a look: the preset with all that was changed since."""
        return replace(self.preset, values=self._playing.values, routes=self.routes)

    def carry_out(self) -> None:
        """Do all that was asked for; for the thread alone that plays it."""
        while self._asked:
            self._asked.popleft()()

    def _ask(self, move: Move) -> None:
        self._asked.append(lambda: self._move(move))

    def _move(self, move: Move) -> None:
        self._playing.move(move)
