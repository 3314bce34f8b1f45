"""Sounds that few or no free recordings are had of, synthesised: each class by several recipes.

All recipes of one function are one source, in whichever class: with other numbers in it, it still works the same way, and
what was trained on one would know the others. None is a recording: a network that knows only these knows an idea of rain,
not rain. Levels are part of it: light rain is about 25 dB quieter than heavy rain.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from sounds.clips import RATE, SYNTHETIC, Wave

Random = np.random.Generator
Signal = npt.NDArray[np.float64]
Recipe = Callable[[Random, int], Signal]

SECONDS = 6.0
CLIPS = 14
"""For each recipe."""


def noise(rng: Random, count: int, low: float, high: float, slope: float = 0.0) -> Signal:
    """Noise between low and high Hz, RMS 1; slope: dB an octave."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    frequency = np.maximum(np.fft.rfftfreq(count, 1 / RATE), 1.0)
    gain = 1 / np.sqrt(1 + (frequency / high) ** 6) / np.sqrt(1 + (low / frequency) ** 6)
    gain *= (frequency / 1000) ** (slope / 6.02)
    out: Signal = np.fft.irfft(spectrum * gain, count)
    return out / max(1e-12, float(np.sqrt(np.mean(out**2))))


def wander(rng: Random, count: int, hertz: float, low: float, high: float) -> Signal:
    """A slow random curve between low and high, of about ``hertz``."""
    points = rng.uniform(low, high, max(4, int(count / RATE * hertz) + 3))
    place = np.linspace(0, len(points) - 1, count)
    index = np.minimum(place.astype(int), len(points) - 2)
    share = 0.5 - 0.5 * np.cos(np.pi * (place - index))
    out: Signal = points[index] * (1 - share) + points[index + 1] * share
    return out


def grains(rng: Random, count: int, rate: float, make: Callable[[], Signal], spread: float = 2.0) -> Signal:
    """``rate`` grains a second at random moments, their levels log-normal."""
    out = np.zeros(count)
    for start in rng.integers(0, count, rng.poisson(rate * count / RATE)):
        grain = make()[: count - start]
        out[start : start + len(grain)] += grain * np.exp(rng.normal(-1, spread / 2))
    return out


def ring(rng: Random, low: float, high: float, decay: float, bend: float = 0.0) -> Signal:
    """A dying tone between low and high Hz, to 1/e in ``decay`` s; bend: octaves it rises in that time."""
    time = np.arange(int(decay * 6 * RATE)) / RATE
    start = np.exp(rng.uniform(np.log(low), np.log(high)))
    phase = np.cumsum(start * 2 ** (bend * time / decay)) / RATE
    out: Signal = np.sin(2 * np.pi * (phase + rng.random())) * np.exp(-time / decay) * np.minimum(1, time / 5e-4)
    return out


def burst(rng: Random, low: float, high: float, decay: float) -> Signal:
    """A dying noise."""
    time = np.arange(int(decay * 7 * RATE)) / RATE
    out: Signal = noise(rng, len(time), low, high) * np.exp(-time / decay) * np.minimum(1, time / 3e-4)
    return out


def tone(phase: Signal, partials: int, tilt: float) -> Signal:
    """Partials of a phase in cycles, each ``n ** -tilt`` strong."""
    out = np.zeros(len(phase))
    for partial in range(1, partials + 1):
        out += np.sin(2 * np.pi * partial * phase) / partial**tilt
    return out


def _level(wave: Signal, rng: Random, low_db: float, high_db: float) -> Signal:
    """The wave at a random RMS between two levels, dBFS; rare peaks bend instead of being cut at full scale."""
    rms = max(1e-9, float(np.sqrt(np.mean(wave**2))))
    out: Signal = np.tanh(wave / rms * 10 ** (rng.uniform(low_db, high_db) / 20))
    return out


