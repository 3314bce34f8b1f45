"""The live show as something that OSC and MIDI play."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from visualizer.control.message_tempo import MessageTempo
from visualizer.looks import Looks
from visualizer.output.recording import new_recording
from visualizer.preset import list_presets
from visualizer.show import LiveShow


class AbsentError(ValueError):
    """Something asked for that this show does not have; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Switch:
    """Something that is on or off. turn: on or off, from any thread. is_on: whether it is."""

    turn: Callable[[bool], object]
    is_on: Callable[[], bool]


class ShowTarget:
    """See ``Target``. looks: of that show. recordings: the folder where new ones go. tempo: the show's tempo that is played
    by messages, None where it has none.
    """

    def __init__(self, show: LiveShow, looks: Looks, recordings: Path, tempo: MessageTempo | None = None) -> None:
        self._show, self._looks, self._recordings, self._tempo = show, looks, recordings, tempo
        self._switches = {
            "output/blackout": Switch(show.set_blackout, lambda: show.blackout),
            "output/freeze": Switch(show.set_freeze, lambda: show.frozen),
            "record": Switch(self._record, lambda: show.recording is not None),
        }
        self._triggers = {
            "tempo/tap": show.tap,
            "tempo/flip": show.flip_beat,
            "tempo/downbeat": show.downbeat,
            "preset/next": lambda: looks.step(1),
            "preset/previous": lambda: looks.step(-1),
        }

    def set(self, name: str, value: float | str) -> None:
        """Set a parameter."""
        self._show.set(name, value)

    def act(self, name: str, value: float | str | bool | None) -> None:
        """Do an action."""
        if name in self._triggers:
            self._triggers[name]()
        elif name in ("tempo/bpm", "tempo/beat", "tempo/release"):
            self._play(name, value)
        elif name in self._switches:
            self._switches[name].turn(bool(value))
        elif name == "preset":
            self._change(str(value))
        else:
            raise AbsentError(f"there is no {name} in this show")

    def get(self, name: str) -> float | str | bool:
        """A parameter's value without the sound, the preset's name, or whether something is on."""
        if name in self._switches:
            return self._switches[name].is_on()
        if name == "tempo/bpm":
            return 0.0 if self._tempo is None else self._tempo.bpm
        return self._show.preset.name if name == "preset" else self._show.values[name]

    def _play(self, name: str, value: float | str | bool | None) -> None:
        if self._tempo is None:
            raise AbsentError("there is no tempo by messages in this show")
        now = time.perf_counter()
        if name == "tempo/bpm":
            self._tempo.set_bpm(float(value or 0.0), now)
        elif name == "tempo/beat":
            self._tempo.beat(now, int(value or 0))
        else:
            self._tempo.release()

    def _change(self, name: str) -> None:
        known = list_presets()
        # Names alone: whoever sends OSC must not read files by their paths.
        if name not in known:
            raise AbsentError(f"there is no preset {name[:40]!r}; there are {', '.join(known)}")
        self._looks.change(name)

    def _record(self, on: bool) -> None:
        if on and self._show.recording is None:
            self._show.start_recording(new_recording(self._recordings, datetime.now()))
        elif not on:
            self._show.stop_recording()
