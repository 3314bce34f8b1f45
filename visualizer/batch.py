"""``visualizer render``: one sound or many into videos, each of which goes on where it was interrupted."""

from __future__ import annotations

import hashlib
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from types import FrameType

import numpy as np
from tqdm import tqdm

from engines.backends import Networks
from engines.model import ModelInfo
from engines.tpos import Published
from visualizer.control.track import Track
from visualizer.failures import is_expected
from visualizer.measure.soundtrack import Soundtrack
from visualizer.offline import RenderSettings, Steps, open_ear, open_model, open_picture, play, read_sound
from visualizer.output.recorder import FORMATS, Recorder, kind_of
from visualizer.painters import LivePainter, Painter, PublishedPainter
from visualizer.preset import Preset
from visualizer.segments import SEGMENT_S
from visualizer.snapshots import HOP_SAMPLES, SAMPLE_RATE, FloatArray, Picture
from visualizer.steps import FromSound, FromTrack
from visualizer.unfinished.digest import digest
from visualizer.unfinished.part import Part

ENDING = ".mp4"
"""Of videos that are named after their sounds."""

Tell = Callable[[str], None]


class BatchError(RuntimeError):
    """Renders that cannot be; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Method:
    """How pictures are painted. published: the published method's settings, None for the live method.

    segment_s: how long a segment of the published method is. track: the live set to play again, instead of a look; evenly:
    at the settings' frame rate rather than in the set's own frames.
    """

    published: Published | None = None
    segment_s: float = SEGMENT_S
    track: Track | None = None
    evenly: bool = False


def outputs_of(inputs: Sequence[Path], output: Path) -> list[Path]:
    """The video of each sound: ``output`` itself for a single one, else named after the sound in the folder ``output``.

    Raises BatchError where two would be one file, or a video is named where a folder is needed, and RecordingError for a
    name that is no video's.
    """
    if len(inputs) == 1 and not output.is_dir():
        kind_of(output)
        return [output]
    if output.suffix.lower() in FORMATS and not output.is_dir():
        raise BatchError(f"{len(inputs)} sounds do not go into one video {output}: name a folder for their videos")
    videos = [output / f"{sound.stem}{ENDING}" for sound in inputs]
    for number, video in enumerate(videos):
        if video in videos[:number]:
            other = inputs[videos.index(video)]
            raise BatchError(f"{other} and {inputs[number]} would both become {video}: rename one of them")
    return videos


class Batch:
    """Renders sounds with one look and one model. seconds: of each sound, 0 for all of it. tell: takes sentences."""

    def __init__(self, settings: RenderSettings, method: Method, seconds: float, tell: Tell) -> None:
        if method.published is not None and settings.picture:
            raise BatchError("the published method begins every picture from noise: leave out --picture, or --method tpos")
        if method.published is not None and settings.encoder is None:
            raise BatchError("the published method needs a sound encoder: give its folder with --encoder")
        if method.track is not None:
            header = method.track.header
            look = Preset(method.track.path.stem, "", header.values)
            settings = replace(settings, preset=look, fps=settings.fps if method.evenly else header.fps)
        self._settings, self._method, self._seconds, self._tell = settings, method, seconds, tell
        self._opened: tuple[ModelInfo, Networks] | None = None

    def run(self, inputs: Sequence[Path], output: Path) -> int:
        """Render every sound and give how many could not be, each of which is told; of a single one the error is raised.

        KeyboardInterrupt, which SIGTERM raises, too, ends it. Raises BatchError for names that cannot be.
        """
        videos, parts, failed = outputs_of(inputs, output), list[Part](), 0
        if len(inputs) > 1:
            _make_folder(output)
        with _ended_by_sigterm():
            for number, (sound, video) in enumerate(zip(inputs, videos, strict=True), 1):
                try:
                    label = f"{number}/{len(inputs)} {sound.name}" if len(inputs) > 1 else None
                    parts.append(self._render(sound, video, label))
                except Exception as error:
                    if len(inputs) == 1 or not is_expected(error):
                        raise
                    self._tell(f"visualizer: {error}")
                    failed += 1
            for part in parts:  # not before: a batch that is interrupted must not begin anew
                part.clear()
        return failed

    def _render(self, file: Path, video: Path, label: str | None) -> Part:
        settings = self._settings
        sound = self._sound(file)
        steps, painter = self._steps(sound), self._painter()
        about = {**painter.about(), "track": self._track_digest()}
        part = Part(video, digest(sound, settings.preset, settings.size, settings.fps, about), self._tell)
        if part.finished:
            self._tell(f"{video} is whole already.")
            return part
        known, total, reached = part.count, len(steps), 0
        try:
            recorder = Recorder(part.video, settings.size, settings.fps, drop=False)
            try:
                with tqdm(unit="frame", total=total, desc=label) as bar:

                    def each(done: int, total: int, picture: Picture) -> None:
                        nonlocal reached
                        reached = done
                        bar.update()
                        _check(recorder, video)

                    play(steps, painter, settings.preset, recorder, each, part)
            finally:
                recorder.close()
            _check(recorder, video)
            part.finish()
        except BaseException as end:
            part.leave()
            if isinstance(end, KeyboardInterrupt):
                done = max(known, reached)
                self._tell(f"Interrupted after {done} of {total} frames of {video}: the same command goes on there.")
            raise
        return part

    def _sound(self, file: Path) -> FloatArray:
        """The sound of a file, which may be a recording of the show."""
        if file.suffix.lower() not in FORMATS:
            return read_sound(file, self._seconds, self._tell)
        hops = Soundtrack(file).hops()
        most = int(self._seconds * SAMPLE_RATE / HOP_SAMPLES) or None
        return np.concatenate([np.zeros((0, 2), np.float32), *islice(hops, most)])

    def _steps(self, sound: FloatArray) -> Steps:
        method, settings = self._method, self._settings
        if method.track is None:
            return FromSound(sound, settings.preset, settings.fps)
        return FromTrack(method.track, sound, settings.fps if method.evenly else None)

    def _track_digest(self) -> str:
        track = self._method.track
        return "" if track is None else hashlib.sha256(track.path.read_bytes()).hexdigest()

    def _painter(self) -> Painter:
        """A fresh one; the model is loaded once.

        Raises ModelError, BackendError, EncoderError, BankError or PictureError.
        """
        settings, published = self._settings, self._method.published
        first, picture = self._opened is None, open_picture(settings)
        if self._opened is None:
            self._opened = open_model(settings)
        info, networks = self._opened
        ear = open_ear(settings, info, networks)
        if first and ear is not None:
            for remark in ear.left_out:
                self._tell(remark)
        if published is None:
            return LivePainter(info, networks, ear, picture)
        assert ear is not None
        return PublishedPainter(info, networks, ear, published, self._method.segment_s)


def _check(recorder: Recorder, video: Path) -> None:
    if recorder.error:
        raise BatchError(f"{video} cannot be written ({recorder.why}): mend that, and the same command goes on")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as failure:
        why = failure.strerror or failure
        raise BatchError(f"there can be no folder {folder} for the videos ({why}): name another") from None


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """SIGTERM ends what runs inside as Ctrl-C does, so that what is painted is kept."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
