"""Speech by two synthesizers, whispers and crowds that are made of it. What they say is our own."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sounds.clips import RATE, SYNTHETIC, Wave, load
from sounds.licences import OWN

SENTENCES = {
    "en": (
        "The lights go down and the room becomes quiet.",
        "Tomorrow we take the first train to the coast, if the weather holds.",
        "Would you please close the window? It is getting cold in here.",
        "Seven boats left the harbour, and only six of them came back.",
        "I never said that he stole the money, I said he might have borrowed it.",
        "Turn left at the bridge, then follow the river for about a mile.",
        "What a wonderful evening! Shall we dance once more?",
        "Numbers do not lie, but people who count sometimes do.",
    ),
    "de": ("Das Licht geht aus und der Saal wird still.", "Morgen fahren wir mit dem Zug ans Meer."),
    "fr": ("La lumière baisse et la salle se tait.", "Demain nous prenons le train vers la mer."),
    "es": ("Las luces bajan y la sala calla.", "Mañana vamos en tren hasta el mar."),
    "it": ("Le luci si abbassano e la sala tace.", "Domani prendiamo il treno per il mare."),
    "pt": ("As luzes baixam e a sala fica calada.", "Amanhã vamos de comboio até ao mar."),
    "pl": ("Światła gasną i sala milknie.", "Jutro jedziemy pociągiem nad morze."),
    "sw": ("Taa zinazimika na chumba kinakuwa kimya.", "Kesho tutasafiri kwenda baharini."),
}

MALE = ("m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "klatt2", "klatt3")
FEMALE = ("f1", "f2", "f3", "f4", "f5", "anika", "steph", "belinda")


class VoiceError(RuntimeError):
    """A speech synthesizer is missing or has failed; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A family of voices. program: "espeak-ng" or "flite". name, kind: variants, and the class they speak."""

    family: str
    program: str
    names: tuple[str, ...]
    kind: str
    split: str
    licence: str


VOICES = (
    Voice("espeak-ng", "espeak-ng", MALE, "male_speech", "train", OWN),
    Voice("espeak-ng", "espeak-ng", FEMALE, "female_speech", "train", OWN),
    Voice("flite-rms", "flite", ("rms",), "male_speech", "train", "CMU"),
    Voice("flite-slt", "flite", ("slt",), "female_speech", "train", "CMU"),
    Voice("flite-kal", "flite", ("kal16",), "male_speech", "valid", "CMU"),
    Voice("flite-awb", "flite", ("awb",), "male_speech", "valid", "CMU"),
)
"""espeak-ng's own licence, the GPL, is on the program: what it says of our own text is ours."""

WHISPERER = Voice("espeak-ng-whisper", "espeak-ng", ("whisper", "whisperf"), "whisper", "", OWN)
"""espeak-ng's own way to whisper, which works differently from ours."""

WHISPER_LEVEL = 0.2
"""Of a whisper against the voice, by amplitude: a synthesizer is as loud in both, a throat is not."""

Speak = Callable[[Voice, str, str, str], Wave]


def speaker(flite: Path) -> Speak:
    """A function (voice, name, language, text) → sound. flite: the root of its laid-out packages."""

    def speak(voice: Voice, name: str, language: str, text: str) -> Wave:
        with tempfile.TemporaryDirectory() as scratch:
            out = Path(scratch) / "speech.wav"
            environment = dict(os.environ)
            if voice.program == "flite":
                command = [str(flite / "usr/bin/flite"), "-voice", name, "-t", text, "-o", str(out)]
                libraries = [str(path.parent) for path in flite.parent.glob("libflite1/usr/lib/*/libflite.so.1")]
                environment["LD_LIBRARY_PATH"] = ":".join(libraries)
            else:
                command = ["espeak-ng", "-v", f"{language}+{name}", "-w", str(out), text]
            try:
                done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
            except OSError as error:
                raise VoiceError(f"{voice.program} cannot be started: {error}.") from None
            if done.returncode or not out.is_file():
                raise VoiceError(f"{voice.program} could not speak as {name}: {done.stderr.strip()[-200:]}")
            return load(out)

    return speak