def _rain(drops: float, hiss: float, low: float, high: float, pitched: bool) -> Recipe:
    def recipe(rng: Random, count: int) -> Signal:
        if pitched:
            fall = grains(rng, count, drops, lambda: ring(rng, 900, 7000, 0.006, 0.3))
        else:
            fall = grains(rng, count, drops, lambda: burst(rng, 1200, 12000, 0.003))
        bed = noise(rng, count, 700, 14000, -1.5) * wander(rng, count, 0.4, 0.8, 1.2)
        return _level(fall / (np.std(fall) + 1e-9) + hiss * bed, rng, low, high)

    return recipe


def _wash(low: float, high: float, loud: float, quiet: float) -> Recipe:
    """Rain as no more than noise that shimmers."""

    def recipe(rng: Random, count: int) -> Signal:
        bands = [noise(rng, count, edge, edge * 2) * wander(rng, count, 9, 0.3, 1.2) / (i + 1) ** 0.3
                 for i, edge in enumerate(np.geomspace(low, high, 4))]  # fmt: skip
        return _level(np.sum(bands, axis=0), rng, quiet, loud)

    return recipe


def _patter(rate: float, modes: tuple[float, float], far: float, low: float, high: float) -> Recipe:
    """Rain as one surface that is struck at random: every drop wakes the same few tones, and no two are as hard."""

    def recipe(rng: Random, count: int) -> Signal:
        time = np.arange(int(0.05 * RATE)) / RATE
        surface = 0.6 * noise(rng, len(time), 1500, 14000) * np.exp(-time / 0.0015)
        for hertz in np.exp(rng.uniform(np.log(modes[0]), np.log(modes[1]), 6)):
            surface += np.sin(2 * np.pi * hertz * time) * np.exp(-time / rng.uniform(0.002, 0.009)) * rng.uniform(0.1, 0.5)
        struck = rng.poisson(rate / RATE, count) * rng.pareto(2.5, count)
        fall = np.fft.irfft(np.fft.rfft(struck, 2 * count) * np.fft.rfft(surface, 2 * count))[:count]
        gust = wander(rng, count, 0.3, 0.7, 1.3)
        return _level(gust * (fall / (np.std(fall) + 1e-9) + far * noise(rng, count, 400, 9000, -2)), rng, low, high)

    return recipe


def _wind(strength: float, low: float, high: float, whistle: bool) -> Recipe:
    def recipe(rng: Random, count: int) -> Signal:
        gust = wander(rng, count, 0.3 + 0.6 * strength, 0.25, 1.0)
        out = noise(rng, count, 40, 350 + 500 * strength, -3) * gust**2
        out += 0.3 * noise(rng, count, 400, 1500 + 2500 * strength, -4) * gust**3
        if whistle:
            centre = np.cumsum(wander(rng, count, 1.2, 350, 700 + 500 * strength)) / RATE
            out += 0.5 * np.sin(2 * np.pi * centre) * noise(rng, count, 1, 25) * gust**3
        return _level(out, rng, low, high)

    return recipe


def _leaves(low: float, high: float) -> Recipe:
    def recipe(rng: Random, count: int) -> Signal:
        gust = wander(rng, count, 0.7, 0.05, 1.0)
        rustle = noise(rng, count, 1500, 9000) * wander(rng, count, 15, 0.3, 1) + 0.4 * noise(rng, count, 60, 400)
        return _level(rustle * gust, rng, low, high)

    return recipe


def _fire(crackles: float, roar: float, pitched: bool) -> Recipe:
    def recipe(rng: Random, count: int) -> Signal:
        def snap() -> Signal:
            return ring(rng, 800, 5000, 0.003) if pitched else burst(rng, 900, 11000, float(rng.uniform(0.001, 0.006)))

        crackle = grains(rng, count, crackles, snap, 2.6)
        bed = noise(rng, count, 40, 450, -3) * wander(rng, count, 6, 0.4, 1)
        return _level(crackle / (np.std(crackle) + 1e-9) + roar * bed, rng, -36, -20)

    return recipe


