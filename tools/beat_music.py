"""Made-up music with known beats, to learn beat patterns from: random styles, none of them a style of ``bench hearing``.

A style is drawn from one of the ``FAMILIES``, ways in which music carries its beat; rows, chords, instruments, kit, tempo,
swing and looseness are random, and parts are left out at random. What it shares with the benchmark is how a band reads a
row (``bench.hearing.band``: human timing, ghost notes, fills), General MIDI's numbers, and rows that any music has, such as
a stroke a beat. A style with a row that says more than that and stands in the benchmark is drawn anew (``held_out_rows``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from held_out_rows import held_out, signatures

from visualizer.bench.hearing import drums as d
from visualizer.bench.hearing.band import MUTES, Rest, play
from visualizer.bench.hearing.grid import Grid, ramp, steady, step
from visualizer.bench.hearing.midi import DRUMS, START_S, Sheet
from visualizer.bench.hearing.styles import Chord, Part, Style
from visualizer.bench.hearing.tracker import Times

Rng = np.random.Generator
Rows = dict[int, str]

MAJOR, MINOR, DOMINANT, SIXTH, OPEN_FIFTH, SUSPENDED = (0, 4, 7), (0, 3, 7), (0, 4, 10), (0, 4, 9), (0, 7), (0, 5, 7)

CHORDS: tuple[tuple[Chord, ...], ...] = (
    ((9, MINOR), (5, MAJOR), (0, MAJOR), (7, MAJOR)),
    ((0, MAJOR), (5, MAJOR), (0, MAJOR), (7, DOMINANT)),
    ((0, MINOR), (3, MAJOR), (5, MINOR), (10, MAJOR)),
    ((0, SIXTH), (9, MINOR), (2, MINOR), (7, DOMINANT)),
    ((0, OPEN_FIFTH), (0, SUSPENDED)),
    ((0, MINOR), (5, MINOR), (7, MINOR)),
    ((4, MINOR), (5, MAJOR), (7, MAJOR), (0, MAJOR), (0, SUSPENDED)),
)
"""Progressions, a chord a bar; none is the benchmark's."""

TRIES = 200
"""So often a style is drawn anew at most; in no family has more than one in four a row of the benchmark."""

BASSES, KEYS, GUITARS = (
    (32, 33, 34, 35, 36, 38, 39),
    (0, 1, 2, 4, 5, 6, 7, 11, 12, 16, 17, 18, 21),
    (24, 25, 26, 27, 28, 29, 30),
)
PADS, LEADS, BOWED, BRASS = (
    (48, 49, 50, 51, 52, 88, 89, 90, 91, 94, 95),
    (53, 56, 65, 66, 68, 71, 73, 75, 80, 81, 85),
    (40, 41, 42, 43, 44, 45, 48, 49),
    (56, 57, 58, 60, 61, 62),
)
KITS = (d.STANDARD, 8, d.POWER, d.ELECTRONIC, d.TR808)


@dataclass(frozen=True, slots=True)
class Piece:
    """family: of ``FAMILIES``. beats: s, as they sound. meter: beats a bar. changes: when the tempo jumps, s."""

    family: str
    sheet: Sheet
    beats: Times
    meter: int
    changes: tuple[float, ...] = ()


def compose(seed: int, seconds: float, family: str = "", tempo: str = "steady") -> Piece:
    """One piece. family: "" draws one. tempo: "steady", "step" (half way) or "ramp"."""
    rng = np.random.default_rng([seed, 77])
    family = family or str(rng.choice(list(FAMILIES)))
    style, bpm = draw(family, rng)
    start = float(rng.uniform(0.1, 1.5))
    changes: tuple[float, ...] = ()
    if tempo == "steady":
        grid = steady(bpm, start, seconds, style.drift, seed)
    else:
        other = bpm * float(np.exp(rng.choice([-1, 1]) * rng.uniform(0.08, 0.35)))
        if tempo == "step":
            grid, at = step(bpm, other, seconds / 2, start, seconds)
            changes = (at + START_S,)
        else:
            grid = ramp(bpm, other, start, seconds)
    room = rng.random() < 0.3
    played = play(style, grid, seconds, seed, _rests(rng, style, grid), room)
    beats = grid.times + START_S
    return Piece(family, _balanced(played.sheet, rng), beats[beats < seconds], style.meter, changes)


