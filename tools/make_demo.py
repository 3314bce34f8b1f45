"""Compose and render ``visualizer/demo.ogg``, the track that the program plays when it has nothing else to hear.

``python tools/make_demo.py [PATH]``. Everything is synthesised here from a seed, so the track carries the program's own
licence. 120 BPM, A minor, 26 bars: intro, groove, a quiet breakdown, a riser, a loud chorus, an outro that loops.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

Wave = npt.NDArray[np.float64]

RATE = 48_000
BPM = 120
BEAT = RATE * 60 // BPM
STEP = BEAT // 4
BAR = 4 * BEAT
BARS = 26
SEED = 1984
QUALITY = 0.8
"""libsndfile's compression level for Vorbis, 0 (best) to 1 (smallest)."""
TAIL = 4 * RATE
LEVEL = 0.5
"""Gain before the soft clipper; it sets the loud parts to −14 LUFS."""

# Am9, Fmaj7, C, Em7 – as MIDI notes.
CHORDS = ((57, 60, 64, 67, 71), (53, 57, 60, 64, 67), (55, 60, 64, 67, 71), (52, 55, 59, 62, 67))
ROOTS = (33, 29, 36, 28)

# Sections in bars: first, one past the last.
INTRO, GROOVE, BREAK, RISE, CHORUS, OUTRO = (0, 4), (4, 10), (10, 14), (14, 16), (16, 24), (24, 26)


def hertz(note: float) -> float:
    """The frequency of a MIDI note."""
    return float(440.0 * 2 ** ((note - 69) / 12))


def filtered(wave: Wave, low: float, high: float, order: int = 4) -> Wave:
    """``wave`` between ``low`` and ``high`` Hz, zero phase, with gentle slopes; over the first axis."""
    frequency = np.fft.rfftfreq(len(wave), 1 / RATE)
    gain = 1 / np.sqrt(1 + (frequency / high) ** (2 * order))
    if low:
        gain *= 1 / np.sqrt(1 + (low / np.maximum(frequency, 1e-3)) ** (2 * order))
    shape = (-1,) + (1,) * (wave.ndim - 1)
    out: Wave = np.fft.irfft(np.fft.rfft(wave, axis=0) * gain.reshape(shape), len(wave), axis=0)
    return out


def convolved(wave: Wave, response: Wave) -> Wave:
    """Linear convolution over the first axis, cut to the length of ``wave``."""
    size = 1 << (len(wave) + len(response) - 1).bit_length()
    spectrum = np.fft.rfft(wave, size, axis=0) * np.fft.rfft(response, size, axis=0)
    out: Wave = np.fft.irfft(spectrum, size, axis=0)[: len(wave)]
    return out


def saw(frequency: float, samples: int, phase: float, partials_to: float) -> Wave:
    """A band-limited saw: partials up to ``partials_to`` Hz, softened towards the top."""
    time = np.arange(samples) / RATE
    count = max(1, int(min(partials_to, 18_000) / frequency))
    out = np.zeros(samples)
    for partial in range(1, count + 1):
        soft = 1 / (1 + (partial * frequency / partials_to) ** 4)
        out += soft * np.sin(2 * np.pi * partial * (frequency * time + phase)) / partial
    return out


def envelope(samples: int, attack: float, decay: float, hold: int | None = None, release: float = 0.01) -> Wave:
    """Decay with time constant ``decay`` s after a rise of ``attack`` s; faded out after ``hold`` samples."""
    time = np.arange(samples) / RATE
    out: Wave = np.exp(-time / decay)
    rise = max(1, int(attack * RATE))
    out[:rise] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(rise) / rise)
    fall = max(1, int(release * RATE))
    end = min(samples, samples if hold is None else hold + fall)
    fall = min(fall, end)
    out[end - fall : end] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(fall) / fall)
    out[end:] = 0
    return out


def panned(wave: Wave, pan: float) -> Wave:
    """Mono to stereo at equal power; pan −1 (left) … 1."""
    angle = (pan + 1) * np.pi / 4
    return np.stack([wave * np.cos(angle), wave * np.sin(angle)], axis=1)


