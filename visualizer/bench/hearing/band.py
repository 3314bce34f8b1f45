"""A band that plays a style on a grid: rows of steps become notes, with human timing, and the truth about them is kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from visualizer.bench.hearing.drums import HIGH_TOM, LOW_TOM, MID_TOM, PROMPT, ROLES
from visualizer.bench.hearing.grid import Grid, swung
from visualizer.bench.hearing.midi import DRUMS, START_S, Control, Note, Sheet
from visualizer.bench.hearing.styles import Chord, Part, Style
from visualizer.bench.hearing.tracker import Times

DRUM_VELOCITY = {"X": 118, "x": 100, "o": 76} | {str(n): 4 + 13 * n for n in range(1, 10)}
PITCHED_VELOCITY = {"X": 112, "x": 92, "o": 68}
VELOCITY_SPREAD = 5.0
BASS_NOTE, CHORD_NOTE = 36, 60

SOLO_SHARE, SOLO_LOOSE_MS = 0.45, 28.0
"""How many of its steps a solo plays, and the standard deviation of its timing."""

SOFT = 50
"""A drum softer than this may be masked: it is an onset that need not be found."""

TOGETHER_S = 0.03
"""Hits closer than this are one onset, as in MIREX."""

DUCK = ((0.0, 30), (0.12, 50), (0.25, 80), (0.4, 110), (0.6, 127))
"""A side-chained part's expression after a kick: (beats, controller 11)."""

MUTES = (*ROLES, "bass", "harmony")
"""What a ``Rest`` can silence."""


@dataclass(frozen=True, slots=True)
class Rest:
    """Beats [first, last) in which the parts named by ``roles`` (of ``MUTES``) are silent."""

    first: float
    last: float
    roles: tuple[str, ...] = MUTES


@dataclass(frozen=True, slots=True)
class Onsets:
    """Onsets in one band. sure: must be found. maybe: neither a find nor a false alarm."""

    sure: Times
    maybe: Times


@dataclass(frozen=True, slots=True)
class Played:
    """What came of it. onsets: by band ("any", "low", "mid", "high"); None where a drum is not prompt or others play."""

    sheet: Sheet
    onsets: dict[str, Onsets] | None


def play(style: Style, grid: Grid, seconds: float, seed: int, rests: tuple[Rest, ...] = (), room: bool = False) -> Played:
    """Play ``style`` on the beats of ``grid`` for ``seconds``; key, melody and liberties come of the seed."""
    rng = np.random.default_rng(seed)
    key = int(rng.integers(-4, 5))
    controls = [Control(0.0, DRUMS, -1, style.kit), Control(0.0, DRUMS, 7, 110)]
    hits = _drums(style, grid, rng, rests)
    notes = list(hits)
    for number, part in enumerate(style.parts):
        channel = number if number < DRUMS else number + 1
        controls += [Control(0.0, channel, -1, part.program), Control(0.0, channel, 7, part.volume)]
        if part.ducked:
            for beat in range(grid.beats):
                controls += [Control(grid.at(beat + after), channel, 11, value) for after, value in DUCK]
        notes += _part(part, style, grid, key, channel, rng, rests)
    notes = [note for note in notes if 0 <= note.time < seconds]
    sheet = Sheet(tuple(sorted(notes, key=lambda note: note.time)), tuple(controls), seconds, room)
    return Played(sheet, onsets_of(hits, seconds) if not style.parts else None)


def scatter(seconds: float, seed: int) -> Played:
    """Single drums at random moments, 0.12 to 0.9 s apart, loud and soft: onsets that are known, and no beat."""
    rng = np.random.default_rng(seed)
    time, hits = 0.4, []
    while time < seconds - 0.3:
        hits.append(Note(time, 0.1, DRUMS, int(rng.choice(list(PROMPT))), int(rng.integers(60, 125))))
        time += float(np.exp(rng.uniform(np.log(0.12), np.log(0.9))))
    return Played(Sheet(tuple(hits), (Control(0.0, DRUMS, 7, 110),), seconds), onsets_of(hits, seconds))


def onsets_of(hits: list[Note], seconds: float) -> dict[str, Onsets] | None:
    """The acoustic onsets of drums by band; None where one of them is not prompt."""
    hits = [hit for hit in hits if hit.time + START_S < seconds]
    if any(hit.pitch not in PROMPT for hit in hits):
        return None
    found: dict[str, Onsets] = {}
    for band in ("any", "low", "mid", "high"):
        sure, maybe = [], []
        for hit in hits:
            heard = PROMPT[hit.pitch]
            if hit.velocity >= SOFT and (band == "any" or band in heard.sure):
                sure.append(hit.time + START_S)
            elif band == "any" or band in heard.sure + heard.maybe:
                maybe.append(hit.time + START_S)
        found[band] = Onsets(_apart(sure), _apart(maybe))
    return found


def _apart(times: list[float]) -> Times:
    kept: list[float] = []
    for time in sorted(times):
        if not kept or time - kept[-1] >= TOGETHER_S:
            kept.append(time)
    return np.array(kept)


