"""What the five steps hand to one another: frozen snapshots, NumPy only.

Time is counted in audio samples at ``SAMPLE_RATE`` since the start of the show. A snapshot carries the index one past
the newest sample that shaped it, so that the delay of every later product is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

SAMPLE_RATE = 48_000
"""Samples a second of the show's clock; the ring holds the device's own rate, soxr brings it here."""

HOP_SAMPLES = 480
"""Samples between two ``Heard`` snapshots."""

HOP_MS = 1000 * HOP_SAMPLES / SAMPLE_RATE

FloatArray = npt.NDArray[np.float32]
Picture = npt.NDArray[np.uint8]
"""RGB, shape (height, width, 3)."""


@dataclass(frozen=True, slots=True)
class Beat:
    """Tempo and beat position, from whichever source is trusted most.

    bpm: beats a minute. phase, bar_phase: 0–1 within the beat and the bar. confidence: 0–1. source: who says so.
    meter: beats a bar.
    """

    bpm: float
    phase: float
    bar_phase: float
    confidence: float
    source: str
    meter: int = 4


@dataclass(frozen=True, slots=True)
class Heard:
    """What the analysis hears in one hop.

    sample: index one past the newest sample of the hop. mel: log-mel, shape (bands,), dB re full scale.
    loudness_lufs, loudness_short_lufs: momentary (400 ms) and short-term (3 s) loudness after ITU-R BS.1770 and EBU Tech
    3341 (−∞ is given as −120). ``level`` maps the first to 0–1 absolutely, evenly in LU; ``loudness`` as it sounds: 10 LU
    more are twice as much.
    bass, mid, treble, energy: 0–1 after automatic gain; ``*_level``: the same bands absolutely (0–1 over −60…0 dB).
    onset: onset strength 0–1. flux: how much the spectrum rises, small rises and all, above its average, 0–1.
    brightness: spectral centroid on a log axis, 0–1. tension: roughness of the spectrum, 0–1.
    onset_low, onset_mid, onset_high: onset strength 0–1 by band. Strengths are over the strongest of the last seconds;
    onset_level, onset_*_level: the loudest moment of what rises, absolutely, on the scale of ``*_level``.
    harmonic: 0 for hits alone to 1 for held tones alone, 0–1.
    chroma: share of each pitch class from C on, shape (12,), sum 1, or zeros where none is heard.
    beat: what is heard of the beat; None before there has been any sound.
    """

    sample: int
    mel: FloatArray
    loudness_lufs: float
    level: float
    energy: float
    bass: float
    mid: float
    treble: float
    bass_level: float
    mid_level: float
    treble_level: float
    onset: float
    brightness: float
    tension: float
    onset_low: float = 0.0
    onset_mid: float = 0.0
    onset_high: float = 0.0
    onset_level: float = 0.0
    onset_low_level: float = 0.0
    onset_mid_level: float = 0.0
    onset_high_level: float = 0.0
    loudness_short_lufs: float = -120.0
    harmonic: float = 0.0
    flux: float = 0.0
    loudness: float = 0.0
    chroma: FloatArray = field(default_factory=lambda: np.zeros(12, np.float32))
    beat: Beat | None = None


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the sound encoder understands.

    sample: index one past the newest sample that shaped it. latent: (width,), unit length, in the text space. weights:
    over the prompt bank, (texts,), sum 1, or all 0 in silence and where the bank abstains. attention: over the encoder's
    last steps, (window,), the newest last.
    """

    sample: int
    latent: FloatArray
    weights: FloatArray
    attention: FloatArray


@dataclass(frozen=True, slots=True)
class Controls:
    """The final value of every numeric parameter by its name (``group/name``) at one moment.

    sample: index one past the newest sample that shaped a value.
    """

    sample: int
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Trace:
    """When a frame's sound was captured, heard, and the frame begun, painted: seconds of the monotonic clock."""

    captured: float
    heard: float
    begun: float = 0.0
    painted: float = 0.0


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture and what it answers to. sample: as in ``Controls``; number: counts the frames of a show."""

    picture: Picture
    sample: int
    number: int
    trace: Trace = field(default=Trace(0.0, 0.0))