class Tape:
    """A stereo track that sounds are laid onto."""

    def __init__(self) -> None:
        self.wave: Wave = np.zeros((BARS * BAR + TAIL, 2))

    def lay(self, sound: Wave, at: int, gain: float = 1.0, pan: float = 0.0) -> None:
        """Add ``sound``, mono or stereo, from sample ``at`` on; what reaches over the end is cut."""
        stereo = panned(sound, pan) if sound.ndim == 1 else sound
        kept = min(len(stereo), len(self.wave) - at)
        self.wave[at : at + kept] += gain * stereo[:kept]


def kick() -> Wave:
    """A sine that falls from 200 to 47 Hz, with a click."""
    samples = int(0.42 * RATE)
    time = np.arange(samples) / RATE
    phase = 2 * np.pi * (47 * time + 150 * 0.028 * (1 - np.exp(-time / 0.028)))
    body = np.sin(phase) * envelope(samples, 0.0005, 0.14)
    click = np.sin(2 * np.pi * 2600 * time) * np.exp(-time / 0.0025) * envelope(samples, 0.0003, 1)
    return np.tanh(1.7 * body) + 0.25 * click


def snare(random: np.random.Generator) -> Wave:
    """A drum skin, its wires, and three hands clapping."""
    samples = int(0.4 * RATE)
    time = np.arange(samples) / RATE
    noise = filtered(random.standard_normal(samples), 900, 11_000, 2) * envelope(samples, 0.0005, 0.085)
    body = np.sin(2 * np.pi * (185 * time + 1.3 * (1 - np.exp(-time / 0.02)))) * envelope(samples, 0.0005, 0.06)
    clap = np.zeros(samples)
    hiss = filtered(random.standard_normal(samples), 1200, 7000, 2)
    for delay in (0.0, 0.011, 0.021):
        late = int(delay * RATE)
        burst = hiss * envelope(samples, 0.0004, 0.012 if delay < 0.02 else 0.07)
        clap[late:] += burst[: samples - late]
    return 0.55 * noise + 0.7 * body + 0.5 * clap


def hat(random: np.random.Generator, decay: float) -> Wave:
    """Bright noise; the time constant ``decay`` in s opens or closes it."""
    samples = int(0.3 * RATE)
    return filtered(random.standard_normal(samples), 7500, 16_000, 3) * envelope(samples, 0.0003, decay)


def bass(note: float, samples: int) -> Wave:
    """A saw and a sine through a drive, the filter closing after the attack."""
    size = samples + int(0.03 * RATE)
    tone = saw(hertz(note), size, 0.0, 420) + 0.9 * np.sin(2 * np.pi * hertz(note) * np.arange(size) / RATE)
    bright = saw(hertz(note), size, 0.0, 1500) * envelope(size, 0.002, 0.09)
    return np.tanh(0.8 * tone + 0.5 * bright) * envelope(size, 0.004, 0.9, samples, 0.025)


def pluck(note: float, brightness: float) -> Wave:
    """A string of saws whose upper partials die first."""
    samples = int(0.55 * RATE)
    time = np.arange(samples) / RATE
    frequency = hertz(note)
    out = np.zeros(samples)
    for partial in range(1, max(2, int(brightness / frequency)) + 1):
        stretched = partial * frequency * (1 + 2e-5 * partial)
        out += np.sin(2 * np.pi * stretched * time) / partial * np.exp(-time * (5 + 5 * partial))
    return out * envelope(samples, 0.002, 0.5)


def lead(note: float, samples: int) -> Wave:
    """Two detuned voices with a vibrato that comes in late."""
    size = samples + int(0.2 * RATE)
    time = np.arange(size) / RATE
    vibrato = 0.0025 * np.sin(2 * np.pi * 5.2 * time) * np.clip(time / 0.4, 0, 1)
    phase = np.cumsum(hertz(note) * (1 + vibrato)) / RATE
    out = np.zeros(size)
    for partial in range(1, int(7000 / hertz(note))):
        out += np.sin(2 * np.pi * partial * phase) / partial**1.25
        out += 0.7 * np.sin(2 * np.pi * partial * (phase * 1.004 + 0.31)) / partial**1.25
    return out * envelope(size, 0.012, 1.6, samples, 0.18)


