"""Chroma: how strong each of the twelve pitch classes is, from the peaks of a spectrum at a sixth of the sample rate."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from visualizer.analysis.bands import HOP_S
from visualizer.snapshots import HOP_SAMPLES, SAMPLE_RATE, FloatArray

CLASSES = 12

EVERY = 6
"""Samples of which one is kept: 8 kHz holds all fundamentals and most of what makes a chord."""

TAPS = 72
"""Of the low-pass filter before: −6 dB at 3.2 kHz, a fold-over of 4.8 kHz and up is 50 dB down."""

WINDOW = 1024
"""Samples at 8 kHz, 128 ms: semitones are told apart from about 260 Hz on, single notes from 130 Hz."""

LOWEST_HZ, HIGHEST_HZ = 120.0, 2800.0

SMOOTHING_S = 0.15

FAINTEST = 1e-6
"""Mean power re full scale under which no pitch is read."""

Doubles = npt.NDArray[np.float64]


class Chroma:
    """Pitch classes from C, one set a hop; both channels count, in power."""

    _SMOOTHING = 1 - math.exp(-2 * HOP_S / SMOOTHING_S)

    def __init__(self) -> None:
        at = np.arange(TAPS) - (TAPS - 1) / 2
        taps = np.sinc(2 * 3200.0 / SAMPLE_RATE * at) * np.hamming(TAPS)
        kept = HOP_SAMPLES // EVERY
        # The filter as a matrix: (samples of the hop and the TAPS before) → what is kept of the hop.
        self._filter = np.zeros((HOP_SAMPLES + TAPS, kept))
        for i in range(kept):
            self._filter[(i + 1) * EVERY : (i + 1) * EVERY + TAPS, i] = taps / taps.sum()
        self._late = np.zeros((2, HOP_SAMPLES + TAPS))
        self._past = np.zeros(WINDOW, complex)
        self._window = np.hanning(WINDOW)
        rate = SAMPLE_RATE / EVERY
        self._low, self._high = (round(hertz * WINDOW / rate) for hertz in (LOWEST_HZ, HIGHEST_HZ))
        self._hertz = rate / WINDOW
        self._sums = np.zeros(CLASSES)
        self._shown = np.zeros(CLASSES, np.float32)
        self._shown.setflags(write=False)
        self._hops = 0

    def push(self, hop: npt.NDArray[np.floating]) -> FloatArray:
        """Take a hop of shape (HOP_SAMPLES, 2), finite; return shape (12,), sum 1, or zeros where no pitch is heard."""
        self._late[:, :TAPS] = self._late[:, -TAPS:].copy()
        self._late[:, TAPS:] = hop.T
        left, right = self._late @ self._filter
        self._past[: -len(left)] = self._past[len(left) :].copy()
        # Right as the imaginary part: one transform then holds both.
        self._past[-len(left) :] = left + 1j * right
        self._hops += 1
        # In the hops between the beat tracker's frames, so that no hop costs twice as much as another.
        if self._hops % 2 == 0:
            return self._shown
        self._sums += self._SMOOTHING * (self._classes() - self._sums)
        total = float(self._sums.sum())
        shown = (self._sums / total if total > 1e-4 else np.zeros(CLASSES)).astype(np.float32)
        shown.setflags(write=False)
        self._shown = shown
        return shown

    def _classes(self) -> Doubles:
        """The share of each class now; zeros in silence."""
        found = np.zeros(CLASSES)
        if float(np.vdot(self._past, self._past).real) / WINDOW < FAINTEST:
            return found
        spectrum = np.fft.fft(self._past * self._window)
        power = spectrum.real**2 + spectrum.imag**2
        bins = np.arange(self._low, self._high)
        # |L|² + |R|² stands in a bin and its mirror image together.
        both = power[self._low - 1 : self._high + 1] + power[WINDOW - self._high : WINDOW - self._low + 2][::-1]
        here, left, right = both[1:-1], both[:-2], both[2:]
        peaks = (here > left) & (here >= right) & (here > 1e-4 * float(both.max()))
        if not peaks.any():
            return found
        a, b, c = (np.log(part[peaks] + 1e-30) for part in (left, here, right))
        # The top of the parabola through three logarithms is where the sine lies.
        place = bins[peaks] + 0.5 * (a - c) / np.minimum(a - 2 * b + c, -1e-9)
        classes = np.round(12 * np.log2(place * self._hertz / 440.0) + 69).astype(np.intp) % CLASSES
        strength = np.bincount(classes, np.sqrt(here[peaks]), CLASSES)
        return strength / strength.sum()
