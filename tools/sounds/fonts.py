"""General MIDI instruments, drums, sound effects and small bands, through several sets of samples."""

from __future__ import annotations

import subprocess
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile

from sounds import patches
from sounds.clips import RATE, Wave, cut
from sounds.labels import Sound
from visualizer.bench.hearing.band import play
from visualizer.bench.hearing.grid import steady
from visualizer.bench.hearing.midi import DRUMS, Control, Note, Sheet
from visualizer.bench.hearing.styles import STYLES

PHRASE_S = 8.0
PAUSE_S = 2.0
PHRASES, PHRASES_TESTED = 15, 5
"""For each program, of fonts that are learnt from and of fonts that are for tests."""

KITS, KITS_TESTED = 12, 6
"""Stretches of single drums."""

TAKES, TAKES_TESTED = 8, 3
"""Of each style of the bands."""

BANDS: dict[str, tuple[tuple[str, float], ...]] = {
    "drum_loop": (("drums rock", 112), ("drums house", 124), ("drums funk", 98), ("drums jungle", 168)),
    "orchestral_music": (("orchestra", 84), ("orchestra timpani", 100), ("waltz orchestra", 150)),
    "techno": (("techno", 130), ("house", 124), ("offbeat hats", 132)),
    "rock_music": (("rock", 120), ("rock syncopated", 138)),
    "jazz": (("swing", 140), ("jazz waltz", 150), ("swing brushes", 110)),
}
"""Styles of the hearing benchmark, and their tempo."""


class FontError(RuntimeError):
    """FluidSynth is missing or has failed; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Font:
    """A set of samples. family: fonts made from each other share one. path: below the package's root.

    bands: whether it plays whole bands too. sfx: whether effects are taken from it, which MuseScore's has from Fluid's.
    """

    package: str
    path: str
    family: str
    licence: str
    split: str
    bands: bool = True
    sfx: bool = True
    tones: bool = True


FONTS = (
    Font("fluid-soundfont-gm", "usr/share/sounds/sf2/FluidR3_GM.sf2", "fluidr3", "MIT", "train"),
    Font("fluid-soundfont-gs", "usr/share/sounds/sf2/FluidR3_GS.sf2", "fluidr3-gs", "MIT", "", bands=False,
         tones=False),
    Font("musescore-general-soundfont-small", "usr/share/sounds/sf3/MuseScore_General_Lite.sf3", "musescore", "MIT",
         "train", sfx=False),
    Font("csound-soundfont", "usr/share/sounds/sf2/sf_GMbank.sf2", "sf_gmbank", "public-domain", "train"),
    Font("timgm6mb-soundfont", "usr/share/sounds/sf2/TimGM6mb.sf2", "timgm6mb", "GPL-2", "test"),
    Font("opl3-soundfont", "usr/share/sounds/sf2/OPL-3_FM_128M.sf2", "opl3", "CC-BY-SA-4.0", "train", sfx=False),
    Font("freepats", "usr/share/midi/freepats", "freepats", "GPL-2+ with composition exception", "test"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a font's rendering that becomes one clip."""

    name: str
    source: str
    start: float
    seconds: float


def band_seed(family: str, style: str, take: int) -> int:
    """What a band plays is its own in every family of fonts: else tests would play the notes of training."""
    return zlib.crc32(f"{family}|{style}|{take}".encode())


def phrase(sound: Sound, rng: np.random.Generator, start: float) -> list[Note]:
    """About eight seconds of one instrument: a line, chords, a run or long notes, soft or loud."""
    low, high = sound.range
    scale = [0, 2, 3, 5, 7, 8, 10] if rng.random() < 0.5 else [0, 2, 4, 5, 7, 9, 11]
    ladder = [pitch for pitch in range(low, high + 1) if (pitch - int(rng.integers(12))) % 12 in scale] or [low]
    kind = str(rng.choice(["line", "chords", "run", "long"]))
    step = {"line": 0.35, "chords": 1.0, "run": 0.16, "long": 2.0}[kind] * float(rng.uniform(0.8, 1.4))
    loud = int(rng.integers(45, 118))
    at, place, notes = 0.0, int(rng.integers(len(ladder))), []
    while at < PHRASE_S - 0.4:
        place = int(np.clip(place + rng.integers(-3, 4), 0, len(ladder) - 1))
        held = step * (0.9 if kind != "line" else float(rng.choice([0.5, 0.95, 1.9])))
        for third in (0, 2, 4) if kind == "chords" else (0,):
            pitch = ladder[min(place + third, len(ladder) - 1)]
            velocity = int(np.clip(loud + rng.normal(0, 7), 10, 127))
            notes.append(Note(start + at, min(held, PHRASE_S - at), 0, pitch, velocity))
        at += step
    return notes


