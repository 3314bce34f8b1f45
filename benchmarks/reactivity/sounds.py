"""The part of a sound that is painted."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from visualizer.offline import read_sound
from visualizer.snapshots import SAMPLE_RATE, FloatArray


def piece(path: Path, seconds: float, skip: float = 0.0) -> FloatArray:
    """(n, 2) at 48 kHz: so much of the sound, its first ``skip`` seconds left out; a shorter one comes again and again."""
    sound = read_sound(path, skip + seconds)
    sound = sound[min(round(skip * SAMPLE_RATE), max(0, len(sound) - SAMPLE_RATE)) :]
    wanted = round(seconds * SAMPLE_RATE)
    return np.tile(sound, (-(-wanted // max(1, len(sound))), 1))[:wanted]