def pad(random: np.random.Generator, chord: tuple[int, ...], samples: int, bright_from: float, bright_to: float) -> Wave:
    """Detuned saws in stereo whose cut-off moves from one frequency in Hz to another; 0.4 s overlap at both ends."""
    overlap = int(0.4 * RATE)
    size = samples + overlap
    dark, bright = np.zeros((size, 2)), np.zeros((size, 2))
    for note in chord:
        for side in (0, 1):
            for cents in (-7.0, 6.0):
                frequency = hertz(note + (cents + random.uniform(-2, 2)) / 100)
                phase = random.uniform()
                dark[:, side] += saw(frequency, size, phase, 500)
                bright[:, side] += saw(frequency, size, phase, 3200)
    sweep = np.linspace(bright_from, bright_to, size)[:, None]
    shape = np.minimum(1, np.minimum(np.arange(size), np.arange(size)[::-1]) / overlap)[:, None]
    out: Wave = ((1 - sweep) * dark + sweep * bright) * np.sin(shape * np.pi / 2) / len(chord)
    return out


def riser(random: np.random.Generator, samples: int) -> Wave:
    """Noise and a tone that climb, louder and brighter to the end."""
    progress = np.arange(samples) / samples
    noise = random.standard_normal((samples, 2))
    out = np.zeros((samples, 2))
    bands = [400 * 1.7**step for step in range(7)]
    for number, low in enumerate(bands):
        centre = (number + 0.5) / len(bands)
        weight = np.exp(-(((progress - centre) / 0.22) ** 2)) + (progress > centre) * 0.3
        out += filtered(noise, low, low * 1.7, 3) * np.convolve(weight, np.ones(4800) / 4800, "same")[:, None]
    tone = np.sin(2 * np.pi * np.cumsum(220 * 2 ** (2 * progress**1.5)) / RATE)[:, None]
    gain = (0.05 + 0.95 * progress**2)[:, None]
    out = (0.5 * out + 0.25 * tone * progress[:, None]) * gain
    out[-480:] *= np.linspace(1, 0, 480)[:, None]
    return out


def impact(random: np.random.Generator) -> Wave:
    """A crash and a low boom."""
    samples = 3 * RATE
    time = np.arange(samples) / RATE
    crash = filtered(random.standard_normal((samples, 2)), 2500, 14_000, 2) * envelope(samples, 0.001, 0.7)[:, None]
    boom = np.sin(2 * np.pi * (38 * time + 3 * (1 - np.exp(-time / 0.08)))) * envelope(samples, 0.001, 0.5)
    return 0.35 * crash + 0.9 * boom[:, None]


def reverb(random: np.random.Generator, seconds: float) -> Wave:
    """An impulse response: decaying stereo noise, darker as it dies, of unit energy."""
    samples = int(2.2 * seconds * RATE)
    time = np.arange(samples)[:, None] / RATE
    noise = random.standard_normal((samples, 2))
    out = filtered(noise, 250, 9000, 2) * 10 ** (-3 * time / (0.5 * seconds)) + filtered(noise, 250, 2500, 2) * 10 ** (
        -3 * time / seconds
    )
    out *= np.clip(time / 0.012, 0, 1)
    result: Wave = out / np.sqrt((out**2).sum(axis=0))
    return result


def echoed(wave: Wave, delay: int, feedback: float) -> Wave:
    """Echoes that change sides."""
    out = np.zeros_like(wave)
    source = wave
    for repeat in range(1, 6):
        source = source[:, ::-1] * feedback
        out[delay * repeat :] += source[: len(wave) - delay * repeat]
    return filtered(out, 300, 5000, 2)


def ducking(kicks: list[int], length: int) -> Wave:
    """The gain of everything that makes way for the kick: 0.2 at each kick, back in a third of a second."""
    out = np.ones(length)
    shape = 1 - 0.8 * np.exp(-((np.arange(int(0.45 * RATE)) / RATE / 0.16) ** 2))
    for at in kicks:
        kept = min(len(shape), length - at)
        out[at : at + kept] = np.minimum(out[at : at + kept], shape[:kept])
    return np.convolve(out, np.hanning(241) / np.hanning(241).sum(), "same")[:, None]


