"""Styles of music as rows of steps: who plays what, where in the bar.

A row is read a step a character and starts anew when it ends; it may be shorter or longer than a bar. Drums: "X" hard,
"x" firm, "o" soft, "1" to "9" a velocity in ninths of the hardest, "." nothing. Bass: "r", "t", "f", "o" the chord's
root, third, fifth and octave, in capitals when hard. Chords and lines: "X", "x", "o". "-" holds a pitched note on.
"""

from __future__ import annotations

from dataclasses import dataclass

from visualizer.bench.hearing.drums import (
    BRUSH,
    CLAP,
    CLAVES,
    CLOSED,
    CONGA,
    COWBELL,
    ELECTRONIC,
    HIGH_BONGO,
    HIGH_TOM,
    JAZZ,
    KICK,
    LOW_BONGO,
    LOW_TOM,
    MID_TOM,
    OPEN,
    ORCHESTRA,
    PEDAL,
    POWER,
    RIDE,
    RIM,
    SHAKER,
    SLAP,
    SNARE,
    STANDARD,
    TAMBOURINE,
    TR808,
    TUMBA,
    WOODBLOCK,
)  # fmt: skip

MINOR, MAJOR, SEVENTH, MINOR7, MAJOR7 = (0, 3, 7), (0, 4, 7), (0, 4, 7, 10), (0, 3, 7, 10), (0, 4, 7, 11)

Chord = tuple[int, tuple[int, ...]]
"""Semitones of the root above the key, and of the chord's notes above its root."""

POP: tuple[Chord, ...] = ((0, MAJOR), (7, MAJOR), (9, MINOR), (5, MAJOR))
DARK: tuple[Chord, ...] = ((0, MINOR), (0, MINOR), (8, MAJOR), (10, MAJOR))
FALL: tuple[Chord, ...] = ((0, MINOR), (10, MAJOR), (8, MAJOR), (7, MAJOR))
TURN: tuple[Chord, ...] = ((2, MINOR7), (7, SEVENTH), (0, MAJOR7), (9, SEVENTH))
VAMP: tuple[Chord, ...] = ((0, MINOR7), (5, SEVENTH))
ONE: tuple[Chord, ...] = ((0, MINOR),)
CLASSIC: tuple[Chord, ...] = ((0, MAJOR), (7, MAJOR), (7, SEVENTH), (0, MAJOR))


@dataclass(frozen=True, slots=True)
class Part:
    """A pitched voice. kind: "bass", "chord", "arp" (the chord's notes in turn), "line" (a melody made up by the seed) or
    "solo" (its rhythm is made up as well, over the steps of ``row``, and its timing is as loose as a singer's).

    program: General MIDI's, from 0. volume: controller 7. octave: above the kind's usual one. gate: the share of a note's
    length that sounds. ducked: whether the part dips after every kick, as under a side-chained compressor.
    """

    kind: str
    program: int
    row: str
    volume: int = 84
    octave: int = 0
    gate: float = 0.9
    ducked: bool = False


@dataclass(frozen=True, slots=True)
class Style:
    """steps: steps a beat. meter: beats a bar. swing: where the middle of ``swing_unit`` beats falls (0.5: straight).

    jitter_ms: standard deviation of every note's timing. drift: of the tempo's slow wander, a share of it. ghosts:
    how often a soft hit is left out or added. fills: whether the fourth bar ends on tom-toms.
    """

    drums: dict[int, str]
    parts: tuple[Part, ...] = ()
    chords: tuple[Chord, ...] = POP
    kit: int = STANDARD
    steps: int = 4
    meter: int = 4
    swing: float = 0.5
    swing_unit: float = 1.0
    jitter_ms: float = 6.0
    drift: float = 0.004
    ghosts: float = 0.06
    fills: bool = False


def _machine(
    drums: dict[int, str], parts: tuple[Part, ...] = (), chords: tuple[Chord, ...] = DARK, kit: int = TR808,
    jitter_ms: float = 1.5, ghosts: float = 0.04, swing: float = 0.5,
) -> Style:  # fmt: skip
    """A style that a sequencer plays: no drift, hardly any jitter."""
    return Style(drums, parts, chords, kit, swing=swing, swing_unit=0.5, jitter_ms=jitter_ms, drift=0.0, ghosts=ghosts)


