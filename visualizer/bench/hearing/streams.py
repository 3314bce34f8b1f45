"""The streams of the benchmark: 58 of 20 or 24 s, twenty minutes, each with the truth about it, all from one seed.

``suite(FROZEN)`` is the benchmark. Other seeds give other music at other tempi, but of the same rows: good for trying a
tracker out, not for learning or for tuning one that is measured here.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from visualizer.bench.hearing import beatless
from visualizer.bench.hearing.band import Onsets, Rest, play, scatter
from visualizer.bench.hearing.grid import Grid, ramp, steady, step
from visualizer.bench.hearing.midi import START_S, Sheet, render
from visualizer.bench.hearing.styles import STYLES
from visualizer.bench.hearing.tracker import Times
from visualizer.snapshots import FloatArray

FROZEN = 1984
"""The seed of the benchmark. Nothing is tuned or trained on it, nor on its rows (see ``tools/beat_music.py``)."""

SECONDS, LONG_SECONDS = 20.0, 24.0

SPREAD = 0.1
"""Tempi of other seeds lie within this share of the benchmark's."""

LOUDNESS_DB, LOUDNESS_SPREAD_DB = -19.0, 4.0
"""RMS of a stream re full scale, and how far it is drawn to either side."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known of a stream. beats, downbeats: s, as they sound; empty where nobody could tap.

    tempo: shape (n, 2), each beat's time and its BPM. steps: when the tempo jumps, s. steady: whether the tempo stays.
    onsets: by band, None where they are not all known and prompt.
    """

    beats: Times
    downbeats: Times
    tempo: Times
    steps: tuple[float, ...] = ()
    steady: bool = False
    onsets: dict[str, Onsets] | None = None


NOTHING = Truth(np.zeros(0), np.zeros(0), np.zeros((0, 2)))


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream. name: unique. style: what it is counted under. source: the notes, or the call that makes the sound.

    level_db: RMS re full scale of rendered notes. noise_db: pink noise beneath them, re their own RMS; None for none.
    """

    name: str
    style: str
    truth: Truth
    source: Sheet | partial[FloatArray] = field(repr=False)
    seconds: float
    level_db: float = LOUDNESS_DB
    noise_db: float | None = None
    seed: int = 0

    def sound(self, folder: Path | None = None) -> FloatArray:
        """Mono at 48 kHz, float32, shape (n,). folder: where renders are kept, None for the user's cache.

        Raises SynthesizerError where a program or the soundfont is not installed.
        """
        if not isinstance(self.source, Sheet):
            return self.source()
        sound = render(self.source, folder).astype(np.float64)
        sound *= 10 ** (self.level_db / 20) / max(float(np.sqrt(np.mean(sound**2))), 1e-9)
        if self.noise_db is not None:
            beneath = beatless.noise(self.seconds, self.seed, 3.0)[: len(sound)]
            sound += beneath * 10 ** ((self.level_db + self.noise_db + 20) / 20)
        peak = float(np.abs(sound).max(initial=0.0))
        return (sound * min(1.0, 0.98 / max(peak, 1e-9))).astype(np.float32)


def suite(seed: int = FROZEN) -> tuple[Stream, ...]:
    """All streams; the same seed gives the same."""
    return (*_steady(seed), *_breaks(seed), *_tempi(seed), *_onsets(seed), *_beatless(seed))


def prepare(streams: tuple[Stream, ...], folder: Path | None = None, workers: int | None = None) -> None:
    """Render what is not in the cache yet, ``workers`` at a time (None: one a core)."""
    sheets = [stream.source for stream in streams if isinstance(stream.source, Sheet)]
    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        list(pool.map(lambda sheet: render(sheet, folder) is None, sheets))


STEADY: tuple[tuple[str, float], ...] = (
    ("house", 124), ("offbeat hats", 126), ("techno", 138), ("disco", 116), ("rock", 96), ("rock", 144),
    ("rock syncopated", 112), ("reggae one-drop", 76), ("reggae one-drop", 88), ("reggae steppers", 70), ("swing", 152),
    ("swing brushes", 84), ("drum and bass", 174), ("breakbeat", 134), ("half-time", 140),
    ("trap", 146), ("hip hop", 90), ("funk", 104), ("waltz", 92),
    ("waltz orchestra", 172), ("jazz waltz", 134), ("bossa", 128), ("salsa", 98), ("samba", 106), ("afrobeat", 114),
    ("synth-pop", 118), ("ballad", 72), ("orchestra", 100), ("orchestra timpani", 120), ("piano", 88), ("guitar", 110),
)  # fmt: skip
"""Styles at one tempo, BPM."""

ROOMS = {"swing", "swing brushes", "waltz orchestra", "orchestra", "orchestra timpani", "ballad", "piano"}
"""Styles that are heard in a room."""


def _random(seed: int, name: str) -> np.random.Generator:
    """A generator of the stream's own, so that adding a stream changes no other."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


