"""The programs and samples that the streams are made with: whether all are there, and which they are."""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib.util import find_spec

from visualizer.bench.hearing.midi import SOUNDFONT_VARIABLE, SynthesizerError, fluidsynth_version, soundfont

PACKAGES = {"fluidsynth": "fluidsynth", "espeak-ng": "espeak-ng"}
"""By program: the Debian package that brings it."""

SOUNDFONT_PACKAGE = "fluid-soundfont-gm"


def check() -> None:
    """Raise SynthesizerError where something is missing, in one sentence that says all of it and how to install it.

    Called before the first stream is rendered, so that nobody learns of the second one after minutes.
    """
    missing = [program for program in PACKAGES if shutil.which(program) is None]
    packages = [PACKAGES[program] for program in missing]
    if not os.environ.get(SOUNDFONT_VARIABLE) and not _has_soundfont():
        missing.append("a General MIDI soundfont")
        packages.append(SOUNDFONT_PACKAGE)
    ways = [f"apt-get install {' '.join(packages)}"] if packages else []
    if find_spec("mido") is None:
        missing.append("the Python package mido")
        ways.append("pip install mido")
    if missing:
        raise SynthesizerError(f"The benchmark of hearing needs {', '.join(missing)}; install with: {', and '.join(ways)}.")
    soundfont()  # one that the environment names wrongly has a sentence of its own


def _has_soundfont() -> bool:
    try:
        soundfont()
    except SynthesizerError:
        return False
    return True


def versions() -> dict[str, str]:
    """What shapes the sound, in words: FluidSynth's and espeak-ng's version, the soundfont's name and size.

    Raises SynthesizerError where one is missing.
    """
    font = soundfont()
    return {
        "FluidSynth": fluidsynth_version(),
        "soundfont": f"{font.name} ({font.stat().st_size} bytes)",
        "espeak-ng": _espeak_version(),
    }


def _espeak_version() -> str:
    told = subprocess.run(["espeak-ng", "--version"], capture_output=True, text=True, check=False).stdout
    # "eSpeak NG text-to-speech: 1.51  Data at: …"
    words = told.split(":")[1].split() if ":" in told else []
    return words[0] if words else "unknown"
