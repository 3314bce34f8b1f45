"""Which rows belong to the benchmark alone: what learns from made-up music must not have met the music it is measured on.

A row is compared by where it has strokes, whoever plays them and however loud, on the coarsest steps that hold them.
"""

from __future__ import annotations

import math
from functools import cache

from visualizer.bench.hearing.drums import KICK
from visualizer.bench.hearing.styles import STYLES, Style

CELLS = 12
"""Parts of a beat in which rows of two, three and four steps a beat compare."""

PLAIN_CELLS = 4
"""A row that repeats after so few of its own steps is nobody's: a stroke a beat, a back beat, a dotted figure."""

Signature = tuple[str, int, str]
"""What a row is compared by: "kick" where it matters who plays it, cells a step, and a period of it, "x" for a stroke."""


@cache
def held_out() -> frozenset[Signature]:
    """All rows of the benchmark that are more than plain."""
    return frozenset(one for style in STYLES.values() for one in signatures(style))


def signatures(style: Style) -> set[Signature]:
    """Those of a style's rows that are more than plain, and a kick's that leaves out the first beat, as in a one-drop."""
    compared = [_compared(row, style.steps) for row in (*style.drums.values(), *(part.row for part in style.parts))]
    found = {("", cells, period) for cells, period in compared if len(period) > PLAIN_CELLS}
    kick = style.drums.get(KICK, "")
    if kick.startswith(".") and kick.strip("."):
        found.add(("kick", *_compared(kick, style.steps)))
    return found


def _compared(row: str, steps: int) -> tuple[int, str]:
    hits = {index for index, symbol in enumerate(row) if symbol not in ".-"}
    if not hits:
        return CELLS // steps, ""
    coarse = math.gcd(len(row), *hits)
    hits, length = {hit // coarse for hit in hits}, len(row) // coarse
    period = next(p for p in range(1, length + 1) if length % p == 0 and {(hit + p) % length for hit in hits} == hits)
    return CELLS // steps * coarse, "".join("x" if index in hits else "." for index in range(period))
