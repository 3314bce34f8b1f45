"""Every way to get the picture into other programs, as a desk lists them."""

from __future__ import annotations

import importlib.util
import platform
import threading
from collections.abc import Callable
from typing import Literal

from visualizer.output.camera import CameraPort
from visualizer.output.ndi import NdiPort
from visualizer.output.port import Port, PortSink
from visualizer.output.sink import Sink
from visualizer.output.spout import SpoutPort
from visualizer.output.syphon import SyphonPort

ShareState = Literal["off", "opening", "on", "closing", "failed"]

CAMERA_SIZE = (1280, 720)
"""Of the virtual camera: the size every program that takes a webcam takes."""


class Share:
    """One way, and its switch. No call waits: opening and closing happen on the output's thread, ``state`` tells how far.

    name: for a label. available: whether it can be had here; where not, ``why_not`` is a sentence that says what to do.
    """

    def __init__(
        self,
        name: str,
        why_not: str,
        port: Callable[[], Port],
        add_sink: Callable[[Sink], None],
        remove_sink: Callable[[Sink], None],
    ) -> None:
        self.name, self.why_not = name, why_not
        self._port, self._add, self._remove = port, add_sink, remove_sink
        self._sink: PortSink | None = None
        self._last: PortSink | None = None  # may still be closing, under the name that the next one wants
        self._lock = threading.Lock()

    @property
    def available(self) -> bool:
        """Whether it can be had here."""
        return not self.why_not

    @property
    def state(self) -> ShareState:
        """How far it is: "opening" and "closing" may take seconds; "failed" until it is started or stopped."""
        sink, last = self._sink, self._last
        if sink is not None and sink.state != "closed":
            return "on" if sink.state == "open" else sink.state
        return "closing" if last is not None and last.state in ("opening", "open") else "off"

    @property
    def running(self) -> bool:
        """Whether it is switched on and has not failed."""
        return self.state in ("opening", "on")

    @property
    def error(self) -> str | None:
        """Why it failed: one sentence."""
        sink = self._sink
        return None if sink is None else sink.error

    @property
    def where(self) -> str:
        """What other programs list while it is on."""
        sink = self._sink
        return sink.where if sink is not None and sink.state == "open" else ""

    def start(self) -> None:
        """Switch it on; nothing where it is on already or not available."""
        with self._lock:
            if not self.available or self.running:
                return
            self._let_go()
            self._sink = PortSink(self._port(), after=self._last)
            self._add(self._sink)

    def stop(self) -> None:
        """Switch it off."""
        with self._lock:
            self._let_go()

    def _let_go(self) -> None:
        if self._sink is not None:
            self._remove(self._sink)
            self._sink.end()
            self._last, self._sink = self._sink, None


def shares(
    add_sink: Callable[[Sink], None],
    remove_sink: Callable[[Sink], None],
    size: tuple[int, int],
    fps: float,
    camera_size: tuple[int, int] = CAMERA_SIZE,
) -> list[Share]:
    """NDI, virtual camera, Spout and Syphon, in this order; nothing of them is imported or opened before ``start``.

    add_sink, remove_sink: put an output on the show and take it off; they do not close it. size: (width, height) of the
    show's pictures; fps: the rate that outputs state.
    """

    def share(name: str, package: str, extra: str, system: str, port: Callable[[], Port]) -> Share:
        return Share(name, _why_not(name, package, extra, system), port, add_sink, remove_sink)

    return [
        share("NDI", "cyndilib", "ndi", "", lambda: NdiPort(size, fps)),
        share("Virtual camera", "pyvirtualcam", "camera", "", lambda: CameraPort(camera_size, fps)),
        share("Spout", "SpoutGL", "spout", "Windows", SpoutPort),
        share("Syphon", "syphon", "syphon", "macOS", SyphonPort),
    ]


def _why_not(name: str, package: str, extra: str, system: str) -> str:
    """Why it cannot be had here; "" where it can. package: what is imported; system: the only one it is for."""
    here = {"Darwin": "macOS"}.get(platform.system(), platform.system())
    if system and here != system:
        return f"{name} is for {system}."
    if importlib.util.find_spec(package) is None:
        return f'{name} is not installed: pip install "tpos-live[{extra}]" adds it.'
    return ""