def _silent(rests: tuple[Rest, ...], role: str, position: float) -> bool:
    # A hit a hair before the beat belongs to it.
    return any(role in rest.roles and rest.first <= position + 1e-6 < rest.last for rest in rests)


def _when(style: Style, grid: Grid, position: float, rng: np.random.Generator) -> float:
    return grid.at(swung(position, style.swing_unit, style.swing)) + float(rng.normal(0, style.jitter_ms / 1000))


def _velocity(wanted: float, rng: np.random.Generator) -> int:
    return int(np.clip(round(wanted + rng.normal(0, VELOCITY_SPREAD)), 8, 127))


def _drums(style: Style, grid: Grid, rng: np.random.Generator, rests: tuple[Rest, ...]) -> list[Note]:
    role_of = {pitch: role for role, pitches in ROLES.items() for pitch in pitches}
    hits = []
    for pitch, row in style.drums.items():
        role = role_of.get(pitch, "percussion")
        for index in range(grid.beats * style.steps):
            position = index / style.steps
            symbol = row[index % len(row)]
            if symbol != "." and symbol not in "Xx9" and rng.random() < style.ghosts:
                symbol = "."
            elif symbol == "." and role == "snare" and "X" in row and rng.random() < style.ghosts / 2:
                symbol = "2"
            in_fill = style.fills and _fill(style, position) and not _silent(rests, "percussion", position)
            if symbol == "." or in_fill or _silent(rests, role, position):
                continue
            velocity = _velocity(DRUM_VELOCITY[symbol], rng)
            hits.append(Note(_when(style, grid, position, rng), 0.1, DRUMS, pitch, velocity))
    if style.fills:
        toms = (HIGH_TOM, HIGH_TOM, MID_TOM, LOW_TOM)
        for beat in range(grid.beats):
            if not _fill(style, beat) or _silent(rests, "percussion", beat):
                continue
            for i in range(style.steps):
                pitch = toms[i * len(toms) // style.steps]
                time = _when(style, grid, beat + i / style.steps, rng)
                hits.append(Note(time, 0.1, DRUMS, pitch, _velocity(104, rng)))
    return hits


def _fill(style: Style, position: float) -> bool:
    """Whether a position lies in the last beat of every fourth bar."""
    return int(position) % (4 * style.meter) == 4 * style.meter - 1


def _part(
    part: Part, style: Style, grid: Grid, key: int, channel: int, rng: np.random.Generator, rests: tuple[Rest, ...]
) -> list[Note]:
    notes = []
    role = "bass" if part.kind == "bass" else "harmony"
    counted, last = 0, CHORD_NOTE + 12 * part.octave + key
    for index in range(grid.beats * style.steps):
        position = index / style.steps
        symbol = part.row[index % len(part.row)]
        if symbol in ".-" or _silent(rests, role, position):
            continue
        solo = part.kind == "solo"
        if solo and rng.random() > SOLO_SHARE:
            continue
        held = int(rng.integers(1, 4)) if solo else 1
        while not solo and held < len(part.row) and part.row[(index + held) % len(part.row)] == "-":
            held += 1
        chord = style.chords[int(position // style.meter) % len(style.chords)]
        end = grid.at(swung(position + held / style.steps, style.swing_unit, style.swing))
        time = _when(style, grid, position, rng) + (float(rng.normal(0, SOLO_LOOSE_MS / 1000)) if solo else 0.0)
        length = max(0.03, (end - time) * part.gate)
        wanted = PITCHED_VELOCITY["X" if symbol.isupper() else "o" if symbol == "o" and role == "harmony" else "x"]
        pitches = _pitches(part, chord, key, symbol, counted, last, rng)
        last = pitches[-1]
        counted += 1
        spread = rng.normal(0, style.jitter_ms / 3000, len(pitches))  # a chord's fingers
        notes += [
            Note(time + float(late), length, channel, pitch, _velocity(wanted, rng))
            for pitch, late in zip(pitches, spread, strict=True)
        ]
    return notes


def _pitches(
    part: Part, chord: Chord, key: int, symbol: str, counted: int, last: int, rng: np.random.Generator
) -> list[int]:
    root, tones = chord
    if part.kind == "bass":
        above = {"r": 0, "t": tones[1], "f": 7, "o": 12}[symbol.lower()]
        return [BASS_NOTE + 12 * part.octave + key + root % 12 + above - (12 if root % 12 > 7 else 0)]
    base = CHORD_NOTE + 12 * part.octave + key
    voiced = sorted(base + (root + tone) % 12 for tone in tones)
    if part.kind == "chord":
        return voiced
    if part.kind == "arp":
        ladder = [*voiced, voiced[0] + 12]
        return [ladder[counted % len(ladder)]]
    near = [pitch + octave for pitch in voiced for octave in (-12, 0, 12) if abs(pitch + octave - last) <= 7]
    return [int(rng.choice(near or voiced))]
