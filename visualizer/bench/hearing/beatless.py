"""Sounds without a beat that anybody could trust: noises, rain, speech, pads, and a piano that follows no metre."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import soxr

from visualizer.bench.hearing.midi import Control, Note, Sheet, SynthesizerError
from visualizer.snapshots import SAMPLE_RATE, FloatArray

TEXTS = {
    "en-us": "The last tram left before the rain began. Nobody on the platform had noticed. A woman folded her newspaper, "
    "looked up at the clock, and counted the minutes on her fingers. We could walk, somebody said; it is not far "
    "along the river. But the lamps were out beyond the bridge, and the water had risen over the path, so we "
    "stayed where we were, and talked about the summer.",
}
"""What is spoken, by espeak-ng's voice."""


def noise(seconds: float, seed: int, slope_db: float) -> FloatArray:
    """Gaussian noise whose power falls by ``slope_db`` an octave (0: white, 3: pink, 6: brown), at −20 dB RMS."""
    rng = np.random.default_rng(seed)
    count = round(seconds * SAMPLE_RATE)
    spectrum = np.fft.rfft(rng.normal(size=count))
    hertz = np.maximum(np.fft.rfftfreq(count, 1 / SAMPLE_RATE), 20.0)
    sound = np.fft.irfft(spectrum * hertz ** (-slope_db / (20 * np.log10(2))), count)
    return _at_level(sound, -20.0)


def rain(seconds: float, seed: int, drops_a_second: float = 60.0) -> FloatArray:
    """Drops at random moments, each a short band of noise that rings out, over a soft hiss."""
    rng = np.random.default_rng(seed)
    out = 0.3 * noise(seconds, seed + 1, 2.0).astype(np.float64)
    for at in rng.uniform(0, seconds - 0.05, rng.poisson(seconds * drops_a_second)):
        start, hertz = int(at * SAMPLE_RATE), float(np.exp(rng.uniform(np.log(700), np.log(9000))))
        time = np.arange(int(0.03 * SAMPLE_RATE)) / SAMPLE_RATE
        drop = np.exp(-time / rng.uniform(0.001, 0.006)) * np.sin(2 * np.pi * hertz * time + rng.normal(0, 0.8, len(time)))
        out[start : start + len(time)] += 0.25 * rng.lognormal(0, 0.7) * drop
    return _at_level(out, -24.0)


def silence(seconds: float) -> FloatArray:
    """Digital silence."""
    return np.zeros(round(seconds * SAMPLE_RATE), np.float32)


def speech(seconds: float, voice: str, words_a_minute: int) -> FloatArray:
    """espeak-ng reads the voice's text in ``TEXTS``, again and again. Raises SynthesizerError where it is not installed."""
    import soundfile

    if shutil.which("espeak-ng") is None:
        raise SynthesizerError("The speech synthesizer espeak-ng is missing; install the package espeak-ng.")
    with tempfile.TemporaryDirectory() as scratch:
        out, text = Path(scratch) / "speech.wav", Path(scratch) / "text.txt"
        text.write_text(TEXTS[voice], encoding="utf-8")
        command = ["espeak-ng", "-v", voice, "-s", str(words_a_minute), "-f", str(text), "-w", str(out)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or not out.is_file():
            raise SynthesizerError(f"espeak-ng could not speak: {done.stderr.strip()[-300:]}")
        spoken, rate = soundfile.read(out, dtype="float64")
    spoken = soxr.resample(spoken, rate, SAMPLE_RATE)
    return _at_level(np.resize(spoken, round(seconds * SAMPLE_RATE)), -22.0)


def rubato(seconds: float, seed: int) -> Sheet:
    """A piano that hurries and lingers: every gap between its chords is drawn anew, from a third of a second to two."""
    rng = np.random.default_rng(seed)
    time, notes = 0.3, []
    root = 48
    while time < seconds:
        gap = float(np.exp(rng.uniform(np.log(0.35), np.log(2.0))))
        root = int(np.clip(root + rng.choice([-5, -3, -2, 2, 4, 5]), 40, 58))
        loud = int(rng.integers(45, 90))
        third = int(rng.choice([3, 4]))
        for i, tone in enumerate((0, 7, 12 + third, 19)):
            roll = i * float(rng.uniform(0.01, 0.07))  # arpeggiated, never twice the same
            notes.append(Note(time + roll, gap * 1.1, 0, root + tone, max(20, loud - 4 * i)))
        inner = time + 0.2 * gap
        while inner < time + 0.9 * gap:
            notes.append(Note(inner, 0.6, 0, root + 24 + int(rng.choice([0, 2, 3, 5, 7, 10])), int(rng.integers(35, 75))))
            inner += gap * float(rng.uniform(0.15, 0.5))
        time += gap
    controls = (Control(0.0, 0, -1, 0), Control(0.0, 0, 7, 110), Control(0.0, 0, 64, 100))
    return Sheet(tuple(sorted(notes, key=lambda note: note.time)), controls, seconds, room=True)


def pads(seconds: float, seed: int, programs: tuple[int, ...] = (88, 91, 95)) -> Sheet:
    """Slow synthesizer pads, each of whose notes comes and goes by itself over several seconds."""
    rng = np.random.default_rng(seed)
    notes, controls = [], []
    scale = (0, 2, 3, 7, 9)
    for channel, program in enumerate(programs):
        controls += [Control(0.0, channel, -1, program), Control(0.0, channel, 7, 100)]
        time = float(rng.uniform(0, 1.5))
        while time < seconds:
            length = float(rng.uniform(4, 9))
            pitch = 45 + int(rng.choice(scale)) + 12 * int(rng.integers(0, 3))
            notes.append(Note(time, length, channel, pitch, int(rng.integers(50, 85))))
            time += float(rng.uniform(1.8, 4.5))
    return Sheet(tuple(sorted(notes, key=lambda note: note.time)), tuple(controls), seconds, room=True)


def drone(seconds: float, seed: int) -> Sheet:
    """Two low strings and a choir that hold one chord throughout, swelling slowly."""
    rng = np.random.default_rng(seed)
    notes = [Note(0.2, seconds, channel, pitch, 80) for channel, pitch in ((0, 36), (0, 43), (1, 48), (2, 60))]
    controls = [Control(0.0, channel, -1, program) for channel, program in enumerate((43, 48, 52))]
    for channel in range(3):
        swell = 80 + 30 * np.sin(2 * np.pi * (rng.uniform(0.03, 0.1) * np.arange(0, seconds, 0.05) + rng.uniform()))
        controls += [Control(0.05 * i, channel, 11, int(value)) for i, value in enumerate(swell)]
    return Sheet(tuple(notes), tuple(controls), seconds, room=True)


def _at_level(sound: np.ndarray, decibels: float) -> FloatArray:
    """To an RMS of ``decibels`` re 1, cut at full scale."""
    rms = float(np.sqrt(np.mean(np.square(sound))))
    return np.clip(sound * (10 ** (decibels / 20) / max(rms, 1e-12)), -1, 1).astype(np.float32)
