"""Running a show with or without a window, until its time is over or it is interrupted."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
import time

from tqdm import tqdm

from visualizer.show import LiveShow


class ShowError(RuntimeError):
    """A show that cannot go on; the message is one sentence."""


def has_display() -> bool:
    """Whether a window can open here."""
    if sys.platform in ("win32", "darwin"):
        return True
    if os.environ.get("QT_QPA_PLATFORM") in ("offscreen", "minimal"):
        return True
    if os.environ.get("WAYLAND_DISPLAY"):
        return True
    return _answers(os.environ.get("DISPLAY", ""))


def _answers(display: str) -> bool:
    """Whether an X server listens at ``display``; Qt would abort the program where none does."""
    if not display.startswith(":"):
        return bool(display)  # a forwarded display: only connecting in earnest would tell
    number = display[1:].split(".")[0]
    for address in (f"/tmp/.X11-unix/X{number}", f"\0/tmp/.X11-unix/X{number}"):
        with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
            probe.connect(address)
            return True
    return False


def stop_signals() -> list[signal.Signals]:
    """The signals by which a system or a user asks a program to end."""
    return [signal.Signals[name] for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


def run_headless(show: LiveShow, seconds: float, progress: bool = True, osc: str = "") -> None:
    """Run a started show for ``seconds`` from its first frame (0: until interrupted). osc: for the line of progress.

    Raises ShowError in one sentence if the renderer or the show itself fails.
    """
    stopping = threading.Event()
    before = {s: signal.signal(s, lambda *_: stopping.set()) for s in stop_signals()}
    try:
        told: set[str] = set()
        while show.latest is None and not stopping.wait(0.02):
            _check(show, told)
        begun = time.perf_counter()
        with tqdm(total=seconds or None, unit="s", disable=not progress, bar_format=_bar(seconds)) as bar:
            while not stopping.wait(0.1):
                _check(show, told)
                passed = time.perf_counter() - begun
                moving = f"{show.status.fps:.0f} frames/s, delay {show.status.delay_ms:.0f} ms"
                bar.set_postfix_str(f"{moving}, {osc}" if osc else moving)
                bar.update(min(passed, seconds or passed) - bar.n)
                if seconds and passed >= seconds:
                    break
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _bar(seconds: float) -> str:
    return "{l_bar}{bar}| {n:.0f}/{total:.0f} s {postfix}" if seconds else "{n:.0f} s {postfix}"


def _check(show: LiveShow, told: set[str]) -> None:
    """Print what the show has to say, once each, and raise where it cannot go on."""
    for message in show.status.messages:
        if message not in told:
            told.add(message)
            tqdm.write(message, file=sys.stderr)
    if show.failure is not None:
        raise ShowError(f"the show stopped: {show.failure}")
    if show.renderer.status.state == "failed":
        raise ShowError(show.renderer.status.message)
