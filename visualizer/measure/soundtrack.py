"""The sound of a video or of a sound file, at 48 kHz and two channels, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from visualizer.audio.resample import Resampler
from visualizer.measure.reading import open_media, opening
from visualizer.media import best_stream, decode
from visualizer.snapshots import HOP_SAMPLES, FloatArray

JITTER_S = 0.02
"""Sound this near to where the last block ended follows it without a gap: time stamps are rounded."""

LONGEST_GAP_S = 3600.0
"""A longer gap is taken for a broken time stamp."""

LOUDEST = 16.0
"""Samples beyond ±this (24 dB over full scale) are cut: no sound card gives them, a broken file does."""


class Soundtrack:
    """A file's sound. It may be read more than once, and is never held in memory as a whole.

    path: any file that FFmpeg reads. start: when its first sample sounds on the file's own clock, s. seconds: its length
    as the file says, None where it does not. Raises MeasureError where there is no sound.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        lacks = f"{path} has no sound; name a file that has with --audio FILE."
        broken = f"The sound of {path} cannot be decoded; convert it to FLAC and give it with --audio."
        _, self.start, self.seconds = opening(path, "audio", lacks, broken)

    def hops(self) -> Iterator[FloatArray]:
        """The sound in hops of shape (HOP_SAMPLES, 2), finite; what is left at the end is left out."""
        left = np.zeros((0, 2), np.float32)
        for block in self._blocks():
            left = np.concatenate([left, block])
            whole = len(left) // HOP_SAMPLES
            for i in range(whole):
                yield left[i * HOP_SAMPLES : (i + 1) * HOP_SAMPLES]
            left = left[whole * HOP_SAMPLES :]

    def _blocks(self) -> Iterator[FloatArray]:
        resampler: Resampler | None = None
        ends = self.start
        with open_media(self.path) as container:
            for frame in decode(container, best_stream(container, "audio")):
                rate = frame.sample_rate
                if resampler is None or rate != resampler.rate_in:
                    if resampler is not None:
                        yield resampler.push(np.zeros((0, 2), np.float32), last=True)
                    resampler = Resampler(rate, 2)
                sound = _stereo(frame)
                gap = float(frame.time) - ends if frame.time is not None else 0.0
                if JITTER_S < gap < LONGEST_GAP_S:
                    for _ in range(int(gap)):
                        yield resampler.push(np.zeros((rate, 2), np.float32))
                    yield resampler.push(np.zeros((round(gap % 1 * rate), 2), np.float32))
                    ends += gap
                elif gap < -JITTER_S:
                    sound = sound[round(-gap * rate) :]
                ends += len(sound) / rate
                yield resampler.push(sound)
        if resampler is not None:
            yield resampler.push(np.zeros((0, 2), np.float32), last=True)


def _stereo(frame: Any) -> FloatArray:
    """A decoded frame as float32 of shape (n, 2), full scale ±1; what is not a number becomes 0.

    Of more than two channels, every other one goes to the left and the rest to the right, so that all are heard.
    """
    samples = frame.to_ndarray()
    channels = frame.layout.nb_channels
    if not frame.format.is_planar:
        samples = samples.reshape(-1, channels).T
    sound: FloatArray = samples.astype(np.float32)
    if samples.dtype.kind == "u":
        sound = sound / np.float32(128) - np.float32(1)
    elif samples.dtype.kind == "i":
        sound = sound / np.float32(-float(np.iinfo(samples.dtype).min))
    np.nan_to_num(sound, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    np.clip(sound, -LOUDEST, LOUDEST, out=sound)
    if channels == 1:
        return np.repeat(sound.T, 2, axis=1)
    sides = np.stack([sound[0::2].mean(axis=0), sound[1::2].mean(axis=0)], axis=1)
    return np.asarray(sides, np.float32)


