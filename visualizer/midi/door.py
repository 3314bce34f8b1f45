"""All of a show's MIDI in one hand: ports, bindings, the clock, and what is remembered of them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from visualizer.control.midi_clock import HOLDS_S, MidiClock
from visualizer.midi.binding import Binding
from visualizer.midi.bindings_file import BindingsFileError, Remembered, default_path, load, save
from visualizer.midi.clock_messages import feed, is_clock
from visualizer.midi.mapping import Mapping
from visualizer.midi.messages import Control, Reader
from visualizer.midi.ports import INSTALL, PortRow, Ports, is_installed
from visualizer.midi.stamps import Stamps
from visualizer.preset import list_presets
from visualizer.remote.hand_over import HandOver
from visualizer.remote.inbox import Asked, Inbox
from visualizer.remote.target import Target

TOLD_S = 10.0
"""A sentence about something that passes is told for so long."""


@dataclass(frozen=True, slots=True)
class MidiState:
    """For a panel. learning: the name that waits for a control, "" for none. clock_bpm: 0 where no clock comes in.
    clock_port: where it comes from. last: the control that was moved last. messages: what is wrong, one sentence each."""

    ports: tuple[PortRow, ...]
    bindings: tuple[Binding, ...]
    learning: str
    clock_on: bool
    clock_bpm: float
    clock_port: str
    last: Control | None
    messages: tuple[str, ...]


@dataclass(slots=True)
class _Port:
    reader: Reader = field(default_factory=Reader)
    stamps: Stamps = field(default_factory=Stamps)


class Midi:
    """What MIDI a show has. Nothing here raises but ``learn`` and ``put``: what is wrong is told in ``state``, and the show
    goes on. path: what is remembered, None for the user's own file. api: see ``Ports``, "" for the remembered one."""

    def __init__(
        self, target: Target, clock: MidiClock, path: Path | None = None, api: str = "",
        looks: Callable[[], Sequence[str]] = lambda: tuple(list_presets()),
    ) -> None:  # fmt: skip
        self._path = path or default_path()
        self._clock = clock
        self._told: dict[str, float] = {}  # each until when
        self._spoilt = False  # the file could not be read, and is the user's
        try:
            remembered = load(self._path)
        except BindingsFileError as error:
            remembered, self._spoilt = Remembered(), True
            self._told[str(error)] = math.inf
        self._saved = remembered
        self._api = remembered.api
        self._clock_on = remembered.clock
        self._clock_port, self._clock_at = "", 0.0
        self._last: Control | None = None
        self._mapping = Mapping(target, remembered.bindings, looks)
        self._inbox = Inbox()
        self._hand_over = HandOver(target, self._inbox, self._refused, "midi to show")
        self._by_port: dict[str, _Port] = {}
        self._ports = Ports(self._take, remembered.ports, api or remembered.api, self._keep)
        self._started = False

    def start(self) -> None:
        """Open the ports that are remembered, and listen."""
        if is_installed():
            self._started = True
            self._hand_over.start()
            self._ports.start()

    def stop(self) -> None:
        """Close the ports, and keep what was changed."""
        if self._started:
            self._ports.stop()
            self._hand_over.stop()
        self._keep()

    @property
    def missing(self) -> str:
        """The command that installs what MIDI needs; "" where it is installed."""
        return "" if is_installed() else INSTALL

    @property
    def state(self) -> MidiState:
        """What there is now."""
        now = time.perf_counter()
        learning = self._mapping.learning(now)
        return MidiState(
            self._ports.rows, self._mapping.bindings, learning, self._clock_on,
            self._clock.bpm(now) if self._clock_on else 0.0, self._clock_port, self._last,
            (*self._ports.messages, *(sentence for sentence, until in tuple(self._told.items()) if now < until)),
        )  # fmt: skip

    def turn_port(self, name: str, on: bool) -> None:
        """Open a port, or close it."""
        self._ports.turn(name, on)

    def turn_clock(self, on: bool) -> None:
        """Let MIDI clock be a source of tempo, or not."""
        self._clock_on = on

    def learn(self, name: str) -> None:
        """Bind the next control that is moved; raises BindingError for a name that nothing can be bound to."""
        self._mapping.learn(name)

    def stop_learning(self) -> None:
        """Bind nothing."""
        self._mapping.stop_learning()

    def put(self, binding: Binding) -> None:
        """Add or change a binding; raises BindingError."""
        self._mapping.put(binding)

    def remove(self, binding: Binding) -> None:
        """Take a binding away."""
        self._mapping.remove(binding)

    def _take(self, name: str, message: Sequence[int], now: float, since_last: float) -> None:
        """One message, on the thread of the system's MIDI."""
        try:
            port = self._by_port.setdefault(name, _Port())
            came = port.stamps.at(now, since_last)
            if is_clock(message):
                self._tick(name, message, came)
                return
            moves = port.reader.read(message)
            if moves:
                self._last = moves[0].control
            for wish in self._mapping.play(moves, now):
                if not self._inbox.put(Asked(wish, f"{moves[0].control}")):
                    self._tell("too much is asked for by MIDI at once, so some of it was left out")
        except Exception as error:  # a fault of ours must cost one message, not the show its MIDI
            self._tell(f"a MIDI message cannot be read ({type(error).__name__}: {error})")

    def _tick(self, name: str, message: Sequence[int], came: float) -> None:
        """Two clocks at once would be none: the first port that has one keeps it until it has been silent."""
        if not self._clock_on:
            return
        if name != self._clock_port and came - self._clock_at < HOLDS_S:
            return
        self._clock_port, self._clock_at = name, came
        feed(self._clock, message, came)

    def _refused(self, asked: Asked, sentence: str) -> None:
        self._tell(f"{asked.address}: {sentence}")

    def _tell(self, sentence: str) -> None:
        now = time.perf_counter()
        self._told = {**{old: until for old, until in self._told.items() if now < until}, sentence: now + TOLD_S}

    def _keep(self) -> None:
        """Write what was changed. A file that could not be read is laid aside first."""
        now = Remembered(self._ports.wanted, self._clock_on, self._api, self._mapping.bindings)
        if now == self._saved:
            return
        self._saved = now
        try:
            if self._spoilt:
                self._path.replace(self._path.with_suffix(".json.bad"))
                self._spoilt = False
            save(self._path, now)
        except (BindingsFileError, OSError) as error:
            self._tell(str(error))