def said(voice: Voice, speak: Speak) -> Iterator[tuple[str, str, Wave]]:
    """Everything the family says, as (class, source, wave); English only by flite."""
    for index, name in enumerate(voice.names):
        for language, texts in SENTENCES.items():
            if voice.program == "flite" and language != "en":
                continue
            for number, text in enumerate(texts):
                # Each variant says a part of it, so that no text belongs to one voice.
                if voice.program == "flite" or (index + number) % 2 == 0:
                    yield voice.kind, voice.family, speak(voice, name, language, text)


def whispers(voice: Voice, speak: Speak, seed: int) -> Iterator[tuple[str, str, Wave]]:
    """Whispering as noise in the spectral envelope of speech: one source, whoever spoke."""
    rng = np.random.default_rng(seed)
    for name in voice.names[:4]:
        for text in SENTENCES["en"]:
            yield "whisper", f"{SYNTHETIC}whispered", whispered(speak(voice, name, "en", text), rng)


def own_whispers(voice: Voice, speak: Speak) -> Iterator[tuple[str, str, Wave]]:
    """Whispering as the synthesizer does it."""
    for kind, source, wave in said(voice, speak):
        yield kind, source, wave * np.float32(WHISPER_LEVEL)


def whispered(speech: Wave, rng: np.random.Generator) -> Wave:
    """Speech without its voice: its smoothed spectrum, every 8 ms, on white noise; a fifth as strong."""
    size, hop = 2048, 384
    window = np.hanning(size)
    speech = np.pad(speech, (size, size))
    noise = rng.standard_normal(len(speech))
    out = np.zeros(len(speech))
    quefrency = int(0.0022 * RATE)  # keeps the formants, drops the pitch
    for start in range(0, len(speech) - size, hop):
        frame = np.fft.rfft(speech[start : start + size] * window)
        cepstrum = np.fft.irfft(np.log(np.abs(frame) + 1e-5))
        cepstrum[quefrency:-quefrency] = 0
        envelope = np.exp(np.fft.rfft(cepstrum).real)
        # A whisper has little below 500 Hz: there is no voice to carry it.
        frequency = np.fft.rfftfreq(size, 1 / RATE)
        envelope *= 1 / (1 + (500 / np.maximum(frequency, 1)) ** 2)
        hiss = np.fft.rfft(noise[start : start + size] * window)
        out[start : start + size] += np.fft.irfft(hiss * envelope) * window
    level = np.sqrt(np.mean(speech**2)) / max(1e-9, float(np.sqrt(np.mean(out**2))))
    quiet: Wave = (out[size:-size] * level * WHISPER_LEVEL).astype(np.float32)
    return quiet


def crowds(voices: list[Voice], speak: Speak, seed: int, clips: int = 10) -> Iterator[tuple[str, str, Wave]]:
    """A hall full of people: twelve to sixty takes of speech at once, each as far as it is quiet and dull. One source,
    whoever they are."""
    rng = np.random.default_rng(seed)
    takes = [
        speak(voice, name, "en", SENTENCES["en"][(index + number) % len(SENTENCES["en"])])
        for voice in voices
        for index, name in enumerate(voice.names)
        for number in range(6 if len(voice.names) == 1 else 2)
    ]
    length = 8 * RATE
    for _ in range(clips):
        out = np.zeros(length)
        for _ in range(int(rng.integers(12, 60))):
            take = takes[int(rng.integers(len(takes)))]
            # Another size of the same voice: what is played faster speaks higher.
            place = np.arange(0, len(take) - 1, float(rng.uniform(0.85, 1.2)))
            take = np.interp(place, np.arange(len(take)), take).astype(np.float32)
            for start in range(int(rng.integers(-len(take), length)), length, len(take) * 2):
                first, last = max(0, start), min(length, start + len(take))
                if last > first:
                    out[first:last] += take[first - start : last - start] * rng.uniform(0.1, 1.0)
        out *= 10 ** (float(rng.uniform(-32, -16)) / 20) / max(1e-9, float(np.sqrt(np.mean(out**2))))
        yield "crowd", f"{SYNTHETIC}crowds", out.astype(np.float32)
