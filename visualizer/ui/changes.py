"""Every change made on the desk, so that it can be undone and done again.

What OSC or MIDI changes meanwhile is left alone: a step sets back only what it changed itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from visualizer.control.route import Route
from visualizer.parameters import PARAMETERS, defaults
from visualizer.preset import Preset
from visualizer.ui.pending import Pending
from visualizer.ui.playable import Playable

UNDO_FADE_S = 0.3
"""How long a look takes to come back when it is undone or done again: a mistake is corrected at once."""

STEPS = 500
ALL = "routes"
_VALUE, _ROUTES = 1, 2  # kinds of step that merge


class Changes(QObject):
    """The hands of the desk on one show.

    gesture: a number that the steps of one drag share; they are one step to undo.
    """

    value_changed = Signal(str)
    """A parameter's name."""
    routes_changed = Signal()
    look_changed = Signal(str)
    """The name of a preset."""

    def __init__(self, show: Playable, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._show = show
        self._asked: Pending[float | str] = Pending()
        self._asked_routes: Pending[tuple[Route, ...]] = Pending()
        self._origin: tuple[Preset, Preset] | None = None  # what was handed to the show, and the look it stands for
        self.stack = QUndoStack(self)
        self.stack.setUndoLimit(STEPS)

    @property
    def values(self) -> dict[str, float | str]:
        """Every parameter's value without the sound, with what has been asked for and is still to be carried out."""
        return self._asked.over(self._show.values)

    @property
    def routes(self) -> tuple[Route, ...]:
        """The routes, those that were just asked for included."""
        return self._asked_routes.over({ALL: self._show.routes})[ALL]

    @property
    def look(self) -> Preset:
        """The look that runs, as it was before hands changed it."""
        preset = self._show.preset
        return self._origin[1] if self._origin is not None and self._origin[0] == preset else preset

    def look_value(self, name: str) -> float | str:
        """What the look that runs gives a parameter; the default of one that belongs to the show."""
        return self.look.complete()[name] if PARAMETERS[name].look else defaults(look=False)[name]

    def set(self, name: str, value: float | str, gesture: int | None = None) -> None:
        """Give a parameter a value; raises ParameterError or KeyError."""
        wanted, before = PARAMETERS[name].check(value), self.values[name]
        if wanted != before:
            self.stack.push(_SetValue(self, name, before, wanted, gesture))

    def set_routes(self, routes: tuple[Route, ...], gesture: int | None = None) -> None:
        """Replace the routes."""
        before = self.routes
        if routes != before:
            self.stack.push(_SetRoutes(self, before, routes, gesture))

    def load_look(self, preset: Preset, fade_s: float | None = None) -> None:
        """Go over to a look in ``fade_s`` seconds; None is the show's own fade time."""
        before = replace(self.look, values=_of_look(self.values), routes=self.routes)
        self.stack.push(_LoadLook(self, self.look, before, preset, fade_s))

    def settle(self, preset: Preset) -> None:
        """Let this be the look that runs, and no step: it has been saved, or its file was changed."""
        self.put_look(preset, preset, UNDO_FADE_S)

    @contextmanager
    def together(self, text: str) -> Iterator[None]:
        """What is changed within is one step, called ``text``."""
        self.stack.beginMacro(text)
        try:
            yield
        finally:
            self.stack.endMacro()

    # What steps do.

    def put_value(self, name: str, value: float | str) -> None:
        """Set a value, and no step."""
        self._asked.ask(name, self._show.values[name], value)
        self._show.set(name, value)
        self.value_changed.emit(name)

    def put_routes(self, routes: tuple[Route, ...]) -> None:
        """Replace the routes, and no step."""
        self._asked_routes.ask(ALL, self._show.routes, routes)
        self._show.set_routes(routes)
        self.routes_changed.emit()

    def put_look(self, preset: Preset, origin: Preset, fade_s: float | None) -> None:
        """Go over to values and routes, and no step. origin: the look they stand for."""
        values = self._show.values
        for name, value in preset.complete().items():
            self._asked.ask(name, values[name], value)
        self._asked_routes.ask(ALL, self._show.routes, preset.routes)
        self._show.set_preset(preset, fade_s)
        self._origin = preset, origin
        self.look_changed.emit(preset.name)


def _of_look(values: dict[str, float | str]) -> dict[str, float | str]:
    """The values that a look holds."""
    return {name: value for name, value in values.items() if PARAMETERS[name].look}


def swapped(now: tuple[Route, ...], old: tuple[Route, ...], new: tuple[Route, ...]) -> tuple[Route, ...]:
    """``now`` with what makes the difference between ``old`` and ``new`` put in its place.

    Where the piece of ``old`` that ``new`` replaces is no longer there, ``now`` stays as it is.
    """
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    gone, come = old[start : len(old) - end], new[start : len(new) - end]
    places = [start, *range(len(now) - len(gone) + 1)]
    for place in places:
        if now[place : place + len(gone)] == gone:
            place = min(place, len(now))
            return now[:place] + come + now[place + len(gone) :]
    return now


class _SetValue(QUndoCommand):
    def __init__(self, changes: Changes, name: str, before: float | str, after: float | str, gesture: int | None) -> None:
        super().__init__(name.replace("_", " "))
        self._changes, self._name, self._gesture = changes, name, gesture
        self._before, self._after = before, after

    def redo(self) -> None:
        self._changes.put_value(self._name, self._after)

    def undo(self) -> None:
        self._changes.put_value(self._name, self._before)

    def id(self) -> int:
        return _VALUE

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, _SetValue) or self._gesture is None:
            return False
        if (other._name, other._gesture) != (self._name, self._gesture):
            return False
        self._after = other._after
        self.setObsolete(self._after == self._before)
        return True


class _SetRoutes(QUndoCommand):
    def __init__(self, changes: Changes, before: tuple[Route, ...], after: tuple[Route, ...], gesture: int | None) -> None:
        super().__init__("routes")
        self._changes, self._gesture = changes, gesture
        self._before, self._after = before, after

    def redo(self) -> None:
        self._changes.put_routes(swapped(self._changes.routes, self._before, self._after))

    def undo(self) -> None:
        self._changes.put_routes(swapped(self._changes.routes, self._after, self._before))

    def id(self) -> int:
        return _ROUTES

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, _SetRoutes) or self._gesture is None or other._gesture != self._gesture:
            return False
        self._after = other._after
        self.setObsolete(self._after == self._before)
        return True


class _LoadLook(QUndoCommand):
    """origin: the look that ran. before: its values and routes as hands had made them."""

    def __init__(self, changes: Changes, origin: Preset, before: Preset, look: Preset, fade_s: float | None) -> None:
        super().__init__(f"look {look.title}")
        self._changes, self._fade_s = changes, fade_s
        self._origin, self._before, self._look = origin, before, look
        self._done = False

    def redo(self) -> None:
        if self._done:
            self._go(self._before, self._look, self._look)
        else:
            self._changes.put_look(self._look, self._look, self._fade_s)
        self._done = True

    def undo(self) -> None:
        self._go(self._look, self._before, self._origin)

    def _go(self, away: Preset, there: Preset, origin: Preset) -> None:
        """From one to the other, but only as far as the two differ."""
        left, wanted = away.complete(), there.complete()
        moved = {name: value for name, value in wanted.items() if left[name] != value}
        values = {**_of_look(self._changes.values), **moved}
        routes = self._changes.routes if away.routes == there.routes else there.routes
        self._changes.put_look(replace(there, values=values, routes=routes), origin, UNDO_FADE_S)
