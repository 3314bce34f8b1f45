"""Record picture and sound to a file: H.264 and AAC in MP4, MOV or Matroska, through PyAV.

MP4 and MOV are *hybrid fragmented*: a fragment a second while recording, so that after a kill or on a full
disk all but the last second plays, and turned into an ordinary file on ``close``, which every editor takes.
``+faststart`` excludes that: its index exists only at the end. It serves streaming from the web, and a
file can be given it later without encoding again. Matroska survives being cut off by design.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import queue
import threading
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from visualizer.snapshots import SAMPLE_RATE, FloatArray, Picture

FORMATS = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska"}
CLOCK = 90_000
"""Ticks a second of the picture's time stamps."""
VIDEO_QUEUE = 16
SOUND_QUEUE = 1024
JITTER_S = 0.02
"""Sound blocks this near to where the last one ended follow it without a gap."""
SILENCE_AFTER_S = 2.0
"""Live, sound missing for longer than this is recorded as silence, so that the file does not wait for it."""


class RecordingError(RuntimeError):
    """Why a recording cannot start: one sentence with the file's name and what to do."""


def kind_of(path: Path) -> str:
    """The container that a video's name asks for, as FFmpeg calls it. Raises RecordingError."""
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise RecordingError(f"cannot record to {path}: give it a name that ends in one of {', '.join(FORMATS)}")
    return kind


def unwritable(path: Path, failure: OSError) -> RecordingError:
    """What to say of a video that cannot be begun where it is to lie."""
    return RecordingError(f"cannot record to {path} ({failure.strerror or failure}): choose a folder you may write to")


class _File(io.RawIOBase):
    """A file that after its first error only pretends to write, so that nothing on disk is touched again."""

    def __init__(self, path: Path) -> None:
        self.failure: OSError | None = None
        self._raw = path.open("wb", buffering=0)
        self._place = 0

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        rest = memoryview(data)
        try:
            while rest and not self.failure:
                rest = rest[self._raw.write(rest) :]
        except OSError as failure:
            self.failure = failure
        self._place += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if self.failure:
            self._place = offset + (self._place if whence == os.SEEK_CUR else 0)
        else:
            try:
                self._place = self._raw.seek(offset, whence)
            except OSError as failure:
                self.failure = failure
        return self._place

    def tell(self) -> int:
        return self._place

    def close(self) -> None:
        if not self.closed:
            try:
                self._raw.close()
            except OSError as failure:
                self.failure = self.failure or failure
        super().close()