def hits(sound: Sound, rng: np.random.Generator, start: float) -> list[Note]:
    """Eight seconds of single drums, soft and loud, fast and slow."""
    at, notes = 0.0, []
    gap = float(np.exp(rng.uniform(np.log(0.15), np.log(1.0))))
    while at < PHRASE_S - 0.5:
        notes.append(Note(start + at, 0.1, DRUMS, int(rng.choice(sound.keys)), int(rng.integers(40, 125))))
        at += gap * float(rng.uniform(0.85, 1.2))
    return notes


def clips(font: Font, root: Path, sounds: dict[str, Sound]) -> Iterator[tuple[str, str, Wave]]:
    """All that the font can play, as (class, source, wave). Raises FontError."""
    if font.path.endswith("freepats"):
        yield from _patches(root / font.path, sounds, font.family)
        return
    notes: list[Note] = []
    controls: list[Control] = [Control(0.0, DRUMS, 7, 110)]
    parts: list[Part] = []
    at = 0.2
    for sound in sounds.values():
        rng = np.random.default_rng([zlib.crc32(sound.name.encode()), zlib.crc32(font.family.encode())])
        for program in sound.programs if font.tones else ():
            controls += [Control(at - 0.1, 0, 0, 0), Control(at - 0.1, 0, -1, program)]
            for _ in range(PHRASES_TESTED if font.split == "test" else PHRASES):
                notes += phrase(sound, rng, at)
                parts.append(Part(sound.name, font.family, at, PHRASE_S))
                at += PHRASE_S + PAUSE_S
        stretches = (KITS_TESTED if font.split == "test" else KITS) if sound.keys and font.tones else 0
        for kit in [(0, 25, 32, 40, 0, 25)[number % 6] for number in range(stretches)]:
            controls.append(Control(at - 0.1, DRUMS, -1, kit))
            notes += hits(sound, rng, at)
            parts.append(Part(sound.name, font.family, at, PHRASE_S))
            at += PHRASE_S + PAUSE_S
        for bank, program in sound.effects if font.sfx else ():
            # Soundfonts without an effect play another sound for it: only banks that are known to be there.
            if (bank and font.family not in ("fluidr3-gs", "sf_gmbank")) or (not bank and font.family == "fluidr3-gs"):
                continue
            controls += [Control(at - 0.1, 0, 0, bank), Control(at - 0.1, 0, -1, program)]
            for pitch in (60, 57, 64):
                notes.append(Note(at, 5.0, 0, pitch, int(rng.integers(80, 120))))
                parts.append(Part(sound.name, f"{font.family}/effect {bank}-{program}", at, 5.5))
                at += 5.0 + PAUSE_S
            controls.append(Control(at - 0.2, 0, 0, 0))
    if font.bands:
        for name, styles in BANDS.items():
            for style, bpm in styles:
                for seed in range(TAKES_TESTED if font.split == "test" else TAKES):
                    grid = steady(bpm, 0.1, PHRASE_S)
                    band = play(STYLES[style], grid, PHRASE_S, band_seed(font.family, style, seed)).sheet
                    notes += [replace(note, time=note.time + at) for note in band.notes]
                    # The kit comes back to what it was: programs hold until the next.
                    controls += [replace(control, time=control.time + at - 0.05) for control in band.controls]
                    parts.append(Part(name, font.family, at, PHRASE_S))
                    at += PHRASE_S + PAUSE_S
    wave = render(Sheet(tuple(notes), tuple(controls), at), root / font.path)
    for part in parts:
        piece = wave[int((part.start - 0.02) * RATE) : int((part.start + part.seconds) * RATE)]
        for sounding in cut(piece, 1):
            yield part.name, part.source, sounding


