"""Pieces with known beats as the beat tracker sees them: what its network and its bar patterns are learnt from.

Every thirteenth is rendered with FluidSynth and the soundfont; the others are sketched.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from beat_music import FAMILIES, compose
from mel_sketch import sketch

from visualizer.analysis.bands import BANDS_HZ, band_pass
from visualizer.analysis.beat.attacks import FRAME_S, Attacks
from visualizer.analysis.filters import FilterBank
from visualizer.analysis.mel import SHOW, LogMel
from visualizer.bench.hearing.midi import Sheet, render
from visualizer.bench.hearing.tracker import Times
from visualizer.snapshots import HOP_SAMPLES

FIRST_SEED = 20_000
"""Pieces from here on are learnt from; those below are for trying out."""

SECONDS = 24.0

RENDERED_EVERY = 13

HARD = ("chop", "timeline", "shuffle", "plucked", "broken", "backbeat")
"""Families that come twice as often."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """rises: over their mean, shape (frames, BANDS). beats: s, the first being the first of a bar. meter: beats a bar."""

    rises: npt.NDArray[np.float64]
    beats: Times
    meter: int

    def places(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Where each frame's end lies: the number of its beat, −1 outside; the phase 0–1; the beat's length, s."""
        time = np.arange(1, len(self.rises) + 1) * FRAME_S
        number = np.searchsorted(self.beats, time, side="right") - 1
        number[number >= len(self.beats) - 1] = -1
        length = np.diff(self.beats)[number]
        return number, np.clip((time - self.beats[number]) / length, 0.0, 1.0 - 1e-9), length


def lesson(index: int, leave_out: tuple[str, ...] = ()) -> Lesson:
    """One piece; in some the tempo steps or slides. leave_out: families not to be drawn."""
    names = [name for name in (*FAMILIES, *HARD) if name not in leave_out]
    tempo = "step" if index % 8 == 5 else "ramp" if index % 26 == 4 else "steady"
    piece = compose(FIRST_SEED + index, SECONDS, names[index % len(names)], tempo)
    attacks = Attacks(SHOW)
    seen = rendered if index % RENDERED_EVERY == 0 else sketch
    power, bass = seen(piece.sheet, FIRST_SEED + index)
    frames = [attacks.push(row, float(low)) for row, low in zip(power, bass, strict=True)]
    return Lesson(np.array([frame for frame in frames if frame is not None]), piece.beats, piece.meter)


def rendered(sheet: Sheet, seed: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """As ``sketch``, of real sound at a random loudness. Raises SynthesizerError where FluidSynth is not installed."""
    rng = np.random.default_rng([seed, 79])
    sound = render(sheet).astype(np.float64)
    sound *= 10 ** (rng.uniform(-29, -13) / 20) / max(float(np.sqrt(np.mean(sound**2))), 1e-9)
    sound = np.clip(sound, -1, 1)
    mel, bass = LogMel(SHOW), FilterBank([band_pass(*BANDS_HZ["bass"])])
    hops = np.repeat(sound[: len(sound) // HOP_SAMPLES * HOP_SAMPLES].reshape(-1, HOP_SAMPLES, 1), 2, axis=2)
    return np.array([mel.power(hop) for hop in hops]), np.array(
        [(bass.filter(hop) ** 2).sum() for hop in hops]
    ) / HOP_SAMPLES
