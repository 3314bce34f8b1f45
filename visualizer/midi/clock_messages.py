"""MIDI's clock messages for a clock."""

from __future__ import annotations

from collections.abc import Sequence

from visualizer.control.midi_clock import MidiClock

_POSITION, _TICK, _START, _CONTINUE, _STOP = 0xF2, 0xF8, 0xFA, 0xFB, 0xFC


def is_clock(message: Sequence[int]) -> bool:
    """Whether a message is about the clock."""
    return bool(message) and message[0] in (_POSITION, _TICK, _START, _CONTINUE, _STOP)


def feed(clock: MidiClock, message: Sequence[int], seconds: float) -> None:
    """Tell a clock what a message says that came at ``seconds``; other messages, and broken ones, are nothing."""
    status = message[0] if message else 0
    if status == _TICK:
        clock.tick(seconds)
    elif status == _START:
        clock.start()
    elif status == _CONTINUE:
        clock.resume()
    elif status == _STOP:
        clock.stop(seconds)
    elif status == _POSITION and len(message) == 3 and all(0 <= byte < 128 for byte in message[1:]):
        clock.position(message[2] << 7 | message[1])