def draw(family: str, rng: Rng) -> tuple[Style, float]:
    """A style of a family that shares no row with the benchmark but plain ones, and a tempo, BPM."""
    for _ in range(TRIES):
        style, bpm = FAMILIES[family](rng)
        if not signatures(style) & held_out():
            chords = CHORDS[int(rng.integers(len(CHORDS)))]
            return replace(style, chords=chords, fills=style.fills and rng.random() < 0.5), bpm
    raise ValueError(f"the family {family} hardly draws rows that are not the benchmark's")


def _balanced(sheet: Sheet, rng: Rng) -> Sheet:
    """The drums softer or louder than they were written."""
    drums, volume = (DRUMS, 7), int(rng.integers(88, 128))
    controls = [replace(one, value=volume) if (one.channel, one.number) == drums else one for one in sheet.controls]
    return replace(sheet, controls=tuple(controls))


def _rests(rng: Rng, style: Style, grid: Grid) -> tuple[Rest, ...]:
    """In half of the pieces roles enter late or pause: a few, all but the hats, the drums, or the whole band."""
    if rng.random() > 0.5 or not style.drums:
        return ()
    kind = float(rng.random())
    if kind < 0.4:
        roles = tuple(str(role) for role in rng.choice(MUTES, int(rng.integers(1, 4)), replace=False))
    else:
        roles = tuple(role for role in MUTES if role != "hats") if kind < 0.6 else tuple(d.ROLES) if kind < 0.8 else MUTES
    bar = style.meter
    first = 0 if roles != MUTES and rng.random() < 0.5 else bar * int(rng.integers(2, 8))
    return (Rest(first, min(grid.beats, first + bar * int(rng.integers(1, 5))), roles),)


def _pick(rng: Rng, options: tuple[int, ...]) -> int:
    return int(rng.choice(options))


def _row(rng: Rng, length: int, sure: dict[int, str], chance: float = 0.0, even: bool = False, soft: str = "xo") -> str:
    """A row with ``sure`` steps and others by chance, on even steps only if ``even``."""
    row = ["."] * length
    for i in range(length):
        if i in sure:
            row[i] = sure[i]
        elif (not even or i % 2 == 0) and rng.random() < chance:
            row[i] = str(rng.choice(list(soft)))
    return "".join(row)


def _every(length: int, unit: int, at: int = 0, loud: str = "x", soft: str = "") -> str:
    """Every ``unit`` steps from ``at`` on; every other one ``soft`` if given."""
    hits = list(range(at, length, unit))
    return "".join((soft if soft and hits.index(i) % 2 else loud) if i in hits else "." for i in range(length))


def _euclid(rng: Rng, length: int, hits: int, loud: str = "x") -> str:
    """Hits spread as evenly as steps allow, turned by chance (Toussaint 2005)."""
    turn = int(rng.integers(length))
    return "".join(loud if ((i + turn) * hits) % length < hits else "." for i in range(length))


def _hats(rng: Rng, busy: bool = True) -> Rows:
    """Hats or a ride of sixteen steps."""
    kind = int(rng.integers(7 if busy else 5))
    ride = _pick(rng, (d.CLOSED, d.CLOSED, d.RIDE, d.TAMBOURINE, d.SHAKER))
    if kind == 0:
        return {d.OPEN: _every(16, 4, 2)} | ({d.CLOSED: _every(16, 2, 0, "3")} if rng.random() < 0.5 else {})
    if kind == 1:
        return {ride: _every(16, 4, 0, "x")}
    if kind == 2:
        return {ride: _every(16, 2, 0, "x", "o")}
    if kind == 3:
        return {ride: _every(16, 2, 0, "x"), d.OPEN: _row(rng, 16, {}, 0.06)}
    if kind == 4:
        return {ride: _every(16, 2, 0, "o", "x")}
    if kind == 5:
        return {ride: _every(16, 1, 0, "x", "o")}
    return {ride: _row(rng, 16, {0: "x", 4: "x", 8: "x", 12: "x"}, 0.6)}


