"""All figures of one video."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from visualizer.analysis.bands import HOP_S
from visualizer.measure.alignment import SIGMA_S, av_align, beat_alignment
from visualizer.measure.correlation import Correlation, chance, correlate
from visualizer.measure.curve import Array
from visualizer.measure.errors import MeasureError
from visualizer.measure.film import Film
from visualizer.measure.listening import Listened, Progress, listen
from visualizer.measure.picking import peak_cells
from visualizer.measure.shuffling import shuffled
from visualizer.measure.silence import silences
from visualizer.measure.soundtrack import Soundtrack
from visualizer.measure.watching import Watched, watch

Figures = dict[str, float | None]
"""By name; None where something could not be measured."""

STILL = 0.002
"""Motion under this, diagonals a second, is a codec's noise: what moves so slowly takes eight minutes to cross the picture.
In a picture of 256 × 256 at 30 a second it is 0.02 pixels a picture; noise of ±2 of 255 levels gives a tenth of it."""

SHORTEST_S = 2.0
"""Sound and picture must run together for so long."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One video's figures, and the curves they come from. Moments are seconds after the first picture.

    edges: of the cells in which motion is given, shape (cells + 1,). motion: diagonals per second, shape (cells,). rises:
    onset envelope in the same cells, dB per second. peaks: moments of the motion's maxima. onsets: those heard while there
    is a picture.
    """

    film: Film
    listened: Listened
    watched: Watched
    edges: Array
    motion: Array
    rises: Array
    onsets: Array
    peaks: Array
    correlation: Correlation
    figures: Figures


def measure(video: Path, audio: Path | None = None, progress: Progress = lambda what, done, total: None) -> Measured:
    """Measure how ``video`` follows its own sound, or ``audio`` in its place, which begins with the first picture.

    progress: see ``listening.Progress``; what it raises ends the measuring. Raises MeasureError.
    """
    film = Film(video)
    track = Soundtrack(video if audio is None else audio)
    listened = listen(track, track.start - film.start if audio is None else 0.0, progress)
    watched = watch(film, silences(listened.level_dbfs, listened.start, HOP_S), progress)
    edges = watched.edges
    together = max(listened.start, 0.0), min(listened.end, float(edges[-1]))
    if together[1] - together[0] < SHORTEST_S:
        both = f"{video} and its sound run together for {max(0.0, together[1] - together[0]):.1f} s"
        raise MeasureError(f"{both}, and less than {SHORTEST_S:g} s cannot be measured; choose a longer video.")
    motion = watched.curve.rate(edges)
    peaks = edges[peak_cells(motion, STILL)]
    onsets = _within(listened.onsets, together)
    compared = listened.curve, (listened.start, listened.end), watched.curve, edges
    correlation, by_chance = correlate(*compared), chance(*compared)
    seen = _within(peaks, together)
    figures = _figures(listened, watched, motion, seen, onsets, together, correlation, by_chance)
    rises = listened.curve.rate(edges)
    return Measured(film, listened, watched, edges, motion, rises, onsets, peaks, correlation, figures)


def _figures(
    listened: Listened,
    watched: Watched,
    motion: Array,
    peaks: Array,
    onsets: Array,
    together: tuple[float, float],
    correlation: Correlation,
    by_chance: float | None,
) -> Figures:
    moving = bool(motion.max() >= STILL)
    frame_s = 1 / watched.rate
    r = correlation.peak if moving else None
    lag = correlation.lag if r is not None else None
    beats = _within(listened.beats, together)
    follows = len(peaks) > 0 and len(onsets) > 0
    on_beat = len(peaks) > 0 and len(beats) > 0
    return {
        "r": _rounded(r),
        "r_shuffled": _rounded(by_chance if r is not None else None),
        "lag_ms": None if lag is None else round(1000 * lag, 1),
        "av_align": _rounded(av_align(onsets, peaks, frame_s) if follows else None),
        "av_align_shuffled": _rounded(
            shuffled(onsets, together, lambda turned: av_align(turned, peaks, frame_s)) if follows else None
        ),
        "silence_flicker": _rounded(watched.flicker),
        "warping_error": _rounded(watched.warping, 6),
        "beat_alignment": _rounded(beat_alignment(beats, peaks) if on_beat else None),
        "beat_alignment_shuffled": _rounded(
            shuffled(beats, together, lambda turned: beat_alignment(turned, peaks)) if on_beat else None
        ),
        "beat_sigma_ms": round(1000 * SIGMA_S, 1),
        "mean_motion": _rounded(float(watched.moves.sum() / (watched.times[-1] - watched.times[0])), 5),
        "onsets": len(onsets),
        "motion_peaks": len(peaks),
        "beats": len(beats),
        "silence_s": round(watched.silence_s, 2),
        "warped_pairs": watched.warped,
        "seconds": round(together[1] - together[0], 2),
        "frames": len(watched.times),
        "fps": round(watched.fps, 3),
        "rate": round(watched.rate, 3),
    }


def _within(moments: Array, span: tuple[float, float]) -> Array:
    return moments[(moments >= span[0]) & (moments < span[1])]


def _rounded(value: float | None, digits: int = 4) -> float | None:
    return None if value is None else round(value, digits)