def limited(wave: Wave, ceiling: float) -> Wave:
    """A look-ahead limiter: the gain falls over 3 ms before a peak and recovers over 80 ms."""
    peak = np.abs(wave).max(axis=1)
    look = int(0.003 * RATE)
    blocks = len(peak) // look + 1
    padded = np.zeros(blocks * look)
    padded[: len(peak)] = peak
    needed = np.minimum(1, ceiling / np.maximum(padded.reshape(blocks, look).max(axis=1), 1e-9))
    gain = needed.copy()
    release = 1 - np.exp(-0.003 / 0.08)
    for block in range(1, blocks):
        gain[block] = min(needed[block], gain[block - 1] + release * (1 - gain[block - 1]))
    # Each block's corner points hold the lower of its neighbours' gains, so the straight line between never exceeds it.
    corners = np.minimum(np.r_[gain[0], gain], np.r_[gain, gain[-1]])
    line = np.interp(np.arange(len(peak)), np.arange(blocks + 1) * look, corners)
    result: Wave = wave * line[:, None]
    return result


MELODY = (  # bar within the phrase, step, length in steps, note
    (0, 0, 6, 76), (0, 6, 2, 74), (0, 8, 6, 72), (0, 14, 2, 74), (1, 0, 6, 76), (1, 6, 4, 81), (1, 10, 6, 79),
    (2, 0, 6, 79), (2, 6, 2, 76), (2, 8, 8, 74), (3, 0, 4, 71), (3, 4, 4, 74), (3, 8, 8, 79),
)  # fmt: skip
ARPEGGIO = (0, 2, 4, 1, 3, 2, 4, 3, 0, 3, 1, 4, 2, 3, 1, 4)
BASS_STEPS = (0, 3, 6, 8, 11, 14)