def _line(rng: Rng, length: int, chance: float) -> str:
    """A bass that plays where it likes."""
    return "".join(str(rng.choice(list("rrrrfto"))) if rng.random() < chance else "." for _ in range(length))


def _bass(rng: Rng, kick: str, kind: str = "") -> Part:
    kind = kind or str(rng.choice(["kick", "eighths", "off", "held", "free", "rolling", "two"]))
    length = len(kick)
    tones = "rrrrfto"
    if kind == "kick":
        row = "".join("r" if c != "." else ("f" if rng.random() < 0.08 else ".") for c in kick)
    elif kind == "eighths":
        row = "".join(("R" if i % 4 == 0 else str(rng.choice(list(tones)))) if i % 2 == 0 else "." for i in range(length))
    elif kind == "two":  # two tones in turn
        row = _every(length, int(rng.choice([2, 4, 8])), 0, "r", str(rng.choice(list("fto"))))
    elif kind == "off":
        row = _every(length, 4, 2, "r")
    elif kind == "held":
        row = "".join("r" if i % (length // 2) == 0 else "-" for i in range(length))
    elif kind == "free":
        row = _line(rng, length, 0.35)
    else:
        row = "".join("." if i % 4 == 0 else "r" for i in range(length))
    return Part("bass", _pick(rng, BASSES), row, int(rng.integers(66, 108)), ducked=rng.random() < 0.1)


def _harmony(rng: Rng, length: int, count: int = 2) -> tuple[Part, ...]:
    """Up to ``count`` chord, arpeggio, line and solo parts."""
    parts: list[Part] = []
    for _ in range(int(rng.integers(0, count + 1))):
        kind = str(rng.choice(["pad", "stabs", "beats", "arp", "off", "solo", "line"]))
        volume, octave = int(rng.integers(54, 100)), int(rng.integers(0, 2))
        gate = float(rng.uniform(0.3, 0.95))
        if kind == "pad":
            row = "x" + "-" * (length - 1)
            parts.append(Part("chord", _pick(rng, PADS), row, volume, ducked=rng.random() < 0.3))
        elif kind == "stabs":
            row = _row(rng, length, {0: "x"} if rng.random() < 0.5 else {}, 0.25)
            parts.append(Part("chord", _pick(rng, KEYS + GUITARS), row, volume, gate=gate))
        elif kind == "beats":
            row = _every(length, int(rng.choice([2, 4])), 0, "X", "x")
            parts.append(Part("chord", _pick(rng, KEYS + GUITARS), row, volume, gate=gate))
        elif kind == "arp":
            row = _every(length, int(rng.choice([1, 2])))
            parts.append(Part("arp", _pick(rng, (*KEYS, 81, 46, 14)), row, volume, octave, gate))
        elif kind == "off":
            parts.append(Part("chord", _pick(rng, KEYS + GUITARS), _every(length, 4, 2), volume, gate=gate * 0.6))
        elif kind == "solo":
            parts.append(Part("solo", _pick(rng, LEADS), _every(length, int(rng.choice([1, 2]))), volume, octave))
        else:
            row = _row(rng, 2 * length, {0: "x"}, 0.2, True).replace(".", "-")
            parts.append(Part("line", _pick(rng, LEADS + BOWED), row, volume, octave))
    return tuple(parts)


def _style(
    rng: Rng, rows: Rows, parts: tuple[Part, ...], machine: float, meter: int = 4, steps: int = 4, **more: int
) -> Style:
    """machine: how likely a sequencer plays. A part, or the drums, are left out now and then."""
    by_machine = rng.random() < machine
    if rows and rng.random() < 0.2:
        parts = ()
    elif rows and len(parts) > 1 and rng.random() < 0.08:
        rows = {}
    swing = float(rng.uniform(0.53, 0.64)) if steps == 4 and rng.random() < 0.15 else 0.5
    return Style(
        rows, parts, kit=more.get("kit", _pick(rng, KITS)), steps=steps, meter=meter, swing=swing, swing_unit=0.5,
        jitter_ms=float(rng.uniform(0.5, 3) if by_machine else rng.uniform(4, 9)),
        drift=0.0 if by_machine else float(rng.uniform(0.001, 0.008)),
        ghosts=float(rng.uniform(0, 0.1)), fills=bool(rows) and not by_machine and steps == 4,
    )  # fmt: skip


def _tempo(rng: Rng, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _back(rng: Rng) -> Rows:
    """Snare, clap or rim on the second and fourth beat."""
    return {_pick(rng, d.ROLES["snare"]): _row(rng, 16, {4: "X", 12: "X"}, float(rng.choice([0, 0, 0.08])), soft="23o")}


def floor(rng: Rng) -> tuple[Style, float]:
    """A kick on each beat."""
    kick = _row(rng, 16, dict.fromkeys((0, 4, 8, 12), "X"), float(rng.choice([0, 0, 0.05])))
    rows = {d.KICK: kick} | _hats(rng) | (_back(rng) if rng.random() < 0.7 else {})
    if rng.random() < 0.3:
        rows |= {_pick(rng, d.ROLES["percussion"]): _euclid(rng, 16, int(rng.choice([3, 5, 7])))}
    kind = str(rng.choice(["off", "off", "rolling", "eighths", "free", "kick"]))
    return _style(rng, rows, (_bass(rng, kick, kind), *_harmony(rng, 16)), 0.7), _tempo(rng, 100, 152)


def backbeat(rng: Rng) -> tuple[Style, float]:
    """Kick on the first beat and by chance, snare on two and four."""
    kick = _row(rng, 16, {0: "X"} | ({8: "X"} if rng.random() < 0.7 else {}), 0.2, rng.random() < 0.7)
    bpm = _tempo(rng, 72, 168)
    rows = {d.KICK: kick} | _back(rng) | _hats(rng, bpm < 112)
    return _style(rng, rows, (_bass(rng, kick), *_harmony(rng, 16)), 0.3), bpm


def half_time(rng: Rng) -> tuple[Style, float]:
    """The snare on the third beat, at twice the pace of its feel."""
    kick = _row(rng, 16, {0: "X"}, 0.14, rng.random() < 0.7)
    rows = {d.KICK: kick, _pick(rng, d.ROLES["snare"]): "........X......."}
    rows |= {d.CLOSED: _row(rng, 16, dict.fromkeys(range(0, 16, 2), "x"), 0.1)}
    return _style(rng, rows, (_bass(rng, kick, str(rng.choice(["kick", "held"]))), *_harmony(rng, 16)), 0.8), _tempo(
        rng, 128, 160
    )


def broken(rng: Rng) -> tuple[Style, float]:
    """Broken beats over two bars: syncopated kicks, ghosted snares."""
    kick = _row(rng, 32, {0: "X", 10: "X"} if rng.random() < 0.5 else {0: "X"}, 0.16)
    snare = _row(rng, 32, {4: "X", 12: "X", 20: "X", 28: "X"}, 0.12, soft="123")
    rows = {d.KICK: kick, d.SNARE: snare} | _hats(rng)
    bpm = _tempo(rng, 160, 180) if rng.random() < 0.4 else _tempo(rng, 84, 140)
    return _style(rng, rows, (_bass(rng, kick), *_harmony(rng, 16)), 0.4), bpm


def chop(rng: Rng) -> tuple[Style, float]:
    """Chords between the beats."""
    if rng.random() < 0.4:  # the weight lies past the first beat
        late = int(rng.choice([4, 8, 8]))
        kick = _row(rng, 16, {late: "X"} | ({late + 4: "x"} if rng.random() < 0.5 else {}), 0.08)
    else:
        kick = _every(16, int(rng.choice([4, 8])), 0, "X")
    snare = _row(rng, 16, {8: "X"} if rng.random() < 0.4 else {4: "X", 12: "X"}, 0.06)
    rows = {d.KICK: kick, _pick(rng, (d.RIM, d.SNARE)): snare} | _hats(rng)
    guitar = Part("chord", _pick(rng, (*GUITARS, 0, 16)), _every(16, 4, 2, "X"), int(rng.integers(70, 100)), gate=0.4)
    bass = _bass(rng, kick, str(rng.choice(["free", "free", "kick"])))
    return _style(rng, rows, (bass, guitar, *_harmony(rng, 16, 1)), 0.1), _tempo(rng, 62, 140)


def shuffle(rng: Rng) -> tuple[Style, float]:
    """Three steps a beat: swing, shuffle and slow twelve-eight."""
    bpm = _tempo(rng, 62, 190)
    ride = _pick(rng, (d.RIDE, d.CLOSED, d.SNARE))
    third = float(rng.choice([0.0, 0.4, 0.6, 1.0]))  # how often the last third of a beat is struck
    figure = "".join("x.o" if rng.random() < third else "x.." for _ in range(int(rng.choice([2, 4, 8]))))
    if bpm < 100 and rng.random() < 0.25:
        figure = "xoo"
    kick = _row(rng, 12, {0: "x", 6: "x"} if rng.random() < 0.6 else dict.fromkeys((0, 3, 6, 9), "3"), 0.08)
    rows: Rows = {ride: figure, d.KICK: kick, d.PEDAL: "...x.....x.."}
    if ride != d.SNARE and rng.random() < 0.5:
        rows[d.SNARE] = "...X.....X.." if rng.random() < 0.6 else _row(rng, 12, {}, 0.15, soft="23")
    walk = "".join(str(rng.choice(list("rtfo"))) if i % 3 == 0 else "." for i in range(12))
    bass = Part("bass", _pick(rng, BASSES), walk if rng.random() < 0.7 else "r.....f.....", int(rng.integers(80, 110)))
    comp = Part("chord", _pick(rng, KEYS + GUITARS), _row(rng, 24, {}, 0.18), int(rng.integers(60, 90)), gate=0.5)
    solo = Part("solo", _pick(rng, LEADS), str(rng.choice(["x.x", "xxx", "x.."])), int(rng.integers(64, 100)), 1)
    kit = _pick(rng, (d.JAZZ, d.BRUSH, d.STANDARD))
    return _style(rng, rows, (bass, comp, solo)[: int(rng.integers(1, 4))], 0.0, steps=3, kit=kit), bpm


TIMELINES = (
    "x..x...x..x.x...", "..x.x...x..x...x", "x...x.x...x.x...", "x..x..x...xx....", "x..x..x...x...x.", "x.x..x.x..x.x...",
    "x..xx..x.x.xx...", "..x..xx...x..xx.", "x.x.xx.x.x.xx...",
)  # fmt: skip
"""Bells and claves."""

LATIN_BASSES = (
    "......f---r-r---", "......f.....r.r.", "r.....f-r.....f-", "r...f..r--..t.f.", "r.r...f..r..t...", "..r...f-....r-f.",
    "r-----r...f-r---", "r..r...ff..t....",
)  # fmt: skip
"""Basses that avoid the beat, or some of it."""


def timeline(rng: Rng) -> tuple[Style, float]:
    """Bells, claves and hand drums; the bass may avoid the beat."""
    rows: Rows = {}
    for pitch in rng.choice(d.ROLES["percussion"], int(rng.integers(2, 6)), replace=False):
        kind = float(rng.random())
        if kind < 0.35:
            rows[int(pitch)] = _every(16, int(rng.choice([1, 2, 4])), 0, "x", "o")
        elif kind < 0.6:
            rows[int(pitch)] = str(rng.choice(TIMELINES))
        else:
            rows[int(pitch)] = _euclid(rng, 16, int(rng.choice([3, 5, 6, 7, 9])))
    kick = str(rng.choice(["x..xx..xx..xx..x", "x.....x.x.....x.", "x..x......x.....", "........x.....x.", ""]))
    if kick:
        rows[d.KICK if rng.random() < 0.6 else d.LOW_TOM] = kick
    if rng.random() < 0.5:
        rows |= _hats(rng)
    line = str(rng.choice(LATIN_BASSES)) if rng.random() < 0.7 else _line(rng, 16, 0.4)
    bass = Part("bass", _pick(rng, BASSES), line, int(rng.integers(80, 108)))
    return _style(rng, rows, (bass, *_harmony(rng, 16)), 0.05), _tempo(rng, 84, 138)


def three(rng: Rng) -> tuple[Style, float]:
    """Three beats a bar."""
    triplets = rng.random() < 0.3
    unit = 3 if triplets else 4
    length = 3 * unit
    on = [i * unit for i in range(3)]
    rows: Rows = {}
    if rng.random() < 0.6:
        rows[d.KICK] = _row(rng, length, {0: "X"}, 0.04)
        rows[_pick(rng, (d.SNARE, d.CLOSED, d.RIM, d.PEDAL))] = _row(rng, length, {on[1]: "x", on[2]: "x"})
        if rng.random() < 0.5:
            swung = "".join("x.o" if rng.random() < 0.5 else "x.." for _ in range(6))
            ride = swung if triplets else _every(length, int(rng.choice([2, 4])))
            rows[_pick(rng, (d.RIDE, d.CLOSED))] = ride
    bass = Part(
        "bass",
        _pick(rng, (*BASSES, 43, 42)),
        _row(rng, length, {0: "r"}).replace("x", "f"),
        int(rng.integers(84, 112)),
        gate=0.7,
    )
    chord = Part(
        "chord",
        _pick(rng, KEYS + GUITARS + BOWED),
        _row(rng, length, {on[1]: "x", on[2]: "x"}),
        int(rng.integers(70, 100)),
        gate=0.4,
    )
    line = Part("line", _pick(rng, LEADS + BOWED), _row(rng, 2 * length, {0: "x"}, 0.15), int(rng.integers(60, 90)), 1)
    parts = (bass, chord, line)[: int(rng.integers(2, 4))]
    return _style(rng, rows, parts, 0.05, meter=3, steps=unit, kit=_pick(rng, (d.STANDARD, d.JAZZ, d.BRUSH))), _tempo(
        rng, 80, 190
    )


def orchestral(rng: Rng) -> tuple[Style, float]:
    """Bowed and blown, with a march's drum or timpani, or neither."""
    rows: Rows = {}
    if rng.random() < 0.7:
        rows[_pick(rng, (41, 43, 45, 47))] = _row(rng, 16, {0: "x"} | ({8: "x"} if rng.random() < 0.7 else {}), 0.06, True)
    if rng.random() < 0.4:
        rows[d.SNARE] = _row(rng, 16, {0: "x", 4: "x", 8: "x", 12: "x"}, 0.2)
    low = str(rng.choice(["r...r...r...r...", "r.......f.......", "r-------f-------", "r.r.f.f.r.r.f.f."]))
    parts = [Part("bass", _pick(rng, (42, 43, 58)), low, int(rng.integers(84, 110)), gate=0.6)]
    chords = (
        "x.x.x.x.x.x.x.x.",
        "x-------x-------",
        "x...x...x...x...",
        "....x.x.....x.x.",
        "x--xx-x-x--xx-x-",
        "x---..x-x---x-x-",
    )
    chord = str(rng.choice(chords)) if rng.random() < 0.7 else _row(rng, 16, {0: "X", 8: "x"}, 0.3, True)
    parts.append(
        Part("chord", _pick(rng, BOWED + BRASS), chord, int(rng.integers(74, 100)), gate=float(rng.uniform(0.4, 0.9)))
    )
    parts.append(
        Part("line", _pick(rng, BRASS + LEADS + BOWED), _row(rng, 32, {0: "x", 8: "x"}, 0.2, True).replace(".", "-"), 80, 1)
    )
    return _style(rng, rows, tuple(parts), 0.0, kit=d.ORCHESTRA), _tempo(rng, 66, 144)


def plucked(rng: Rng) -> tuple[Style, float]:
    """No drums: keys or strings that mark the beat."""
    low = str(rng.choice(["r-------f-------", "r---f---r---f---", "r-----r-f-----r-", "r---------------"]))
    figures = (
        "x...x...x...x...",
        "X.x...x.X.x.x.x.",
        "X.x.x.x.X.x.x.x.",
        "X-x-xxx-X-x-xxx-",
        "..x...x...x...x.",
        "X.xx..xxX.xx..xx",
    )
    figure = str(rng.choice(figures)) if rng.random() < 0.7 else _row(rng, 16, {0: "X", 4: "x", 8: "X"}, 0.35)
    kind = str(rng.choice(["chord", "chord", "arp"]))
    program = _pick(rng, KEYS + GUITARS + (45, 46))
    parts = [
        Part(
            kind,
            program,
            figure if kind == "chord" else _every(16, int(rng.choice([1, 2]))),
            int(rng.integers(84, 110)),
            gate=0.8,
        )
    ]
    if rng.random() < 0.75:
        parts.append(Part("bass", program if rng.random() < 0.5 else 32, low, int(rng.integers(84, 104))))
    if rng.random() < 0.6:
        parts.append(Part("line", _pick(rng, LEADS + KEYS), _row(rng, 16, {0: "x"}, 0.3, True), 80, 1))
    return _style(rng, {}, tuple(parts), 0.05), _tempo(rng, 64, 136)


def oompah(rng: Rng) -> tuple[Style, float]:
    """The bass on the beat and the chord between, or each on every other beat: polkas, marches, country."""
    unit = int(rng.choice([4, 4, 8]))
    bass = Part(
        "bass", _pick(rng, (32, 33, 34, 43, 58)), _every(16, unit, 0, "r", "f"), int(rng.integers(84, 112)), gate=0.6
    )
    chord = Part("chord", _pick(rng, (*KEYS, *GUITARS, 21, 61)), _every(16, unit, unit // 2, "x"), 90, gate=0.5)
    rows: Rows = {}
    if rng.random() < 0.6:
        rows = {d.KICK: _every(16, unit), _pick(rng, (d.SNARE, d.RIM, d.CLOSED)): _every(16, unit, unit // 2, "x")}
        if rng.random() < 0.4:
            rows |= _hats(rng)
    line = Part("line", _pick(rng, LEADS + BOWED), _row(rng, 32, {0: "x"}, 0.35, True), int(rng.integers(60, 96)), 1)
    return _style(rng, rows, (bass, chord, line)[: int(rng.integers(2, 4))], 0.1), _tempo(rng, 84, 150)


def slow(rng: Rng) -> tuple[Style, float]:
    """Ballads, and slow beats with busy hats."""
    kick = _row(rng, 16, {0: "x"} | ({8: "x"} if rng.random() < 0.6 else {}), 0.1)
    rows = {d.KICK: kick} | _back(rng) | _hats(rng)
    return _style(rng, rows, (_bass(rng, kick), *_harmony(rng, 16, 3)), 0.3), _tempo(rng, 58, 98)


FAMILIES: dict[str, Callable[[Rng], tuple[Style, float]]] = {
    "floor": floor, "backbeat": backbeat, "half time": half_time, "broken": broken, "chop": chop, "shuffle": shuffle,
    "timeline": timeline, "three": three, "orchestral": orchestral, "plucked": plucked, "oompah": oompah,
    "slow": slow,
}  # fmt: skip
"""Ways in which music carries its beat; each draws a style and a tempo, BPM."""
