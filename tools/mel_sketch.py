"""Notes to mel band powers without sound: what ``LogMel`` would give for a rough synthesizer, a hundred times sooner.

Each note adds its power, spread over the bands by a profile that is drawn anew for every piece, with an envelope seen
through the analysis window. No soundfont is heard, so what is learnt from sketches owes nothing to the benchmark's.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from visualizer.analysis.mel import SHOW, edges, window
from visualizer.bench.hearing import drums as d
from visualizer.bench.hearing.midi import DRUMS, START_S, Sheet

Doubles = npt.NDArray[np.float64]

HOP_S = SHOW.hop / SHOW.sample_rate
LONGEST_HOPS = 150
BASS_HZ = 150.0

DRUM_PARTS: dict[int, tuple[tuple[float, float, float, float], ...]] = {
    d.KICK: ((62, 0.4, 0, 0.12), (2500, 1.2, -24, 0.01)),
    d.SNARE: ((200, 0.3, -6, 0.06), (4000, 1.3, -4, 0.09)),
    d.RIM: ((1700, 0.6, -6, 0.02), (4000, 1.0, -12, 0.01)),
    d.CLAP: ((1300, 0.6, -3, 0.07), (4000, 1.2, -8, 0.05)),
    d.CLOSED: ((8500, 0.5, -10, 0.03),),
    d.PEDAL: ((7000, 0.6, -14, 0.03),),
    d.OPEN: ((8000, 0.5, -9, 0.25),),
    d.RIDE: ((6000, 0.9, -12, 0.4), (3500, 0.5, -14, 0.2)),
    d.CRASH: ((5000, 1.0, -6, 0.7),),
    d.TAMBOURINE: ((9000, 0.4, -10, 0.06),),
    d.SHAKER: ((8000, 0.6, -16, 0.04),),
    d.COWBELL: ((800, 0.2, -8, 0.08), (2600, 0.4, -10, 0.06)),
    d.CLAVES: ((2500, 0.15, -8, 0.03),),
    d.WOODBLOCK: ((1000, 0.2, -8, 0.03),),
    d.HIGH_BONGO: ((420, 0.25, -8, 0.06),),
    d.LOW_BONGO: ((300, 0.25, -8, 0.08),),
    d.SLAP: ((400, 0.4, -8, 0.05), (2500, 0.9, -14, 0.02)),
    d.CONGA: ((260, 0.25, -6, 0.12),),
    d.TUMBA: ((190, 0.25, -6, 0.14),),
}
"""By drum: centre Hz, width in octaves, power dB and decay s of its parts; a tom-tom is made from its pitch."""

SUSTAINED = (*range(16, 24), *range(40, 46), *range(48, 104))
"""General MIDI programs that hold a note at its level."""

SLOW = (*range(48, 55), *range(88, 96))
"""Those that take long to speak."""


@cache
def _seen() -> Doubles:
    """Share of the window's energy in its newest n samples, shape (window_samples + 1,)."""
    return np.concatenate([[0.0], np.cumsum(window(SHOW)[::-1] ** 2)]) / np.sum(window(SHOW) ** 2)


