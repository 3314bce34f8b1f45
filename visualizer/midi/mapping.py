"""All bindings of a show: what a move asks for, and learning new ones."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from visualizer.actions import ACTIONS
from visualizer.midi.binding import Binding, BindingError, bound, checked, kind_of
from visualizer.midi.learning import Learning
from visualizer.midi.messages import Control, Move
from visualizer.midi.pick_up import PickUp
from visualizer.parameters import PARAMETERS
from visualizer.remote.inbox import Wish
from visualizer.remote.target import Target

PRESSED = 0.5
"""A controller is pressed from here on."""


class Mapping:
    """Makes wishes of moves. looks: the names of presets, which a program change chooses from. Any thread may call
    anything. Raises BindingError for a binding that makes no sense.
    """

    def __init__(self, target: Target, bindings: Sequence[Binding], looks: Callable[[], Sequence[str]]) -> None:
        self._get, self._looks = target.get, looks
        self._lock = threading.Lock()
        self._bindings = tuple(checked(binding) for binding in bindings)
        self._pick_ups: dict[tuple[Control, str], PickUp] = {}
        self._pressed: set[Control] = set()
        self._learning: tuple[str, Learning] | None = None

    @property
    def bindings(self) -> tuple[Binding, ...]:
        """All of them, in the order in which they were made."""
        return self._bindings

    def put(self, binding: Binding) -> None:
        """Add a binding; it takes the place of one of the same control and name. Raises BindingError."""
        binding = checked(binding)
        with self._lock:
            self._put(binding)

    def _put(self, binding: Binding) -> None:
        same = [(each.control, each.name) == (binding.control, binding.name) for each in self._bindings]
        if any(same):
            self._bindings = tuple(binding if is_it else each for is_it, each in zip(same, self._bindings, strict=True))
        else:
            self._bindings = (*self._bindings, binding)

    def remove(self, binding: Binding) -> None:
        """Take a binding away; one that is not there is no error."""
        with self._lock:
            self._bindings = tuple(each for each in self._bindings if each != binding)
            self._pick_ups.pop((binding.control, binding.name), None)

    def learn(self, name: str) -> None:
        """Bind the next control that is moved to ``name``; raises BindingError where nothing can be bound to it."""
        wants_number = kind_of(name) == "number"
        if kind_of(name) == "text" and not self._looks():
            raise BindingError("there is no preset to choose")
        with self._lock:
            self._learning = name, Learning(wants_number)

    def stop_learning(self) -> None:
        """Bind nothing."""
        with self._lock:
            self._learning = None

    def learning(self, now: float) -> str:
        """The name that waits for a control; "" for none. What has waited long enough is bound."""
        with self._lock:
            if self._learning is not None:
                self._learnt(self._learning[1].settled(now))
            return self._learning[0] if self._learning is not None else ""

    def _learnt(self, control: Control | None) -> None:
        if control is None or self._learning is None:
            return
        name, self._learning = self._learning[0], None
        if kind_of(name) == "text" and control.kind != "program":
            self._put(checked(Binding(control, name, text=self._looks()[0])))
        else:
            self._put(bound(control, name))

    def play(self, moves: Sequence[Move], now: float) -> list[Wish]:
        """What moves at ``now`` (s) ask for. While a control is learnt they ask for nothing."""
        wishes: list[Wish] = []
        with self._lock:
            for move in moves:
                if self._learning is not None:
                    self._learnt(self._learning[1].push(move, now))
                    continue
                pressed = self._edge(move)
                for binding in self._bindings:
                    if binding.control == move.control:
                        wishes += self._wish(binding, move, pressed, now)
        return wishes

    def _edge(self, move: Move) -> bool | None:
        """Whether the control is pressed by this move (True), let go (False), or stays as it was (None)."""
        control = move.control
        if control.kind == "program":
            return True
        down = move.value > 0 if control.kind == "note" else move.place >= PRESSED
        if down == (control in self._pressed) and not (down and control.kind == "note"):
            return None
        (self._pressed.add if down else self._pressed.discard)(control)
        return down

    def _wish(self, binding: Binding, move: Move, pressed: bool | None, now: float) -> list[Wish]:
        if binding.kind == "number":
            return self._number(binding, move, now)
        if binding.kind == "bool" and binding.hold:
            return [] if pressed is None else [Wish(binding.name, pressed, True)]
        if not pressed:
            return []
        if binding.kind == "bool":
            return [Wish(binding.name, not self._get(binding.name), True)]
        if binding.kind == "trigger":
            return [Wish(binding.name, None, True)]
        if binding.text:
            return [Wish(binding.name, binding.text, True)]
        looks = self._looks()
        return [Wish(binding.name, looks[move.value], True)] if move.value < len(looks) else []

    def _number(self, binding: Binding, move: Move, now: float) -> list[Wish]:
        """A key sets a number by its velocity, and what stands at the low end when it is let go; it is never picked up."""
        span = binding.high - binding.low
        wanted = binding.low + move.place * span
        if binding.name in ACTIONS:
            return [Wish(binding.name, wanted, True)]
        wanted = PARAMETERS[binding.name].clamp(wanted)
        if binding.pick_up and move.control.kind != "note":
            pick_up = self._pick_ups.setdefault((binding.control, binding.name), PickUp())
            step = abs(span) / move.control.steps
            if not pick_up.takes(wanted, float(self._get(binding.name)), step, now):
                return []
        return [Wish(binding.name, wanted, False)]
