"""What the user should know of a sound that can be played all the same: one sentence each."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from visualizer.audio.files import FloatArray, Sound

LOWEST_RATE = 16_000
"""Hz. Below it the upper bands stay empty."""

SILENT_DB = -70.0
"""dBFS. What never peaks above it is silence."""


def remarks(sound: Sound) -> list[str]:
    """On rate and channels of an open file."""
    found = []
    if sound.channels > 2:
        found.append(f"{sound.path} has {sound.channels} channels: all are heard, mixed to the left and right in turn.")
    if sound.rate < LOWEST_RATE:
        highest = f"{sound.rate / 2000:g} kHz"
        found.append(f"{sound.path} is at {sound.rate} Hz: above {highest} it holds nothing to see; use 44100 or 48000.")
    return found


def is_silent(block: FloatArray) -> bool:
    """Whether samples (n, channels) never peak above ``SILENT_DB``."""
    return 20 * np.log10(max(float(np.abs(block).max(initial=0.0)), 1e-9)) < SILENT_DB


def on_silence(path: Path, seconds: float = 0.0) -> str:
    """Said of a file in which nothing is heard, in its first ``seconds`` or (0) all of it."""
    if seconds:
        return f"{path} is silent in its first {seconds:g} s."
    return f"{path} is silent: there is nothing to see in it, choose another."
