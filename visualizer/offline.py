"""The offline render: the same objects as in the show in one loop, exact and repeatable, to a file."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from engines.backends import Build, Networks, open_networks
from engines.model import ModelInfo, inspect
from engines.state import State
from visualizer.audio.files import SoundFileWarning, open_sound
from visualizer.audio.remarks import is_silent, on_silence, remarks
from visualizer.audio.resample import Resampler
from visualizer.encoder.ear import Ear
from visualizer.output.flash import FlashLimiter
from visualizer.output.recorder import Recorder
from visualizer.painters import LivePainter, Painter
from visualizer.picture_source.errors import PictureError
from visualizer.picture_source.fitting import to_size
from visualizer.picture_source.opening import PictureFile, is_camera, open_file
from visualizer.preset import Preset
from visualizer.snapshots import FloatArray, Picture
from visualizer.steps import FromSound, Step


@dataclass(frozen=True, slots=True)
class RenderSettings:
    """What an offline render needs. size: (width, height).

    encoder: folder of the sound encoder that leads what is painted, None for none. banks: folder of the user's own texts.
    styles: LoRA files whose weights the look moves. picture: the video or picture file that the live method paints over, ""
    for none. batch: slots of the stream.
    """

    preset: Preset
    model: Path
    size: tuple[int, int]
    fps: float
    cache: Path
    backend: str = ""
    encoder: Path | None = None
    banks: Path | None = None
    styles: tuple[Path, ...] = ()
    picture: str = ""
    batch: int = 1


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


def open_painter(settings: RenderSettings) -> LivePainter:
    """The live method, its model and encoder loaded.

    Raises ModelError, BackendError, EncoderError, BankError or PictureError.
    """
    info, networks = open_model(settings)
    return LivePainter(info, networks, open_ear(settings, info, networks), open_picture(settings))


def open_model(settings: RenderSettings) -> tuple[ModelInfo, Networks]:
    """The model, and its networks, which see if there is a picture to paint over. Raises ModelError or BackendError."""
    info = inspect(settings.model)
    build = Build(settings.styles, bool(settings.picture), settings.batch)
    return info, open_networks(info, settings.size, settings.backend, settings.cache, build)


def open_picture(settings: RenderSettings) -> PictureFile | None:
    """What is painted over, from its beginning, if there is something. Raises PictureError."""
    if is_camera(settings.picture):
        raise PictureError("a camera shows the present, which no render can wait for; record it, and give its file")
    return open_file(settings.picture, to_size(settings.size)) if settings.picture else None


def open_ear(settings: RenderSettings, info: ModelInfo, networks: Networks) -> Ear | None:
    """A fresh ear for the sound encoder, if there is one. Raises EncoderError and BankError."""
    return Ear(settings.encoder, settings.banks, info, networks, settings.cache) if settings.encoder else None


class Steps(Protocol):
    """What a render goes through: ``visualizer.steps`` has them. sound: (n, 2) at 48 kHz, from the first frame on."""

    @property
    def sound(self) -> FloatArray: ...

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Step]: ...


class Kept(Protocol):
    """Pictures that were painted before, from the first on; new ones are given to it."""

    @property
    def count(self) -> int:
        """How many there are."""
        ...

    @property
    def state(self) -> State:
        """The painter's after them."""
        ...

    def pictures(self) -> Iterator[Picture]:
        """Them, in order."""
        ...

    def keep(self, picture: Picture, state: State) -> None:
        """Take the next picture and the painter's state after it."""
        ...


def render(
    sound: FloatArray,
    painter: Painter,
    settings: RenderSettings,
    recorder: Recorder | None,
    each: Callable[[int, int, Picture], None] = lambda done, total, picture: None,
    kept: Kept | None = None,
) -> None:
    """Paint a picture for every frame of ``sound`` (n, 2) at 48 kHz, as ``play`` does."""
    play(FromSound(sound, settings.preset, settings.fps), painter, settings.preset, recorder, each, kept)


def play(
    steps: Steps,
    painter: Painter,
    preset: Preset,
    recorder: Recorder | None,
    each: Callable[[int, int, Picture], None] = lambda done, total, picture: None,
    kept: Kept | None = None,
) -> None:
    """Paint a picture for every step and hand it and the step's sound to the recorder, if there is one.

    ``each(done, total, picture)`` is called after every frame; an exception from it ends the render. Pictures that are kept
    are not painted again: what is heard and how sound moves the controls is followed anew, which costs little.
    """
    painter.begin(preset, steps.sound)
    limiter = FlashLimiter()
    known = kept.count if kept is not None else 0
    pictures = kept.pictures() if kept is not None else iter(())
    said = preset.prompts
    for number, step in enumerate(steps):
        if recorder is not None:
            recorder.sound(step.sound, step.sound_at)
        if step.prompts != said:
            said = step.prompts
            painter.say(said, step.fade_s)
        painter.hear(step.mel, step.dt)
        if number < known:
            picture = next(pictures)
        else:
            if kept is not None and number == known > 0:
                painter.restore(kept.state)
            picture = painter.paint(step.controls, step.time)
            if kept is not None:
                kept.keep(picture, painter.state())
        picture = limiter.limit(picture, step.shown)
        if recorder is not None:
            recorder.video(picture, step.shown)
        each(number + 1, len(steps), picture)