def compose(seed: int = SEED) -> Wave:
    """The whole track, shape (samples, 2), peak under 0.9; it starts and ends so that it can be looped."""
    random = np.random.default_rng(seed)
    drums, low, pads, plucks, leads, effects = (Tape() for _ in range(6))
    kick_sound, snare_sound = kick(), snare(random)
    closed = [hat(random, decay) for decay in (0.018, 0.024, 0.03)]
    opened = hat(random, 0.11)
    plucked: dict[tuple[int, float], Wave] = {}
    kicks: list[int] = []

    def within(bar: int, section: tuple[int, int]) -> bool:
        return section[0] <= bar < section[1]

    for bar in range(BARS):
        at = bar * BAR
        chord, root = CHORDS[bar % 4], ROOTS[bar % 4]
        loud, groove = within(bar, CHORUS), within(bar, GROOVE)
        quiet, rising = within(bar, BREAK), within(bar, RISE)
        outro = within(bar, OUTRO)
        last_of_groove = bar == GROOVE[1] - 1

        if groove or loud or (within(bar, INTRO) and bar >= 2) or outro:
            for beat in range(4):
                if (last_of_groove and beat == 3) or (bar == BARS - 1 and beat > 1):
                    continue
                kicks.append(at + beat * BEAT)
                drums.lay(kick_sound, at + beat * BEAT, 0.95 if loud else 0.82)
        if loud and bar % 4 == 3:
            kicks.append(at + 14 * STEP)
            drums.lay(kick_sound, at + 14 * STEP, 0.7)
        if groove or loud:
            for beat in (1, 3):
                drums.lay(snare_sound, at + beat * BEAT, 0.62 if loud else 0.48)
            if bar % 4 == 3:
                for step, gain in ((13, 0.2), (15, 0.3)):
                    drums.lay(snare_sound, at + step * STEP, gain)
        if rising:
            # A roll that doubles its pace: quarters and eighths, then sixteenths, with a breath before the drop.
            steps = range(0, 16, 2) if bar == RISE[0] else range(0, 14)
            for step in steps:
                progress = ((bar - RISE[0]) * 16 + step) / 32
                drums.lay(snare_sound, at + step * STEP, 0.06 + 0.4 * progress**1.5)
        if groove or loud or outro or (within(bar, INTRO) and bar >= 1):
            for step in range(16):
                if bar == BARS - 1 and step >= 8:
                    break
                swing = 220 if step % 2 else 0
                accent = (0.20, 0.09, 0.15, 0.09)[step % 4] * random.uniform(0.85, 1.1)
                accent *= 1.25 if loud else 0.9 if groove else 0.6
                drums.lay(closed[int(random.integers(3))], at + step * STEP + swing, accent, 0.25 * (-1) ** step)
            if groove or loud:
                for beat in range(4):
                    drums.lay(opened, at + beat * BEAT + 2 * STEP, 0.26 if loud else 0.17, -0.15)

        if groove or loud or outro:
            for step in BASS_STEPS:
                if bar == BARS - 1 and step >= 8:
                    break
                jump = 12 if step in (6, 14) and (loud or bar % 2) else 0
                low.lay(bass(root + jump, int(1.8 * STEP)), at + step * STEP, 0.55 if loud else 0.42)
        if quiet:
            low.lay(bass(root, BAR - BEAT) * envelope(BAR - BEAT + int(0.03 * RATE), 0.3, 1.5), at, 0.05)

        brightness, level = ((0.45, 0.75), 0.34) if loud else ((0.1, 0.3), 0.2)
        if quiet:
            brightness, level = (0.03, 0.14), 0.09
        if rising:
            start = 0.1 + 0.35 * (bar - RISE[0])
            brightness, level = (start, start + 0.35), 0.1 + 0.07 * (bar - RISE[0])
        if within(bar, INTRO):
            brightness, level = (0.05 * bar, 0.05 * bar + 0.06), 0.16
        if outro:
            brightness, level = (0.25 - 0.1 * (bar - OUTRO[0]), 0.12 - 0.06 * (bar - OUTRO[0])), 0.18
        pads.lay(pad(random, chord, BAR, *brightness), at, level)

        for step in range(16):
            if bar == BARS - 1 and step >= 8:
                break
            dense = loud or (groove and bar >= GROOVE[0] + 2) or (rising and bar == RISE[1] - 1)
            if not dense and step % 2:
                continue
            if quiet and step % 8 not in (0, 6):
                continue
            note = chord[ARPEGGIO[step] % 5] + (24 if loud and step % 4 == 3 else 12)
            top = 6500.0 if loud else 2400.0 if quiet else 3000.0
            if (note, top) not in plucked:
                plucked[note, top] = pluck(note, top)
            gain = (0.26 if loud else 0.11 if quiet else 0.2) * random.uniform(0.8, 1.05)
            plucks.lay(plucked[note, top], at + step * STEP, gain, 0.6 * np.sin(step * 1.7 + bar))

        if loud:
            for phrase_bar, step, length, note in MELODY:
                if phrase_bar == bar % 4:
                    octave = 12 if bar >= CHORUS[0] + 4 and phrase_bar == 3 and step == 8 else 0
                    leads.lay(lead(note + octave, length * STEP), at + step * STEP, 0.13)

    rise_at, drop_at = RISE[0] * BAR, CHORUS[0] * BAR
    effects.lay(riser(random, drop_at - rise_at - BEAT // 2), rise_at, 0.3)
    effects.lay(impact(random), drop_at, 0.5)
    effects.lay(impact(random), GROOVE[0] * BAR, 0.22)
    effects.lay(impact(random), OUTRO[0] * BAR, 0.25)

    duck = ducking(kicks, len(drums.wave))
    plucks.wave += echoed(plucks.wave, 3 * STEP, 0.45)
    leads.wave += 0.6 * echoed(leads.wave, 3 * STEP, 0.4)
    sent = 0.35 * pads.wave + 0.4 * plucks.wave + 0.5 * leads.wave + 0.25 * effects.wave
    sent += 0.06 * filtered(drums.wave, 400, 12_000, 2)
    room = convolved(sent, reverb(random, 2.4))
    mix = drums.wave + low.wave * (0.35 + 0.65 * duck) + (pads.wave + 0.6 * room) * duck
    mix += (plucks.wave + leads.wave) * (0.5 + 0.5 * duck) + effects.wave
    mix = filtered(mix, 28, 19_000, 2)
    # The tail rings into the beginning, so that the loop has no seam.
    track = mix[: BARS * BAR].copy()
    track[:TAIL] += mix[BARS * BAR :]
    return limited(np.tanh(LEVEL * track), 0.8)


def main(path: Path) -> None:
    """Render the track to ``path`` and say how large and how loud it is."""
    track = compose()
    with soundfile.SoundFile(path, "w", RATE, 2, format="OGG", subtype="VORBIS", compression_level=QUALITY) as file:
        # libsndfile's Vorbis encoder overflows its stack on long writes.
        for start in range(0, len(track), RATE):
            file.write(track[start : start + RATE].astype(np.float32))
    print(f"{path}: {len(track) / RATE:.1f} s, {path.stat().st_size / 1000:.0f} kB, peak {np.abs(track).max():.3f}")


if __name__ == "__main__":
    default = Path(__file__).resolve().parents[1] / "visualizer" / "demo.ogg"
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else default)
