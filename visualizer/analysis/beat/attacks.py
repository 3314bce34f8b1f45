"""What the beat tracker looks at: how strongly the sound rises in seven bands, and what sounds on in them, every 20 ms.

Rises: spectral flux of compressed amplitudes against a maximum-filtered earlier frame (Böck and Widmer, DAFx 2013), over
its own mean of the last seconds: what counts is how an attack stands out in its band, not how loud the music or the band
is. Levels tell apart what rises alike: a kick falls at once, the bass note beside it is held.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from visualizer.analysis.mel import MelConfig, edges
from visualizer.snapshots import HOP_SAMPLES, SAMPLE_RATE

Doubles = npt.NDArray[np.float64]

FRAME_HOPS = 2
"""Hops a frame; the stronger rise of the two counts."""

FRAME_S = FRAME_HOPS * HOP_SAMPLES / SAMPLE_RATE

BAND_EDGES_HZ = (150.0, 400.0, 900.0, 1800.0, 3600.0, 7000.0, 13_000.0)
"""Upper edges of the bands. The lowest is the analysis's own bass filter: at two or three cycles a window a bass tone
flickers in a spectrum, and flicker looks like attacks."""

BANDS = len(BAND_EDGES_HZ)

COMPRESSION = 300.0
"""Amplitude a over the sound's slow level becomes log(1 + 300 a)."""

LEVEL_RISE_S, LEVEL_FALL_S = 0.05, 6.0

FAINTEST = 1e-3
"""Amplitude re a full-scale sine under which there is nothing to hear."""

QUIET_HOPS = 100
"""So long a pause is silence; a shorter one is a part of the rhythm."""

MEAN_S = 2.5
"""How far back a band's mean rise reaches."""

LEAST_RISE = 0.02
"""Added to the mean: what hardly moves at all has no attacks."""


@dataclass(frozen=True, slots=True)
class Frame:
    """rises: over their mean, shape (BANDS,), ≥ 0. levels: compressed amplitude re the sound's slow level, shape (BANDS,),
    0 to about 6. silent: whether there has been nothing to hear for a while, or ever.
    """

    rises: Doubles
    levels: Doubles
    silent: bool


class Attacks:
    """One ``Frame`` each ``FRAME_HOPS`` hops."""

    _RISE, _FALL = (1 - math.exp(-FRAME_S / FRAME_HOPS / s) for s in (LEVEL_RISE_S, LEVEL_FALL_S))
    _MEAN = 1 - math.exp(-FRAME_S / MEAN_S)

    def __init__(self, config: MelConfig) -> None:
        centres = edges(config)[1:-1]
        self._parts = np.searchsorted(centres, BAND_EDGES_HZ)
        self._sizes = np.diff(self._parts).astype(np.float64)
        self._past = np.zeros((2, config.bands))
        self._bass = 0.0  # power of the last hop
        self._bass_past = [0.0, 0.0]
        self._level = 0.0
        self._mean = np.full(BANDS, 0.1)
        self._rises, self._levels = np.zeros((FRAME_HOPS, BANDS)), np.zeros((FRAME_HOPS, BANDS))
        self._hops = 0
        self._quiet_hops = QUIET_HOPS

    def push(self, power: Doubles, bass: float) -> Frame | None:
        """Take a hop's mel band powers and the bass filter's power, re a full-scale sine; give a finished frame.

        power: shape (bands,) of the configuration. Returns None between frames.
        """
        loud = math.sqrt(float(power.sum()))
        self._level += (loud - self._level) * (self._RISE if loud > self._level else self._FALL)
        scale = COMPRESSION / max(self._level, FAINTEST)
        self._quiet_hops = 0 if loud >= FAINTEST else self._quiet_hops + 1
        now = np.log1p(scale * np.sqrt(power))
        then = self._past[self._hops % 2]
        before = then.copy()
        # The neighbours' maximum: a tone that bends by a band is no attack.
        np.maximum(before[1:], then[:-1], out=before[1:])
        np.maximum(before[:-1], then[1:], out=before[:-1])
        then[:] = now
        rise = np.maximum(now - before, 0.0)
        at = self._hops % FRAME_HOPS
        self._rises[at, 1:] = np.add.reduceat(rise, self._parts)[: BANDS - 1] / self._sizes
        self._levels[at, 1:] = np.add.reduceat(now, self._parts)[: BANDS - 1] / self._sizes
        # Two hops together: half a cycle more or less of a bass note then hardly shows.
        low = math.log1p(scale * math.sqrt((bass + self._bass) / 2))
        self._bass = bass
        self._rises[at, 0] = max(0.0, low - self._bass_past[self._hops % 2])
        self._bass_past[self._hops % 2] = self._levels[at, 0] = low
        self._hops += 1
        if self._hops % FRAME_HOPS:
            return None
        strongest = self._rises.max(axis=0)
        relative: Doubles = strongest / (self._mean + LEAST_RISE)
        self._mean += self._MEAN * (strongest - self._mean)
        return Frame(relative, self._levels.mean(axis=0), self._quiet_hops >= QUIET_HOPS)
