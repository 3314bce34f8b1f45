"""Gravis patches (.pat), as FreePats are: read and played without a synthesizer, for FluidSynth has no such format.

The layout is that of the Gravis UltraSound development kit: fixed little-endian headers, then samples with loops.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sounds.clips import RATE, Wave

FALL_S = 0.12
"""How long a note sounds after its key is let go, to 1/e."""


@dataclass(frozen=True, slots=True)
class Sample:
    """wave: in ±1. loop: first and last sample of what repeats, or None. low, high, root: Hz."""

    wave: Wave
    rate: int
    low: float
    high: float
    root: float
    loop: tuple[int, int] | None


def read(path: Path) -> list[Sample]:
    """The samples of a patch. Raises ValueError where the file is none."""
    data = path.read_bytes()
    if not data.startswith(b"GF1PATCH1"):
        raise ValueError(f"{path.name} is no Gravis patch.")
    count = data[129 + 63 + 6]
    place = 129 + 63 + 47
    samples = []
    for _ in range(count):
        size, start, end = struct.unpack_from("<III", data, place + 8)
        rate, low, high, root = struct.unpack_from("<HIII", data, place + 20)
        modes = data[place + 55]
        place += 96
        raw = data[place : place + size]
        place += size
        wide = bool(modes & 1)
        if modes & 2:
            wave = np.frombuffer(raw, "<u2" if wide else "u1").astype(np.float32)
            wave -= 32768 if wide else 128
        else:
            wave = np.frombuffer(raw, "<i2" if wide else "i1").astype(np.float32)
        wave /= np.float32(32768 if wide else 128)
        if wide:
            start, end = start // 2, end // 2
        looped = bool(modes & 4) and 0 <= start < end - 8 and end <= len(wave)
        samples.append(Sample(wave, rate, low / 1000, high / 1000, root / 1000, (start, end) if looped else None))
    return samples


def note(samples: list[Sample], hertz: float | None, seconds: float, velocity: int, decay_s: float | None) -> Wave:
    """One note. hertz: None plays a drum as it was recorded. decay_s: for what was struck or plucked, to 1/e."""
    sample = min(samples, key=lambda one: 0 if hertz is None or one.low <= hertz <= one.high else abs(one.root - hertz))
    ratio = sample.rate / RATE * (1.0 if hertz is None or sample.root <= 0 else hertz / sample.root)
    length = int((seconds + 4 * FALL_S) * RATE)
    place = np.arange(length) * ratio
    if sample.loop:
        start, end = sample.loop
        place = np.where(place < end, place, start + (place - start) % (end - start))
    else:
        place = place[: int(len(sample.wave) / ratio)]
    wave = np.interp(place, np.arange(len(sample.wave)), sample.wave, right=0.0)
    time = np.arange(len(wave)) / RATE
    shape = np.minimum(1, time / 0.004)
    if hertz is not None:
        shape *= np.where(time < seconds, 1.0, np.exp(-(time - seconds) / FALL_S))
        if decay_s:
            shape *= np.exp(-time / decay_s)
    out: Wave = (wave * shape * 0.35 * (velocity / 127) ** 2).astype(np.float32)
    return out