def _sea(period: float, foam: float) -> Recipe:
    def recipe(rng: Random, count: int) -> Signal:
        time = np.arange(count) / RATE
        swell = np.zeros(count)
        for start in np.arange(-period, time[-1], period * float(rng.uniform(0.8, 1.2))):
            age = (time - start) / period
            swell += np.where(age > 0, age * np.exp(1 - 4 * np.abs(age - 0.35)), 0)
        deep = noise(rng, count, 60, 900, -3) * (0.2 + swell)
        return _level(deep + foam * noise(rng, count, 900, 9000, -2) * swell**2, rng, -34, -18)

    return recipe


def _stream(rate: float, bed: float) -> Recipe:
    def recipe(rng: Random, count: int) -> Signal:
        water = grains(rng, count, rate, lambda: ring(rng, 350, 2800, 0.018, float(rng.uniform(0.05, 0.5))), 1.5)
        return _level(water / (np.std(water) + 1e-9) + bed * noise(rng, count, 300, 5000, -3), rng, -36, -22)

    return recipe


def _thunder(cracks: int, length: float) -> Recipe:
    def recipe(rng: Random, count: int) -> Signal:
        out = np.zeros(count)
        time = np.arange(count) / RATE
        for start in rng.uniform(0, 2.0, cracks):
            age = np.maximum(0, time - start)
            top = float(rng.uniform(120, 1500))
            out += noise(rng, count, 25, top, -3) * np.where(time > start, np.exp(-age / (length * rng.uniform(0.3, 1))), 0)
        return _level(out * wander(rng, count, 4, 0.5, 1.2), rng, -28, -12)

    return recipe


def _engine(low: float, high: float, partials: int, rough: float) -> Recipe:
    def recipe(rng: Random, count: int) -> Signal:
        base = float(rng.uniform(low, high))
        turns = np.cumsum(base * wander(rng, count, 0.4, 0.8, 1.5)) / RATE
        puff = 0.5 + 0.5 * np.sin(2 * np.pi * turns)
        out = tone(turns * 0.5, partials, 0.8) + rough * noise(rng, count, 80, 2500, -3) * puff**4
        return _level(out, rng, -32, -16)

    return recipe


def _rotor(blades: tuple[float, float], slap: float) -> Recipe:
    def recipe(rng: Random, count: int) -> Signal:
        turns = np.cumsum(rng.uniform(*blades) * wander(rng, count, 0.2, 0.97, 1.03)) / RATE
        beat = np.maximum(0, np.sin(2 * np.pi * turns)) ** slap
        out = noise(rng, count, 40, 1200, -4) * (0.15 + beat) + 0.3 * tone(turns * 6, 5, 1)
        return _level(out * wander(rng, count, 0.2, 0.5, 1), rng, -30, -16)

    return recipe


def _siren(low: float, high: float, period: float, stepped: bool) -> Recipe:
    def recipe(rng: Random, count: int) -> Signal:
        time = np.arange(count) / RATE
        swing = np.sin(2 * np.pi * (time / (period * rng.uniform(0.8, 1.2)) + rng.random()))
        pitch = np.where(swing > 0, high, low) if stepped else low * (high / low) ** (0.5 + 0.5 * swing)
        out = tone(np.cumsum(pitch * rng.uniform(0.93, 1.07)) / RATE, 6, 1.2)
        return _level(out + 0.03 * noise(rng, count, 200, 6000), rng, -32, -14)

    return recipe


def _alarm(pitches: tuple[float, ...], beep: float, gap: float, partials: int) -> Recipe:
    def recipe(rng: Random, count: int) -> Signal:
        time = np.arange(count) / RATE
        slot = np.floor(time / (beep + gap)).astype(int)
        on = (time % (beep + gap)) < beep
        if partials > 4:  # a bell that rings twice and waits
            on &= slot % 12 < 8
        pitch = np.asarray(pitches)[slot % len(pitches)] * rng.uniform(0.9, 1.1)
        return _level(tone(np.cumsum(pitch) / RATE, partials, 1.1) * on, rng, -32, -16)

    return recipe


