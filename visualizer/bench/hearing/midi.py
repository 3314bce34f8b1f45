"""General MIDI to sound: a file of notes at given seconds, rendered by FluidSynth with a soundfont.

What is rendered is kept in the user's cache folder under a digest of all that shaped it, so nothing there goes stale.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from visualizer.resources import user_folder
from visualizer.snapshots import SAMPLE_RATE, FloatArray

DRUMS = 9
"""The channel of the drum kit, counted from 0."""

START_S = 0.0035
"""From a note's place in the file to its sound: FluidSynth 2.3 starts notes on blocks of 64 samples, its player counts
whole milliseconds, and the samples of FluidR3's drum kits begin a little late. Measured, to a tenth of the peak: 2.0 to
5.5 ms for the drums used, 3.5 in the mean."""

SOUNDFONT_VARIABLE = "TPOS_SOUNDFONT"

SOUNDFONTS = ("FluidR3_GM.sf2", "FluidR3_GM2-2.sf2", "default-GM.sf2", "GeneralUser-GS.sf2", "TimGM6mb.sf2")
"""Best first: figures of two machines compare where both have the first."""

_FOLDERS = ("share/sounds/sf2", "share/soundfonts", "share/sounds/sf3")

_TICKS = 1000  # a millisecond each, all that FluidSynth's player tells apart


class SynthesizerError(RuntimeError):
    """What renders the streams is not installed, or has failed; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Note:
    """time, seconds: when and how long, s. channel: 0–15. pitch, velocity: MIDI numbers."""

    time: float
    seconds: float
    channel: int
    pitch: int
    velocity: int


@dataclass(frozen=True, slots=True)
class Control:
    """A controller's value at a time, s; number −1 chooses the channel's program."""

    time: float
    channel: int
    number: int
    value: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """All that FluidSynth plays. seconds: the length of the sound. room: whether its reverberation is on."""

    notes: tuple[Note, ...]
    controls: tuple[Control, ...]
    seconds: float
    room: bool = False

    def file(self) -> bytes:
        """As a standard MIDI file. Raises SynthesizerError where mido is not installed."""
        try:
            import mido
        except ImportError:
            raise SynthesizerError("The package mido is missing; install it with: pip install mido") from None

        events = []
        for control in self.controls:
            if control.number < 0:
                message = mido.Message("program_change", channel=control.channel, program=control.value)
            else:
                message = mido.Message(
                    "control_change", channel=control.channel, control=control.number, value=control.value
                )
            events.append((round(control.time * _TICKS), 0, message))
        for note in self.notes:
            if note.time >= self.seconds:
                continue
            at = round(note.time * _TICKS)
            end = max(at + 1, round((note.time + note.seconds) * _TICKS))
            key = {"channel": note.channel, "note": note.pitch}
            events.append((at, 2, mido.Message("note_on", velocity=note.velocity, **key)))
            events.append((end, 1, mido.Message("note_off", **key)))
        track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=1_000_000)])
        now = 0
        for at, _, message in sorted(events, key=lambda event: event[:2]):
            track.append(message.copy(time=at - now))
            now = at
        track.append(mido.MetaMessage("end_of_track", time=max(0, round(self.seconds * _TICKS) - now)))
        out = io.BytesIO()
        mido.MidiFile(type=0, ticks_per_beat=_TICKS, tracks=[track]).save(file=out)
        return out.getvalue()


def soundfont() -> Path:
    """The General MIDI soundfont: the one that the environment variable TPOS_SOUNDFONT names, or one in a usual place.

    Raises SynthesizerError where there is none.
    """
    wanted = os.environ.get(SOUNDFONT_VARIABLE)
    if wanted:
        if not Path(wanted).is_file():
            raise SynthesizerError(f"There is no soundfont {wanted}, which {SOUNDFONT_VARIABLE} names.")
        return Path(wanted)
    roots = [Path("/usr"), Path("/usr/local"), Path("/opt/homebrew"), Path.home() / ".local"]
    folders = [root / folder for root in roots for folder in _FOLDERS]
    for name in SOUNDFONTS:
        for folder in folders:
            if (folder / name).is_file():
                return folder / name
    raise SynthesizerError(
        "There is no General MIDI soundfont: install the package fluid-soundfont-gm (FluidR3_GM.sf2), "
        f"or name a .sf2 file in {SOUNDFONT_VARIABLE}."
    )


@cache
def fluidsynth_version() -> str:
    """As FluidSynth tells it, "2.3.1". Raises SynthesizerError where it is not installed."""
    if shutil.which("fluidsynth") is None:
        raise SynthesizerError("FluidSynth is missing; install the package fluidsynth.")
    told = subprocess.run(["fluidsynth", "--version"], capture_output=True, text=True, check=False).stdout
    return told.splitlines()[0].split()[-1] if told.strip() else "unknown"


def synthesizer(font: Path | None = None) -> str:
    """FluidSynth's version and the soundfont's name and size, as they shape the sound; font: None for ``soundfont()``.

    Raises SynthesizerError.
    """
    font = soundfont() if font is None else font
    return f"FluidSynth runtime version {fluidsynth_version()}, {font.name} ({font.stat().st_size} bytes)"


def render(sheet: Sheet, folder: Path | None = None) -> FloatArray:
    """The sheet as mono sound at 48 kHz, shape (n,), both channels' mean, from ``folder`` where it has been kept there.

    folder: None for the user's cache. Raises SynthesizerError where a program is missing or fails.
    """
    import soundfile

    data = sheet.file()
    key = hashlib.sha256(b"\0".join([data, repr((sheet.seconds, sheet.room)).encode(), synthesizer().encode()]))
    folder = user_folder("streams") if folder is None else folder
    kept = folder / f"{key.hexdigest()[:32]}.flac"
    if not kept.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        sound = play_file(data, sheet, soundfont())
        # Written aside and put in place at once: a render that is broken off leaves nothing half done.
        with tempfile.NamedTemporaryFile(dir=folder, suffix=".part", delete=False) as part:
            soundfile.write(part, sound, SAMPLE_RATE, format="FLAC", subtype="PCM_24")
        Path(part.name).replace(kept)
    sound, _ = soundfile.read(kept, dtype="float32")
    return sound


def play_file(data: bytes, sheet: Sheet, font: Path) -> FloatArray:
    """What FluidSynth makes of ``sheet.file()`` with a soundfont: mono at 48 kHz, shape (n,). Raises SynthesizerError."""
    import soundfile

    with tempfile.TemporaryDirectory() as scratch:
        source, out = Path(scratch) / "notes.mid", Path(scratch) / "sound.wav"
        source.write_bytes(data)
        command = ["fluidsynth", "-n", "-i", "-q", "-F", str(out), "-T", "wav", "-O", "float", "-r", str(SAMPLE_RATE)]
        command += ["-g", "0.5", "-C", "0", "-R", "1" if sheet.room else "0", "-o", "synth.polyphony=512"]
        command += [str(font), str(source)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or not out.is_file():
            raise SynthesizerError(f"FluidSynth could not render a stream: {done.stderr.strip()[-300:]}")
        stereo, _ = soundfile.read(out, dtype="float32", always_2d=True)
    mono = stereo.mean(axis=1)
    count = round(sheet.seconds * SAMPLE_RATE)
    return np.pad(mono[:count], (0, max(0, count - len(mono)))).astype(np.float32)
