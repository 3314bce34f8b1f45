"""The General MIDI drums that the streams use, and in which bands each is heard.

Measured by rendering each drum alone with FluidR3, in 20–150, 150–2000 and 2000–16 000 Hz over its first 100 ms: a
drum *is* an onset in a band that holds at least a sixth of its energy (−8 dB); it *may* be one in a band that holds
more than −25 dB of it, where other sounds decide whether it is heard. ``tests/test_bench_hearing.py`` measures them anew.
"""

from __future__ import annotations

from dataclasses import dataclass

KICK, RIM, SNARE, CLAP, CLOSED, PEDAL, OPEN = 36, 37, 38, 39, 42, 44, 46
LOW_TOM, MID_TOM, HIGH_TOM, CRASH, RIDE, TAMBOURINE, COWBELL = 41, 45, 48, 49, 51, 54, 56
HIGH_BONGO, LOW_BONGO, SLAP, CONGA, TUMBA, SHAKER, CLAVES, WOODBLOCK = 60, 61, 62, 63, 64, 70, 75, 76

STANDARD, POWER, ELECTRONIC, TR808, JAZZ, BRUSH, ORCHESTRA = 0, 16, 24, 25, 32, 40, 48
"""Programs of the drum channel. In the orchestra's kit most notes are timpani."""

ROLES = {
    "kick": (KICK,),
    "snare": (SNARE, RIM, CLAP),
    "hats": (CLOSED, PEDAL, OPEN, RIDE),
    "percussion": (
        LOW_TOM, MID_TOM, HIGH_TOM, CRASH, TAMBOURINE, COWBELL, HIGH_BONGO, LOW_BONGO, SLAP, CONGA, TUMBA, SHAKER,
        CLAVES, WOODBLOCK,
    ),
}  # fmt: skip
"""What a break or an intro silences."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Bands in which a drum is surely an onset, and those where it may be one, or not."""

    sure: tuple[str, ...]
    maybe: tuple[str, ...]


PROMPT: dict[int, Heard] = {
    KICK: Heard(("low",), ("mid", "high")),
    RIM: Heard(("mid", "high"), ()),
    SNARE: Heard(("mid",), ("low", "high")),
    CLAP: Heard(("mid", "high"), ("low",)),
    CLOSED: Heard(("high",), ("mid",)),
    OPEN: Heard(("high",), ("mid",)),
    LOW_TOM: Heard(("low", "mid"), ("high",)),
    MID_TOM: Heard(("low", "mid"), ("high",)),
    HIGH_TOM: Heard(("low", "mid"), ("high",)),
    RIDE: Heard(("high",), ("mid",)),
    TAMBOURINE: Heard(("high",), ()),
    COWBELL: Heard(("mid", "high"), ()),
    HIGH_BONGO: Heard(("mid",), ("high",)),
    LOW_BONGO: Heard(("mid",), ("high",)),
    SLAP: Heard(("mid",), ("low", "high")),
    CONGA: Heard(("mid",), ("high",)),
    TUMBA: Heard(("mid",), ("high",)),
    CLAVES: Heard(("high",), ("mid",)),
    WOODBLOCK: Heard(("mid", "high"), ()),
}
"""Drums of the standard kit that reach half their peak within 7 ms; streams with known onsets use no others."""