def sketch(sheet: Sheet, seed: int) -> tuple[Doubles, Doubles]:
    """Mel band powers, shape (hops, bands), and the bass filter's power, shape (hops,), of mono on both channels."""
    rng = np.random.default_rng([seed, 78])
    hops = int(sheet.seconds / HOP_S)
    centres = edges(SHOW)[1:-1]
    power, bass = np.zeros((hops + LONGEST_HOPS, SHOW.bands)), np.zeros(hops + LONGEST_HOPS)
    programs = {control.channel: control.value for control in sheet.controls if control.number == -1}
    volumes = {control.channel: control.value for control in sheet.controls if control.number == 7}
    profiles: dict[tuple[int, int], list[tuple[Doubles, float, float, float, float]]] = {}
    tilt = {channel: float(rng.uniform(0.8, 2.4)) for channel in range(16)}
    gain = {channel: float(rng.uniform(-5, 5)) for channel in range(16)}
    for note in sheet.notes:
        key = note.channel, note.pitch
        if key not in profiles:
            if note.channel == DRUMS:
                profiles[key] = _drum(note.pitch, centres, rng)
            else:
                profiles[key] = [_tone(note.pitch, programs.get(note.channel, 0), tilt[note.channel], centres, rng)]
        volume = (
            (note.velocity / 127) ** 3.5 * (volumes.get(note.channel, 100) / 127) ** 3 * 10 ** (gain[note.channel] / 10)
        )
        time = note.time + START_S
        first = int(time / HOP_S)
        if first >= hops:
            continue
        for profile, low, attack, decay, held in profiles[key]:
            length = note.seconds if held else 0.0
            count = min(LONGEST_HOPS, int((length + 5 * min(decay, 0.25 if held else decay)) / HOP_S) + 3)
            since = (np.arange(1, count + 1) + first) * HOP_S - time
            grown = np.minimum(1.0, since / attack) ** 2 if attack > 0.002 else 1.0
            shape = (
                np.exp(-2 * since / decay)
                if not held
                else np.exp(-2 * np.maximum(0.0, since - length) / 0.06 - 2 * np.minimum(since, length) / decay)
            )
            envelope = volume * grown * shape
            seen = _seen()[np.minimum((since * SHOW.sample_rate).astype(int), SHOW.window_samples)]
            power[first : first + count] += (envelope * seen)[:, None] * profile
            if low > 0:
                bass[first : first + count] += envelope * low * np.minimum(1.0, np.maximum(0.0, since - 0.003) / HOP_S)
    power, bass = power[:hops], bass[:hops]
    # What noise and interference do to a power that is measured over a few cycles.
    power *= np.exp(rng.normal(0, rng.uniform(0.05, 0.3), power.shape))
    bass *= np.exp(rng.normal(0, rng.uniform(0.02, 0.15), bass.shape))
    loud = 10 ** (rng.uniform(-26, -14) / 10) / max(float(power.sum(axis=1).mean()), 1e-12)
    floor = 10 ** (rng.uniform(-80, -50) / 10) / SHOW.bands
    return power * loud + floor * rng.gamma(3, 1 / 3, power.shape), bass * loud + floor


def _drum(pitch: int, centres: Doubles, rng: np.random.Generator) -> list[tuple[Doubles, float, float, float, float]]:
    parts = DRUM_PARTS.get(pitch, ((60.0 + 8.0 * (pitch - 35), 0.35, -3, 0.2), (1500, 1.0, -22, 0.02)))
    found = []
    for hertz, width, decibels, decay in parts:
        hertz *= float(np.exp(rng.normal(0, 0.12)))
        width *= float(rng.uniform(0.7, 1.4))
        profile = np.exp(-0.5 * (np.log2(centres / hertz) / width) ** 2)
        # A part under the lowest band still shows there.
        profile[0] += float(hertz < centres[0])
        total = 10 ** ((decibels + rng.normal(0, 3)) / 10)
        low = total / (1 + (hertz / BASS_HZ) ** 6)
        found.append((profile * total / profile.sum(), low, 0.0, decay * float(np.exp(rng.normal(0, 0.35))), 0.0))
    return found


def _tone(
    pitch: int, program: int, tilt: float, centres: Doubles, rng: np.random.Generator
) -> tuple[Doubles, float, float, float, float]:
    fundamental = 440 * 2 ** ((pitch - 69) / 12)
    partials = fundamental * np.arange(1, 17)
    strength = np.arange(1, 17) ** -tilt * np.exp(rng.normal(0, 0.5, 16)) * (partials < 12_000)
    profile = np.zeros(len(centres))
    places = np.interp(partials, centres, np.arange(len(centres)))
    below = places.astype(int)
    np.add.at(profile, below, strength * (1 - places + below))
    np.add.at(profile, np.minimum(below + 1, len(centres) - 1), strength * (places - below))
    profile *= 10**-0.6 / profile.sum()
    low = float((strength / (1 + (partials / BASS_HZ) ** 8)).sum() / strength.sum()) * 10**-0.6
    attack = (
        float(rng.uniform(0.05, 0.25))
        if program in SLOW
        else float(rng.uniform(0.01, 0.05))
        if program in SUSTAINED
        else 0.0
    )
    decay = float(rng.uniform(3, 8)) if program in SUSTAINED else float(rng.uniform(0.25, 1.2))
    return profile, low, attack, decay, 1.0