def _applause(people: int, dull: float) -> Recipe:
    def recipe(rng: Random, count: int) -> Signal:
        out = np.zeros(count)
        for _ in range(people):
            clap = burst(rng, 500 * dull * rng.uniform(0.7, 1.4), 4200 * dull, float(rng.uniform(0.004, 0.012)))
            clap *= rng.uniform(0.1, 1)
            at, gap = float(rng.uniform(0, 0.3)), float(rng.uniform(0.16, 0.36))
            while at < count / RATE - 0.15:
                start = int(at * RATE)
                size = min(len(clap), count - start)
                out[start : start + size] += clap[:size]
                at += gap * float(rng.uniform(0.85, 1.15))
        return _level(out, rng, -32, -16)

    return recipe


def _crickets(pitch: tuple[float, float], chirp: float, many: int) -> Recipe:
    def recipe(rng: Random, count: int) -> Signal:
        time = np.arange(count) / RATE
        out = np.zeros(count)
        for _ in range(many):
            carrier = np.sin(2 * np.pi * time * rng.uniform(*pitch))
            pulses = np.maximum(0, np.sin(2 * np.pi * time * rng.uniform(0.8, 1.2) * chirp))
            song = np.maximum(0, np.sin(2 * np.pi * (time * rng.uniform(0.6, 2.5) + rng.random()))) > 0.3
            out += carrier * pulses * song * rng.uniform(0.1, 1)
        return _level(out + 0.02 * noise(rng, count, 500, 8000), rng, -40, -26)

    return recipe


def _buzz(low: float, high: float) -> Recipe:
    def recipe(rng: Random, count: int) -> Signal:
        wings = np.cumsum(wander(rng, count, 2.5, low, high)) / RATE
        return _level(tone(wings, 14, 0.7) * wander(rng, count, 0.8, 0.02, 1), rng, -38, -24)

    return recipe


def _ticks(gap: tuple[float, float], low: float, high: float, decay: float, jitter: float) -> Recipe:
    """Even or uneven small knocks: a clock, a typewriter."""

    def recipe(rng: Random, count: int) -> Signal:
        out = 0.002 * noise(rng, count, 100, 6000)
        at, step, turn = 0.1, float(rng.uniform(*gap)), 0
        body = float(rng.uniform(low, high))
        while at < count / RATE - 0.2:
            knock = ring(rng, body * 0.95, body * 1.05, decay)
            hit = burst(rng, low, high * 2, decay / 2)[: len(knock)]
            knock *= 1.0 if turn % 2 else 0.75
            knock[: len(hit)] += 0.5 * hit
            start = int(at * RATE)
            size = min(len(knock), count - start)
            out[start : start + size] += knock[:size] * (1 if not jitter else rng.uniform(0.4, 1.2))
            at += step * (1 if not jitter else float(np.exp(rng.normal(0, jitter))))
            turn += 1
        return _level(out, rng, -46, -32)

    return recipe


