"""The same recording twice, though encoded anew, cut a little differently or made louder: told by a coarse mel.

Games and drum kits pass sounds on. A digest of the samples tells a copy, but not one that has been through an encoder.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from visualizer.snapshots import SAMPLE_RATE

HOP = 1920
"""Samples, 40 ms: what an encoder does to a moment evens out, and what happens in a sound does not."""

WINDOW = 4096
CORNERS = np.geomspace(80, 8000, 13)
"""Hz. Above the last one a small copy has nothing left."""

FRAMES = 60
DEEPEST_DB = 50
"""Below the loudest cell."""

BEGUN = 0.03
"""Of the highest peak, by amplitude."""

NEAR_DB = 1.5
"""Mean distance of cells from which on two sounds are two."""

ALIKE = 0.7
"""Correlation of what happens over time in the bands, without which steady noises of one colour would be one."""

STEADY_DB = 0.7
"""Deviation over time below which nothing happens that could be compared."""

Cells = npt.NDArray[np.float64]


def fingerprint(wave: npt.NDArray[np.float32]) -> str:
    """The first 2.4 s of a sound at 48 kHz: 12 bands × up to 60 frames, dB below the loudest cell, a byte each, as hex."""
    # From where it is loud: encoders take away the faintest beginnings.
    loud = np.flatnonzero(np.abs(wave) > BEGUN * np.abs(wave).max(initial=0.0))
    wave = wave[loud[0] if len(loud) else 0 :]
    count = int(np.clip(np.ceil(len(wave) / HOP), 1, FRAMES))
    padded = np.pad(wave[: (count - 1) * HOP + WINDOW], (0, WINDOW))
    frames = np.stack([padded[start * HOP : start * HOP + WINDOW] for start in range(count)])
    power = np.abs(np.fft.rfft(frames * np.hanning(WINDOW))) ** 2
    places = np.searchsorted(np.fft.rfftfreq(WINDOW, 1 / SAMPLE_RATE), CORNERS)
    cells = np.stack([power[:, low:high].sum(1) for low, high in pairwise(places)], 1)
    depth = 10 * np.log10(np.maximum(cells, 1e-20) / max(1e-20, float(cells.max())))
    return np.round(np.clip(-depth, 0, DEEPEST_DB)).astype(np.uint8).tobytes().hex()


def cells(fingerprint: str) -> Cells:
    """The cells (frames, bands) of a fingerprint, dB below the loudest."""
    return np.frombuffer(bytes.fromhex(fingerprint), np.uint8).reshape(-1, len(CORNERS) - 1).astype(np.float64)


def same(one: Cells, other: Cells) -> bool:
    """Whether two fingerprints are of one recording, up to a frame apart."""
    return any(_same(one[max(0, shift) :], other[max(0, -shift) :]) for shift in (0, -1, 1))


def _same(one: Cells, other: Cells) -> bool:
    frames = min(len(one), len(other))
    if not frames:
        return False
    one, other = one[:frames], other[:frames]
    heard = np.minimum(one, other) < DEEPEST_DB - 5
    # A copy may be louder: what is compared is how the cells lie to one another.
    apart = one - other - np.median((one - other)[heard]) if heard.any() else one - other
    if np.abs(apart[heard]).mean() > NEAR_DB:
        return False
    moves = [(value - value.mean(0)) * heard for value in (one, other)]
    deep = [float(np.sqrt((move**2).mean())) for move in moves]
    if max(deep) < STEADY_DB:
        return True
    return float((moves[0] * moves[1]).mean()) > ALIKE * deep[0] * deep[1]
