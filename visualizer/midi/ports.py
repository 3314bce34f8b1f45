"""MIDI inputs by name: open while they are there, and taken up again when they come back.

A thread of its own looks at them twice a second; no window ever waits for the system's MIDI.
"""

from __future__ import annotations

import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

INSTALL = 'pip install "tpos-live[midi]"'
CLIENT = "TPoS Live"
LOOK_EVERY_S = 0.5
ALSA_SEQUENCER = Path("/dev/snd/seq")

Take = Callable[[str, Sequence[int], float, float], None]
"""(port, message, when it was taken in by ``time.perf_counter``, seconds since the last one by the system's clock)."""


class PortsError(RuntimeError):
    """MIDI that cannot be had; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class PortRow:
    """One port for a panel."""

    name: str
    is_there: bool
    is_wanted: bool
    is_open: bool


def is_installed() -> bool:
    """Whether python-rtmidi is there; it is not imported."""
    return find_spec("rtmidi") is not None


def plain_names(names: Sequence[str], platform: str = sys.platform) -> list[str]:
    """Names of ports without the numbers that systems append and that change from plug to plug; of equal ones, the second
    is "name (2)"."""
    number = r"\s\d+:\d+$" if platform.startswith("linux") else r"\s\d+$" if platform == "win32" else r"$^"
    seen: Counter[str] = Counter()
    plain = []
    for name in names:
        bare = re.sub(number, "", name).strip() or "MIDI input"
        seen[bare] += 1
        plain.append(bare if seen[bare] == 1 else f"{bare} ({seen[bare]})")
    return plain


class Ports:
    """Open inputs. take: called for each message, on a thread of the system's MIDI; looked: called after each look around.
    wanted: names of the ports to open. api: "alsa", "jack", "macosx", "windows"; "" for the usual one."""

    def __init__(self, take: Take, wanted: Iterable[str] = (), api: str = "", looked: Callable[[], None] = lambda: None):
        self._take, self._looked, self._api = take, looked, api
        self._wanted = dict.fromkeys(wanted)  # in order
        self._open: dict[str, Any] = {}
        self._there: tuple[str, ...] = ()
        self._gone: set[str] = set()
        self._failed: dict[str, str] = {}
        self._fault = ""
        self._lock = threading.Lock()
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="midi ports", daemon=True)

    def start(self) -> None:
        """Look around, and open what is wanted as it comes."""
        self._thread.start()

    def stop(self) -> None:
        """Close every port."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def turn(self, name: str, on: bool) -> None:
        """Open a port, now or when it comes, or close it."""
        with self._lock:
            if on:
                self._wanted[name] = None
            else:
                self._wanted.pop(name, None)
                self._gone.discard(name)
                self._failed.pop(name, None)
        self._wake.set()

    @property
    def wanted(self) -> tuple[str, ...]:
        """Names of the ports that are to be open."""
        with self._lock:
            return tuple(self._wanted)

    @property
    def rows(self) -> tuple[PortRow, ...]:
        """Every port that is there or wanted."""
        with self._lock:
            names = dict.fromkeys((*self._there, *self._wanted))
            return tuple(PortRow(n, n in self._there, n in self._wanted, n in self._open) for n in names)

    @property
    def messages(self) -> tuple[str, ...]:
        """What is wrong, in one sentence each."""
        with self._lock:
            absent = [name for name in self._wanted if name in self._gone]
            said = [f"the MIDI port {name} is not there; it is taken up as soon as it comes" for name in absent]
            return (*([self._fault] if self._fault else ()), *said, *self._failed.values())

    def _run(self) -> None:
        try:
            import rtmidi

            finder = rtmidi.MidiIn(_api(rtmidi, self._api), name=f"{CLIENT} ports")
        except ImportError:
            self._fault = f"MIDI needs a package that is not installed: {INSTALL}"
            return
        except PortsError as error:
            self._fault = str(error)
            return
        except Exception as error:  # whatever the system's MIDI has to say
            self._fault = f"MIDI cannot be had here ({error})"
            return
        while not self._stopping.is_set():
            try:
                self._look(finder, rtmidi)
                self._fault = ""
            except Exception as error:  # a driver that fails must not end the looking around
                self._fault = f"MIDI ports cannot be listed ({error})"
            self._looked()
            self._wake.wait(LOOK_EVERY_S)
            self._wake.clear()
        for name in list(self._open):
            self._close(name)
        finder.delete()

    def _look(self, finder: Any, rtmidi: Any) -> None:
        there = plain_names(finder.get_ports())
        with self._lock:
            self._there = tuple(there)
            wanted = list(self._wanted)
        for name in [name for name in self._open if name not in there or name not in wanted]:
            self._close(name)
            if name in wanted:
                self._set(name, gone=True)
        for name in wanted:
            if name in self._open:
                continue
            if name in there:
                self._take_up(name, rtmidi)
            else:
                self._set(name, gone=True)

    def _set(self, name: str, gone: bool = False, fault: str = "") -> None:
        """How a port is."""
        with self._lock:
            self._gone.discard(name)
            self._failed.pop(name, None)
            if name in self._wanted and gone:
                self._gone.add(name)
            if name in self._wanted and fault:
                self._failed[name] = fault

    def _take_up(self, name: str, rtmidi: Any) -> None:
        port = None
        try:
            port = rtmidi.MidiIn(_api(rtmidi, self._api), name=CLIENT)
            port.ignore_types(sysex=True, timing=False, active_sense=True)
            port.set_callback(self._taken, data=name)
            port.open_port(plain_names(port.get_ports()).index(name), name=name)
        except Exception as error:
            self._set(name, fault=f"the MIDI port {name} cannot be opened ({error}); end the program that uses it")
            if port is not None:
                port.delete()
            return
        self._set(name)
        self._open[name] = port

    def _taken(self, event: tuple[Sequence[int], float], name: str) -> None:
        self._take(name, event[0], time.perf_counter(), event[1])

    def _close(self, name: str) -> None:
        port = self._open.pop(name)
        try:
            port.cancel_callback()
            port.close_port()
            port.delete()
        except Exception as error:  # what is unplugged may refuse to be closed, and is gone all the same
            self._set(name, fault=f"the MIDI port {name} did not close ({error})")


def _api(rtmidi: Any, name: str) -> int:
    """The number of the system's way to MIDI; raises PortsError."""
    if name:
        number = int(rtmidi.get_compiled_api_by_name(name))
        known = [rtmidi.get_api_name(each) for each in rtmidi.get_compiled_api()]
        if number == rtmidi.API_UNSPECIFIED:
            raise PortsError(f"there is no MIDI by {name!r} here, only by {', '.join(known)}")
        return number
    if sys.platform.startswith("linux") and not ALSA_SEQUENCER.exists():
        raise PortsError(
            f'there is no ALSA sequencer here ({ALSA_SEQUENCER} is missing): type "sudo modprobe snd-seq" and start again, '
            'or write "api": "jack" into midi.json'
        )
    return int(rtmidi.API_UNSPECIFIED)
