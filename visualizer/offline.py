"""The offline render: the same five steps in one loop, exact and repeatable, to a file."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engines.backends import open_networks
from engines.model import inspect
from engines.stream import Stream
from visualizer.analysis.analyzer import Analyzer
from visualizer.audio.files import SoundFileWarning, open_sound
from visualizer.audio.remarks import is_silent, on_silence, remarks
from visualizer.audio.resample import Resampler
from visualizer.control.modulation import Modulator
from visualizer.output.flash import FlashLimiter
from visualizer.output.recorder import Recorder
from visualizer.preset import Preset
from visualizer.snapshots import SAMPLE_RATE, FloatArray, Picture


@dataclass(frozen=True, slots=True)
class RenderSettings:
    """What an offline render needs. size: (width, height)."""

    preset: Preset
    model: Path
    size: tuple[int, int]
    fps: float
    cache: Path
    backend: str = ""


def read_sound(path: Path, seconds: float = 0.0, tell: Callable[[str], None] = lambda remark: None) -> FloatArray:
    """A whole sound file, or its first ``seconds``, at 48 kHz, shape (n, 2).

    tell: is given a sentence for each thing the user should know of it. Raises SoundFileError.
    """
    with open_sound(path) as sound, warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always", SoundFileWarning)
        block = sound.read(int(seconds * sound.rate) if seconds else -1)
        for remark in (*remarks(sound), *(str(warning.message) for warning in noted)):
            tell(remark)
        if is_silent(block):
            tell(on_silence(sound.path, seconds if len(block) < sound.frames else 0.0))
        return Resampler(sound.rate, block.shape[1]).push(block, last=True)


def open_stream(settings: RenderSettings) -> Stream:
    """The stream that paints, its model loaded; raises ModelError or BackendError."""
    info = inspect(settings.model)
    networks = open_networks(info, settings.size, settings.backend, settings.cache)
    return Stream(info, networks)


def render(
    sound: FloatArray,
    stream: Stream,
    settings: RenderSettings,
    recorder: Recorder | None,
    each: Callable[[int, int, Picture], None] = lambda done, total, picture: None,
) -> None:
    """Paint a picture for every frame of ``sound`` (n, 2) at 48 kHz and hand both to the recorder, if there is one.

    A frame at time t answers to the sound before t + one frame: what will be heard while it is on the screen.
    ``each(done, total, picture)`` is called after every frame; an exception from it ends the render.
    """
    stream.set_prompt(settings.preset.prompt)
    modulator = Modulator(settings.preset.numbers(), settings.preset.routes)
    analyzer = Analyzer()
    limiter = FlashLimiter()
    total = max(1, int(len(sound) * settings.fps / SAMPLE_RATE))
    heard_to = 0
    for number in range(total):
        until = min(len(sound), round((number + 1) * SAMPLE_RATE / settings.fps))
        block = sound[heard_to:until]
        for heard in analyzer.push(block):
            modulator.push(heard)
        if recorder is not None:
            recorder.sound(block, heard_to / SAMPLE_RATE)
        heard_to = until
        time = number / settings.fps
        picture = limiter.limit(stream.paint(modulator.at(until).values, None, time), time)
        if recorder is not None:
            recorder.video(picture, time)
        each(number + 1, total, picture)