STYLES: dict[str, Style] = {
    "house": _machine(
        {KICK: "X...X...X...X...", CLAP: "....x.......x...", OPEN: "..x...x...x...x.", CLOSED: "3.3.3.3.3.3.3.3."},
        (Part("solo", 85, "x.x.x.xxx.x.x.xx", 76, 1), Part("bass", 38, "..r...r...r..rr."),
         Part("chord", 4, "x..x..x...x..x..", 80, gate=0.5)),
    ),
    # The open hats between the beats are the loudest of all: what answers to the treble alone is off by half a beat.
    "offbeat hats": _machine(
        {KICK: "5...5...5...5...", OPEN: "..9...9...9...9."},
        (Part("bass", 39, "..r...r...r...r.", 76),),
    ),
    "techno": _machine(
        {KICK: "X...X...X...X...", CLOSED: "..x...x...x...x.", RIDE: "o.o.o.o.o.o.o.o.", RIM: "...o..o....o..o."},
        (Part("bass", 38, ".rrr.rrr.rrr.rrr", 70), Part("chord", 90, "x--...x-....x---", 62)),
        ONE,
    ),
    "disco": Style(
        {KICK: "X...X...X...X...", SNARE: "....X.......X...", OPEN: "..X...X...X...X.", CLOSED: "x...x...x...x..."},
        (Part("solo", 53, "x.x.x.x.x.x.x.x.", 96, 1), Part("bass", 33, "r.o.r.o.r.o.r.o."),
         Part("chord", 27, "..x.x.x...x.x.x.", 74, gate=0.3),
         Part("line", 48, "x-------x---x---", 70, 1)),
        FALL, jitter_ms=5, drift=0.002,
    ),
    "rock": Style(
        {KICK: "X.......X.x.....", SNARE: "....X.......X...", CLOSED: "x.o.x.o.x.o.x.o."},
        (Part("solo", 53, "x.x.x.x.x.x.x.xx", 110, 1), Part("bass", 34, "r.r.r.r.r.r.r.f."),
         Part("chord", 29, "X-------x--x----", 70)),
        fills=True, kit=POWER,
    ),
    "rock syncopated": Style(
        {KICK: "X.....x..xX.....", SNARE: "....X..o....X..o", CLOSED: "x.o.x.o.x.o.x.x.", OPEN: "..............x."},
        (Part("bass", 34, "r.....r..rr...f."), Part("chord", 30, "X-----x--xX-----", 66)),
        DARK, fills=True,
    ),
    # The drop is on the second and fourth beat, the guitar between the beats, and nothing on the first.
    "reggae one-drop": Style(
        {KICK: "....X.......X...", RIM: "....X.......X...", CLOSED: "x.o.x.o.x.o.x.oo"},
        (Part("solo", 53, "x.x.x.x.x.x.x.x.", 104, 1), Part("bass", 33, "..r.r..f....t.r.", 96),
         Part("chord", 28, "..X...X...X...X.", 84, gate=0.4),
         Part("chord", 16, "..oo..o...oo..o.", 56, gate=0.5)),
        ((0, MINOR), (5, MINOR)), swing=0.54, swing_unit=0.5,
    ),
    "reggae steppers": Style(
        {KICK: "X...X...X...X...", RIM: "........X.......", CLOSED: "..x...x...x...xo"},
        (Part("bass", 33, "r..r..f.r...t...", 96), Part("chord", 28, "..X...X...X...X.", 84, gate=0.4)),
        ((0, MINOR), (10, MAJOR)),
    ),
    "swing": Style(
        {RIDE: "X..x.oX..x.o", PEDAL: "...x.....x..", KICK: "3..3..3..3..", SNARE: "..2....3...."},
        (Part("bass", 32, "r..t..f..t..", 100), Part("chord", 0, "o....x......", 74, gate=0.6),
         Part("solo", 65, "x.xx.xx.xx.x", 90, 1)),
        TURN, JAZZ, steps=3, jitter_ms=8, drift=0.006, ghosts=0.1,
    ),
    "swing brushes": Style(
        {SNARE: "x..x.ox..x.o", PEDAL: "...X.....X..", KICK: "2.....2....."},
        (Part("bass", 32, "r.....f.....", 100), Part("chord", 26, "x..x..x..x..", 64, gate=0.5)),
        TURN, BRUSH, steps=3, jitter_ms=8, drift=0.006, ghosts=0.1,
    ),
    "drum and bass": _machine(
        {KICK: "X.........X.....", SNARE: "....X..1.1..X...", CLOSED: "x.x.x.x.x.x.x.xx"},
        (Part("solo", 53, "x...x...x...x.x.", 96, 1), Part("bass", 38, "r-----....f---r-", 90),
         Part("chord", 89, "x---------------", 66)),
        FALL, STANDARD, 4,
    ),
    "breakbeat": Style(
        {KICK: "X.X.......XX....X.X.......X.....", SNARE: "....X..3.3..X..3....X..3.3....X.",
         RIDE: "x.x.x.x.x.x.x.x."},
        (Part("bass", 39, "r-----r...r---..", 90),),
        ONE, drift=0.0, jitter_ms=5,
    ),
    # Counted at the tempo of the quavers' pairs, the snare on the third beat.
    "half-time": _machine(
        {KICK: "X.....x.........", SNARE: "........X.......", CLOSED: "x.x.x.x.x.x.xxx."},
        (Part("bass", 38, "r---r---..r-f---", 96), Part("chord", 94, "x---------------", 70)),
        ONE, ELECTRONIC, 3,
    ),
    "trap": _machine(
        {KICK: "X......x..x.....", CLAP: "........X.......", CLOSED: "x.x.x.x.x.xxx.x."},
        (Part("bass", 38, "r------r--r-----", 100), Part("arp", 11, "x...x...x.x.....", 70, 1)),
    ),
    "hip hop": Style(
        {KICK: "X......x..X.....", SNARE: "....X.......X...", CLOSED: "x.x.x.x.x.x.x.xo"},
        (Part("solo", 85, "x.xxx.xxx.xxx.xx", 84), Part("bass", 33, "r......r..f....."),
         Part("chord", 4, "x-----..o---....", 74)),
        VAMP, swing=0.59, swing_unit=0.5, drift=0.0,
    ),
    "funk": Style(
        {KICK: "X..x..x...x..x..", SNARE: "....X..3.3..X..3", CLOSED: "xoxoxoxoxoxoxoxo"},
        (Part("solo", 66, "xxxxxxxxxxxxxxxx", 84, 1), Part("bass", 36, "R..r..o...R..rf.", 92),
         Part("chord", 7, "..x..x.x..x..x.x", 66, gate=0.3)),
        VAMP, jitter_ms=5,
    ),
    "waltz": Style(
        {KICK: "x...........", CLOSED: "....o...o..."},
        (Part("bass", 32, "r---........", 100), Part("chord", 0, "....x...x...", 84, gate=0.4),
         Part("line", 73, "x-------x---x-----------", 80, 1)),
        CLASSIC, meter=3, drift=0.008,
    ),
    "waltz orchestra": Style(
        {},
        (Part("bass", 43, "R-..........", 110, gate=0.5), Part("chord", 45, "....x...x...", 100, gate=0.4),
         Part("line", 48, "x-----------x---x---x---", 84, 1), Part("chord", 60, "....o...o...", 70, gate=0.4)),
        CLASSIC, meter=3, drift=0.01,
    ),
    "jazz waltz": Style(
        {RIDE: "X..x.ox..", PEDAL: "...x..x..", KICK: "3........", SNARE: "..2..3..."},
        (Part("bass", 32, "r.....f..", 100), Part("chord", 0, "o..x.....x.....x..", 74)),
        TURN, JAZZ, steps=3, meter=3, jitter_ms=8, drift=0.006, ghosts=0.1,
    ),
    # Two steps a beat: a bossa nova in four, its clave over two bars.
    "bossa": Style(
        {KICK: "x..xx..x", RIM: "x..x..x...x..x..", CLOSED: "oooooooo"},
        (Part("bass", 32, "r--fr--f", 100), Part("chord", 24, "x.x..x.xx..x.x..", 90, gate=0.6),
         Part("solo", 53, "xxxxxxxx", 90, 1)),
        TURN, BRUSH, steps=2, jitter_ms=7,
    ),
    # The bass never plays the first beat; the clave is two against three.
    "salsa": Style(
        {CLAVES: "..x.x...x..x..x.", COWBELL: "X.x.X.x.X.x.X.x.", SLAP: "..x.......x.....", CONGA: "......xx......xx",
         TUMBA: "...o.......o....", SHAKER: "oooooooooooooooo"},
        (Part("bass", 32, "...f..r-...f..r-", 104), Part("arp", 0, "x.xx.x.x.x.xx.x.", 90, 1, 0.5),
         Part("chord", 61, "......x.....x...", 66, gate=0.4)),
        ((0, MINOR), (5, MINOR), (7, SEVENTH), (5, MINOR)), jitter_ms=7,
    ),
    "samba": Style(
        {LOW_TOM: "o...X..oo...X...", TAMBOURINE: "XooxXooxXooxXoox", HIGH_BONGO: "x.xx.x.x.xx.x.x.",
         LOW_BONGO: "...o..o....o..o."},
        (Part("bass", 32, "r..fr..fr..fr..f", 96), Part("chord", 24, "x.x..x.x.x.x..x.", 84, gate=0.4)),
        TURN, jitter_ms=7,
    ),
    "afrobeat": Style(
        {KICK: "x..x....x..x..x.", SNARE: "......x.....x...", CLOSED: "xoxxoxxoxoxxoxxo", CONGA: "..x..x....x..x..",
         WOODBLOCK: "x.xx.x.x.x.xx.x."},
        (Part("solo", 65, "x.xxx.xxx.xxx.xx", 84, 1), Part("bass", 33, "r..f..r...r.t.f."),
         Part("chord", 27, "..x.x..x..x.x..x", 76, gate=0.3)),
        VAMP, jitter_ms=7,
    ),
    "synth-pop": _machine(
        {KICK: "X...X...X...X...", SNARE: "....X.......X...", CLOSED: "..x...x...x...xo"},
        (Part("solo", 53, "x.x.x.x.x.x.x.x.", 90, 1),
         Part("bass", 38, "r.r.r.r.r.r.r.o.", 100, ducked=True),
         Part("chord", 50, "x---------------", 92, ducked=True),
         Part("arp", 81, "xxxxxxxxxxxxxxxx", 58, 1, 0.5, ducked=True)),
        POP, ELECTRONIC,
    ),
    "ballad": Style(
        {KICK: "x.......x.......", RIM: "....x.......x...", CLOSED: "o.o.o.o.o.o.o.o."},
        (Part("bass", 33, "r-------f---r---"), Part("arp", 0, "x.x.x.x.x.x.x.x.", 90, 1),
         Part("chord", 48, "x---------------", 64)),
        drift=0.008, jitter_ms=8,
    ),
    "orchestra": Style(
        {SNARE: "x...x.xxx...x...", 36: "X.......X......."},
        (Part("bass", 43, "r...r...r...f...", 96, gate=0.5), Part("chord", 48, "x.x.x.x.x.x.x.x.", 84, gate=0.4),
         Part("chord", 61, "X-------x-----x-", 76), Part("line", 56, "x---x-x-x-------", 80, 1)),
        FALL, ORCHESTRA, drift=0.008, jitter_ms=8,
    ),
    "orchestra timpani": Style(
        {41: "x.......x...x.x.", 48: "............x.x."},
        (Part("bass", 43, "r-------f-------", 90), Part("chord", 48, "x-------x---x---", 90),
         Part("line", 60, "x-----x-x-------", 84)),
        CLASSIC, ORCHESTRA, drift=0.01, jitter_ms=8,
    ),
    # No drums, yet a beat that anybody taps.
    "piano": Style(
        {}, (Part("bass", 0, "r-------r-------", 90), Part("chord", 0, "x...x...x...x...", 90, gate=0.8),
             Part("line", 0, "x-..x.x-x-..x.x-", 90, 1)),
        drift=0.008, jitter_ms=8,
    ),
    "guitar": Style(
        {}, (Part("chord", 25, "X...x.x...x.x.xx", 100, gate=0.8), Part("line", 73, "x-------x---x---", 70, 1)),
        drift=0.006, jitter_ms=8,
    ),
    # Drums alone, each one prompt: their onsets are known to the millisecond.
    "drums rock": Style(
        {KICK: "X.......X.x.....", SNARE: "....X.......X...", CLOSED: "x.x.x.x.x.x.x.x."}, fills=True
    ),
    "drums house": Style(
        {KICK: "X...X...X...X...", CLAP: "....x.......x...", OPEN: "..x...x...x...x."}, drift=0.0, jitter_ms=2,
    ),
    "drums funk": Style({KICK: "X..x..x...x..x..", SNARE: "....X..5.5..X..5", CLOSED: "x.x.x.x.x.x.x.x."}),
    "drums jungle": Style(
        {KICK: "X.X.......XX....X.X.......X.....", SNARE: "....X..5.5..X..5....X..5.5....X.", RIDE: "x.x.x.x.x.x.x.x."},
        drift=0.0, jitter_ms=5,
    ),
    "drums hand": Style(
        {CONGA: "..............xx", SLAP: "....X.......X...", TUMBA: "......x.......x.", CLAVES: "x..x..x...x.x...",
         HIGH_BONGO: "x.xx.x.xx.xx.x.x", COWBELL: "X...x...X...x..."},
        jitter_ms=7,
    ),
    "drums toms": Style(
        {LOW_TOM: "X..x..x.X..x..x.", MID_TOM: "....x.......x.x.", HIGH_TOM: "..x.......x.....", KICK: "X.......X......."},
    ),
}  # fmt: skip