def _chip(duty: float, tempo: float, noisy: bool) -> Recipe:
    def recipe(rng: Random, count: int) -> Signal:
        step = int(RATE * 60 / tempo / 4 * rng.uniform(0.85, 1.15))
        root = int(rng.integers(45, 60))
        chords = [np.array([0, 4, 7, 12]) + rng.choice([0, 5, 7, -3]) for _ in range(4)]
        out = np.zeros(count)
        for index, start in enumerate(range(0, count, step)):
            length = min(step, count - start)
            time = np.arange(length) / RATE
            chord = chords[(index // 8) % 4]
            for pitch, level, width in ((root + 12 + chord[index % 4], 0.5, duty), (root - 12 + chord[0], 0.4, 0.5)):
                phase = time * 440 * 2 ** ((pitch - 69) / 12) % 1
                out[start : start + length] += level * np.where(phase < width, 1.0, -1.0) * np.exp(-time * 6)
            if noisy and index % 4 == 2:
                out[start : start + length] += 0.5 * rng.choice([-1.0, 1.0], length) * np.exp(-time * 35)
        return _level(out, rng, -26, -14)

    return recipe


def _pad(detune: float, tilt: float) -> Recipe:
    def recipe(rng: Random, count: int) -> Signal:
        time = np.arange(count) / RATE
        root = float(rng.uniform(80, 200))
        out = np.zeros(count)
        for ratio in (1, 1.5, 2 ** (rng.choice([3, 4]) / 12), 2):
            for shift in (-detune, 0, detune):
                out += tone(time * root * ratio * 2 ** (shift / 12) + rng.random(), 8, tilt)
        return _level(out * wander(rng, count, 0.5, 0.4, 1), rng, -32, -18)

    return recipe


def _lead(square: bool) -> Recipe:
    def recipe(rng: Random, count: int) -> Signal:
        out = np.zeros(count)
        step = int(RATE * rng.uniform(0.12, 0.4))
        pitch = int(rng.integers(60, 76))
        for start in range(0, count, step):
            length = min(step, count - start)
            pitch = int(np.clip(pitch + rng.choice([-5, -3, -2, 2, 3, 5]), 52, 88))
            time = np.arange(length) / RATE
            phase = time * 440 * 2 ** ((pitch - 69) / 12) + 0.02 * np.sin(2 * np.pi * 6 * time)
            voice = tone(phase, 15, 1.0)
            if square:  # a saw less half of the saw an octave above it
                voice -= tone(2 * phase, 7, 1.0) / 2
            out[start : start + length] += voice * np.minimum(1, time / 0.005) * np.exp(-time * 2)
        return _level(out, rng, -28, -16)

    return recipe


def _whoosh(low: float, high: float, seconds: float) -> Recipe:
    def recipe(rng: Random, count: int) -> Signal:
        out = np.zeros(count)
        for start in np.arange(0.2, count / RATE - 1.5, float(rng.uniform(1.0, 2.0))):
            size = int(seconds * rng.uniform(0.6, 1.5) * RATE)
            shape = np.sin(np.pi * np.linspace(0, 1, size)) ** 3
            centre = float(rng.uniform(low, high))
            sweep = noise(rng, size, centre * 0.6, centre * 1.6) * shape
            first = int(start * RATE)
            out[first : first + size] += sweep[: count - first]
        return _level(out + 1e-5 * noise(rng, count, 100, 5000), rng, -36, -22)

    return recipe


def _zap(top: float, bottom: float, partials: int) -> Recipe:
    def recipe(rng: Random, count: int) -> Signal:
        out = np.zeros(count)
        for start in np.arange(0.1, count / RATE - 0.8, float(rng.uniform(0.3, 0.9))):
            time = np.arange(int(0.35 * RATE)) / RATE
            pitch = bottom + (top - bottom) * np.exp(-time * rng.uniform(8, 18))
            shot = tone(np.cumsum(pitch) / RATE, partials, 1.0) * np.exp(-time * 9)
            first = int(start * RATE)
            out[first : first + len(shot)] += shot[: count - first]
        return _level(out, rng, -28, -16)

    return recipe


def _bubbles(rate: float, low: float, high: float) -> Recipe:
    def recipe(rng: Random, count: int) -> Signal:
        out = grains(rng, count, rate, lambda: ring(rng, low, high, float(rng.uniform(0.02, 0.05)), 0.7), 1.2)
        return _level(out + 1e-4 * noise(rng, count, 100, 2000), rng, -36, -22)

    return recipe


def _rails(speed: float, horn: bool) -> Recipe:
    def recipe(rng: Random, count: int) -> Signal:
        time = np.arange(count) / RATE
        out = 0.5 * noise(rng, count, 50, 900, -4)
        for offset in (0.0, 0.12, 0.5, 0.62):
            knock = (time * speed + offset) % 1 / speed
            out += noise(rng, count, 150, 2500) * np.exp(-knock * 45) * 1.5
        if horn:
            chord = sum(tone(time * pitch, 8, 0.9) for pitch in (311.0, 370.0, 415.0, 494.0))
            out += 0.5 * chord * (wander(rng, count, 0.6, -1, 1) > 0.1)
        return _level(out, rng, -30, -16)

    return recipe


RECIPES: dict[str, tuple[Recipe, ...]] = {
    "rain_light": (_rain(45, 0.15, -50, -40, False), _rain(30, 0.1, -50, -40, True), _wash(900, 7000, -42, -52),
                   _patter(35, (900, 5000), 0.15, -50, -40)),
    "rain_heavy": (_rain(500, 1.5, -24, -12, False), _rain(350, 2.0, -24, -12, True), _wash(350, 6000, -12, -24),
                   _patter(900, (500, 4000), 0.8, -24, -12)),
    "wind_light": (_wind(0.15, -52, -40, False), _leaves(-52, -40), _wind(0.3, -50, -40, True)),
    "wind_strong": (_wind(0.7, -26, -12, True), _wind(1.0, -26, -12, False), _leaves(-26, -14)),
    "fire": (_fire(40, 0.8, False), _fire(15, 1.5, True), _fire(90, 0.3, False)),
    "sea_waves": (_sea(5.0, 0.6), _sea(3.0, 1.2), _sea(8.0, 0.3)),
    "stream": (_stream(90, 0.3), _stream(350, 0.8), _stream(40, 0.15)),
    "thunder": (_thunder(2, 2.5), _thunder(9, 1.2)),
    "engine": (_engine(18, 40, 12, 0.5), _engine(45, 95, 8, 0.2), _engine(9, 16, 16, 1.5)),
    "helicopter": (_rotor((9, 14), 3.0), _rotor((16, 24), 8.0)),
    "train": (_rails(1.6, False), _rails(2.4, True)),
    "siren": (_siren(500, 1500, 4.0, False), _siren(440, 585, 1.3, True), _siren(700, 1700, 0.4, False),
              _siren(200, 480, 7, False)),
    "alarm": (_alarm((2000,), 0.1, 0.1, 2), _alarm((880, 660), 0.25, 0.05, 3), _alarm((425,), 1.0, 2.0, 1),
              _alarm((1250, 1420), 0.04, 0.001, 6)),
    "applause": (_applause(60, 1.0), _applause(14, 0.8), _applause(160, 1.3)),
    "insects": (_crickets((4000, 5200), 28, 6), _crickets((5500, 8000), 55, 12), _buzz(170, 260), _buzz(450, 700)),
    "clock_tick": (_ticks((0.5, 0.5), 1800, 4500, 0.006, 0), _ticks((0.9, 1.1), 500, 1400, 0.02, 0),
                   _ticks((0.2, 0.25), 3500, 7000, 0.003, 0)),
    "typewriter": (_ticks((0.16, 0.25), 900, 3500, 0.008, 0.35), _ticks((0.1, 0.18), 2500, 6000, 0.004, 0.5)),
    "chiptune": (_chip(0.25, 140, True), _chip(0.125, 170, False), _chip(0.5, 110, True)),
    "synth_pad": (_pad(0.08, 1.4), _pad(0.2, 0.9)),
    "synth_lead": (_lead(False), _lead(True)),
    "ambient_music": (_pad(0.05, 1.8), _pad(0.12, 2.2)),
    "whoosh": (_whoosh(400, 1200, 0.5), _whoosh(1200, 4000, 0.3)),
    "laser": (_zap(3500, 200, 3), _zap(1800, 90, 10)),
    "bubbles": (_bubbles(14, 250, 900), _bubbles(60, 500, 2000)),
}  # fmt: skip


def generator(recipe: Recipe) -> str:
    """The name of the function that a recipe comes of."""
    return recipe.__qualname__.split(".")[0].lstrip("_")


def make(name: str, recipe: int, clips: int = CLIPS) -> Iterator[tuple[str, str, Wave]]:
    """A recipe's clips as (class, source, wave), the same at every call."""
    for index in range(clips):
        rng = np.random.default_rng([zlib.crc32(name.encode()), recipe, index])
        wave = RECIPES[name][recipe](rng, int(SECONDS * RATE))
        yield name, f"{SYNTHETIC}{generator(RECIPES[name][recipe])}", wave.astype(np.float32)