class Recorder:
    """Write frames and sound to ``path`` on a thread of its own; time 0 is the start of the file.

    path: ``.mp4``, ``.mov`` or ``.mkv``; an existing file is replaced. size: (width, height) in pixels,
    padded to even; frames of another size are scaled to it. fps: nominal frames a second; each frame keeps
    its own time. quality: x264's constant rate factor, 0 (lossless) to 51. drop: live (True), frames that
    find the queue full are left out and counted in ``dropped``; offline (False), the caller waits.
    Raises RecordingError if the file cannot be started. Later failures raise nothing: ``error`` then holds
    one sentence and ``why`` its reason alone, the recording stops, and what was written plays.

    >>> with Recorder("show.mp4", size=(512, 512), fps=30) as recorder:   # doctest: +SKIP
    ...     recorder.video(frame, 0.0)
    ...     recorder.sound(block, 0.0)
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        size: tuple[int, int],
        fps: float,
        sample_rate: int = SAMPLE_RATE,
        channels: int = 2,
        quality: int = 20,
        drop: bool = True,
    ) -> None:
        self.path = Path(path)
        self.error: str | None = None
        self.why = ""
        self.dropped = 0
        self._drop, self._rate, self._channels = drop, sample_rate, channels
        self._size = (size[0], size[1])
        kind = kind_of(self.path)
        if min(size) < 1 or not 0 < fps <= 1000 or channels not in (1, 2) or not 0 <= quality <= 51:
            raise RecordingError(
                f"cannot record to {self.path}: it needs a size from 1 × 1, up to 1000 frames a second, "
                "1 or 2 channels and a quality from 0 to 51"
            )
        try:
            self._file = _File(self.path)
        except OSError as failure:
            raise unwritable(self.path, failure) from None
        try:
            self._open(kind, Fraction(fps).limit_denominator(1001), quality)
        except (av.FFmpegError, ValueError) as failure:
            self._file.close()
            raise RecordingError(
                f"cannot record to {self.path} ({failure}): choose another size or rate"
            ) from None
        self._last_tick = -1
        self._samples = 0  # sound encoded so far
        self._newest = 0.0
        self._closed = False
        self._jobs: queue.SimpleQueue[tuple[Picture | FloatArray, float, threading.Semaphore] | None]
        self._jobs = queue.SimpleQueue()
        self._video_room, self._sound_room = (
            threading.Semaphore(VIDEO_QUEUE),
            threading.Semaphore(SOUND_QUEUE),
        )
        self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)
        self._thread.start()

    def _open(self, kind: str, fps: Fraction, quality: int) -> None:
        flags = {"movflags": "hybrid_fragmented+frag_keyframe+delay_moov"} if kind != "matroska" else {}
        options = {**flags, "flush_packets": "1"}
        self._container = av.open(self._file, "w", format=kind, container_options=options)
        # No B-frames: decoding order is showing order, and a cut-off file loses no frame it has.
        x264 = {"preset": "veryfast", "crf": str(quality), "bf": "0", "g": str(max(1, round(fps)))}
        video = self._container.add_stream("libx264", rate=fps, options=x264)
        video.width, video.height = (side + side % 2 for side in self._size)
        video.pix_fmt = "yuv420p"
        video.codec_context.time_base = Fraction(1, CLOCK)
        video.codec_context.thread_count = 2  # the painter needs the other cores
        # Declared as what it is converted to below: BT.709, limited range.
        video.codec_context.color_primaries = video.codec_context.color_trc = (
            video.codec_context.colorspace
        ) = 1
        video.codec_context.color_range = 1
        sound = self._container.add_stream(
            "aac", rate=self._rate, layout="stereo" if self._channels == 2 else "mono"
        )
        sound.bit_rate = 96_000 * self._channels
        self._video, self._sound = video, sound
        self._container.start_encoding()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def video(self, frame: Picture, time: float) -> None:
        """Record a frame, uint8 RGB (H, W, 3), shown from ``time`` seconds; frames before 0 are left out."""
        if not self._put(frame, time, self._video_room):
            self.dropped += 1

    def sound(self, block: FloatArray, time: float) -> None:
        """Record float32 sound, shape (n, channels), full scale ±1, the first sample at ``time`` seconds.

        Gaps become silence, what overlaps earlier sound or lies before 0 is cut.
        """
        if len(block):
            self._put(block, time, self._sound_room)

    def _put(self, what: Picture | FloatArray, time: float, room: threading.Semaphore) -> bool:
        if self._closed or self.error:
            return True
        if not room.acquire(blocking=not self._drop):
            return False
        self._jobs.put((what.copy(), time, room))
        return True

    def close(self) -> None:
        """Write what is queued and finish the file; blocks until done. May be called twice."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            what, time, room = job
            try:
                if not self.error:
                    self._write(what, time)
                    self._check()
            except Exception as failure:  # a recorder must never take the show down
                self._stop(failure)
            room.release()
        try:
            if not self.error:
                self._container.mux(self._video.encode(None))
                self._container.mux(self._sound.encode(None))
                self._container.close()
                self._check()
        except Exception as failure:
            self._stop(failure)
        if self.error:
            with contextlib.suppress(Exception):
                self._container.close()
        self._file.close()

    def _check(self) -> None:
        if self._file.failure:
            raise self._file.failure

    def _stop(self, failure: Exception) -> None:
        """Say once why, and let nothing more reach the file: what it holds must stay playable."""
        cause = self._file.failure or failure
        self._file.failure = self._file.failure or OSError(errno.EIO, "stopped")
        if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT):
            why, advice = "the disk is full", "free some space"
        else:
            why, advice = str(cause) or type(cause).__name__, "check the folder"
        self.why = why
        self.error = (
            f"The recording {self.path} stopped at {self._newest:.1f} s ({why}): "
            f"what was written until then is kept, {advice} and start a new one."
        )

    def _write(self, what: Picture | FloatArray, time: float) -> None:
        if what.ndim == 3:
            self._write_frame(np.asarray(what, np.uint8), time)
        else:
            self._write_sound(np.asarray(what, np.float32).reshape(len(what), -1), time)
        self._newest = max(self._newest, time)

    def _write_frame(self, frame: Picture, time: float) -> None:
        if time < 0:
            return
        width, height = self._size
        if frame.shape[:2] != (height, width):
            way = cv2.INTER_AREA if frame.shape[0] > height else cv2.INTER_LINEAR
            frame = np.asarray(cv2.resize(frame, (width, height), interpolation=way), np.uint8)
        if width % 2 or height % 2:
            frame = np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), "edge")
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
        picture = picture.reformat(format="yuv420p", dst_colorspace="ITU709")
        self._last_tick = max(round(time * CLOCK), self._last_tick + 1)
        picture.pts, picture.time_base = self._last_tick, Fraction(1, CLOCK)
        self._container.mux(self._video.encode(picture))
        late = round((time - SILENCE_AFTER_S) * self._rate) - self._samples
        if self._drop and late > 0:
            self._encode_sound(np.zeros((late, self._channels), np.float32))

    def _write_sound(self, block: FloatArray, time: float) -> None:
        if block.shape[1] != self._channels:
            raise ValueError(f"sound came with {block.shape[1]} channels instead of {self._channels}")
        gap = round(time * self._rate) - self._samples
        if abs(gap) > JITTER_S * self._rate or self._samples == 0:
            if gap > 0:
                self._encode_sound(np.zeros((gap, self._channels), np.float32))
            elif gap < 0:
                block = block[-gap:]
        self._encode_sound(np.clip(np.nan_to_num(block), -1, 1))

    def _encode_sound(self, block: FloatArray) -> None:
        for start in range(0, len(block), self._rate):  # a long gap a second at a time
            part = np.ascontiguousarray(block[start : start + self._rate].T)
            layout = "stereo" if self._channels == 2 else "mono"
            sound = av.AudioFrame.from_ndarray(part, format="fltp", layout=layout)
            sound.sample_rate, sound.time_base = self._rate, Fraction(1, self._rate)
            sound.pts = self._samples
            self._samples += part.shape[1]
            self._container.mux(self._sound.encode(sound))