def render(sheet: Sheet, font: Path) -> Wave:
    """The sheet through one soundfont, mono, 48 kHz. Raises FontError."""
    with tempfile.TemporaryDirectory() as scratch:
        source, out = Path(scratch) / "notes.mid", Path(scratch) / "sound.wav"
        source.write_bytes(sheet.file())
        command = ["fluidsynth", "-n", "-i", "-q", "-F", str(out), "-T", "wav", "-O", "s16", "-r", str(RATE), "-g", "0.5"]
        command += ["-C", "0", "-R", "0", "-o", "synth.cpu-cores=1", str(font), str(source)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise FontError("FluidSynth is missing; install the package fluidsynth.") from None
        if done.returncode or not out.is_file():
            raise FontError(f"FluidSynth could not play {font.name}: {done.stderr.strip()[-200:]}")
        stereo, _ = soundfile.read(out, dtype="float32", always_2d=True)
    mono: Wave = stereo.mean(axis=1).astype(np.float32)
    return mono


def _patches(folder: Path, sounds: dict[str, Sound], family: str) -> Iterator[tuple[str, str, Wave]]:
    tones = {int(path.name[:3]): path for path in sorted(folder.glob("Tone_000/*.pat"))}
    drums = {int(path.name[:3]): path for path in sorted(folder.glob("Drum_000/*.pat"))}
    for sound in sounds.values():
        rng = np.random.default_rng([zlib.crc32(sound.name.encode()), zlib.crc32(family.encode())])
        for program in sound.programs:
            if program not in tones:
                continue
            patch = patches.read(tones[program])
            for _ in range(PHRASES_TESTED):
                wave = np.zeros(int((PHRASE_S + 1) * RATE), np.float32)
                for note in phrase(sound, rng, 0.02):
                    hertz = 440 * 2 ** ((note.pitch - 69) / 12)
                    decay = 1.2 if sound.struck else None
                    _add(wave, patches.note(patch, hertz, note.seconds, note.velocity, decay), note.time)
                yield sound.name, family, wave
        kit = {key: patches.read(drums[key]) for key in sound.keys if key in drums}
        for _ in range(KITS_TESTED if kit else 0):
            wave = np.zeros(int((PHRASE_S + 1) * RATE), np.float32)
            for note in hits(replace(sound, keys=tuple(kit)), rng, 0.02):
                _add(wave, patches.note(kit[note.pitch], None, 2.0, note.velocity, None), note.time)
            yield sound.name, family, wave
        for bank, program in sound.effects:
            if bank == 0 and program in tones:
                for pitch in (60, 57, 64):
                    hertz = 440 * 2 ** ((pitch - 69) / 12)
                    wave = patches.note(patches.read(tones[program]), hertz, 5.0, 110, None)
                    yield sound.name, f"{family}/effect {bank}-{program}", wave
    for name, styles in BANDS.items():
        for style, bpm in styles:
            for seed in range(TAKES_TESTED):
                grid = steady(bpm, 0.1, PHRASE_S)
                band = play(STYLES[style], grid, PHRASE_S, band_seed(family, style, seed)).sheet
                yield name, family, _band(band, tones, drums)


def _band(sheet: Sheet, tones: dict[int, Path], drums: dict[int, Path]) -> Wave:
    """A band of patches; instruments that there is no patch of are silent."""
    program = {control.channel: control.value for control in sheet.controls if control.number == -1}
    wave = np.zeros(int((PHRASE_S + 1) * RATE), np.float32)
    known: dict[Path, list[patches.Sample]] = {}
    for one in sheet.notes:
        drum = one.channel == DRUMS
        path = drums.get(one.pitch) if drum else tones.get(program.get(one.channel, 0))
        if path is None:
            continue
        if path not in known:
            known[path] = patches.read(path)
        hertz = None if drum else 440 * 2 ** ((one.pitch - 69) / 12)
        _add(wave, patches.note(known[path], hertz, 2.0 if drum else one.seconds, one.velocity, None), one.time)
    return wave


def _add(wave: Wave, tone: Wave, at: float) -> None:
    start = int(at * RATE)
    end = min(len(wave), start + len(tone))
    wave[start:end] += tone[: end - start]