class _Maker:
    """What each musical stream draws first: its start, its loudness and, for other seeds, its tempi."""

    def __init__(self, seed: int, name: str) -> None:
        rng = _random(seed, name)
        self.name = name
        self.seed = int(rng.integers(1 << 31))
        self.start = float(rng.uniform(0.2, 1.2))
        self.level_db = LOUDNESS_DB + float(rng.uniform(-LOUDNESS_SPREAD_DB, LOUDNESS_SPREAD_DB))
        self.faster = 1.0 if seed == FROZEN else float(np.exp(rng.uniform(-SPREAD, SPREAD)))

    def steady(self, style: str, bpm: float, seconds: float) -> Grid:
        return steady(bpm * self.faster, self.start, seconds, STYLES[style].drift, self.seed + 1)

    def stream(
        self, style: str, grid: Grid, seconds: float, rests: tuple[Rest, ...] = (), steps: tuple[float, ...] = (),
        is_steady: bool = True, under: str = "", level_db: float | None = None, noise_db: float | None = None,
    ) -> Stream:  # fmt: skip
        """under: what the stream is counted under, "" for its style."""
        played = play(STYLES[style], grid, seconds, self.seed, rests, style in ROOMS)
        beats = grid.times + START_S
        beats, downbeats = beats[beats < seconds], beats[:: STYLES[style].meter]
        truth = Truth(beats, downbeats[downbeats < seconds], grid.tempo(), steps, is_steady, played.onsets)
        level = self.level_db if level_db is None else level_db
        return Stream(self.name, under or style, truth, played.sheet, seconds, level, noise_db, self.seed)


def _steady(seed: int) -> list[Stream]:
    streams = []
    for style, bpm in STEADY:
        maker = _Maker(seed, f"{style} {bpm:g}")
        streams.append(maker.stream(style, maker.steady(style, bpm, SECONDS), SECONDS))
    return streams


def _breaks(seed: int) -> list[Stream]:
    """Intros of hats alone, and eight beats in which the drums, or all, fall silent."""
    but_hats = ("kick", "snare", "percussion", "bass", "harmony")
    drums = ("kick", "snare", "hats", "percussion")
    asked = (
        ("hats then house", "house", 122.0, (Rest(0, 20, but_hats),)),
        ("hats then rock", "rock", 104.0, (Rest(0, 16, but_hats),)),
        ("house without drums", "house", 126.0, (Rest(24, 32, drums),)),
        ("rock falls silent", "rock", 116.0, (Rest(20, 28),)),
    )
    streams = []
    for name, style, bpm, rests in asked:
        maker = _Maker(seed, name)
        under = "hat intro" if name.startswith("hats") else "break"
        streams.append(maker.stream(style, maker.steady(style, bpm, LONG_SECONDS), LONG_SECONDS, rests, under=under))
    return streams


def _tempi(seed: int) -> list[Stream]:
    """Tempo steps half way, and ramps."""
    streams = []
    for style, first, second in (("house", 100, 128), ("rock", 140, 90), ("synth-pop", 120, 126), ("funk", 92, 132)):
        maker = _Maker(seed, f"{style} {first} to {second}")
        grid, at = step(first * maker.faster, second * maker.faster, 12.0, maker.start, LONG_SECONDS)
        streams.append(maker.stream(style, grid, LONG_SECONDS, steps=(at + START_S,), is_steady=False, under="tempo step"))
    for style, first, last in (("house", 104, 136), ("rock", 132, 100)):
        maker = _Maker(seed, f"{style} {first} slowly to {last}")
        grid = ramp(first * maker.faster, last * maker.faster, maker.start, LONG_SECONDS)
        streams.append(maker.stream(style, grid, LONG_SECONDS, is_steady=False, under="tempo ramp"))
    return streams


def _onsets(seed: int) -> list[Stream]:
    """Prompt drums alone."""
    asked: tuple[tuple[str, str, float, float | None, float | None], ...] = (
        ("drums rock", "drums rock", 118, None, None),
        ("drums house", "drums house", 125, None, None),
        ("drums funk", "drums funk", 98, None, None),
        ("drums jungle", "drums jungle", 164, None, None),
        ("drums hand", "drums hand", 102, None, None),
        ("drums toms", "drums toms", 110, None, None),
        ("drums rock, faint", "drums rock", 126, -46.0, None),
        ("drums funk in noise", "drums funk", 108, None, -18.0),
    )
    streams = []
    for name, style, bpm, level_db, noise_db in asked:
        maker = _Maker(seed, name)
        grid = maker.steady(style, bpm, SECONDS)
        streams.append(maker.stream(style, grid, SECONDS, under="drums alone", level_db=level_db, noise_db=noise_db))
    return streams


def _beatless(seed: int) -> list[Stream]:
    """No trustworthy beat."""
    streams = []

    def add(name: str, source: Callable[[int], Sheet | partial[FloatArray]]) -> None:
        maker = _Maker(seed, name)
        streams.append(Stream(name, "beatless", NOTHING, source(maker.seed), SECONDS, maker.level_db, None, maker.seed))

    add("rubato piano", lambda s: beatless.rubato(SECONDS, s))
    add("pads", lambda s: beatless.pads(SECONDS, s))
    add("pads, bowed and sung", lambda s: beatless.pads(SECONDS, s, (48, 52, 92)))
    add("drone", lambda s: beatless.drone(SECONDS, s))
    add("speech", lambda s: partial(beatless.speech, SECONDS, "en-us", 160 + s % 20))
    add("pink noise", lambda s: partial(beatless.noise, SECONDS, s, 3.0))
    add("rain", lambda s: partial(beatless.rain, SECONDS, s))
    add("silence", lambda s: partial(beatless.silence, SECONDS))
    maker = _Maker(seed, "scattered drums")
    scattered = scatter(SECONDS, maker.seed)
    truth = Truth(np.zeros(0), np.zeros(0), np.zeros((0, 2)), onsets=scattered.onsets)
    streams.append(Stream(maker.name, "beatless", truth, scattered.sheet, SECONDS, maker.level_db, None, maker.seed))
    return streams
