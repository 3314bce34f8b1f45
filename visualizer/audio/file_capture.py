"""A sound file into the ring, as if a device heard it now."""

from __future__ import annotations

import math
import time
import warnings
from pathlib import Path

import numpy as np

from visualizer.audio.devices import MAX_CHANNELS
from visualizer.audio.downmix import stereo
from visualizer.audio.files import SoundFileWarning, open_sound
from visualizer.audio.parent import BEAT_S, Parent, say
from visualizer.audio.remarks import is_silent, on_silence, remarks
from visualizer.audio.ring import SoundRing

FILE_BLOCK_MS = 5
SILENT_START_S = 10.0
"""A file in which nothing has been heard for so long, it is said of."""


def play_file(path: str, ring: SoundRing, parent: Parent, number: int, loop: bool, resume: bool) -> int:
    """Play a sound file into the ring as if a device heard it now, in blocks of FILE_BLOCK_MS on an absolute schedule.

    resume: go on where a former process would be by now. Raises SoundFileError for a file that cannot be read.
    """
    with open_sound(path) as sound, warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always", SoundFileWarning)
        sound.read(1)
        if not parent.go.is_set():
            say("ready")
            parent.go.wait()
        if parent.gone.is_set():
            return 0
        rate, channels = sound.rate, min(sound.channels, MAX_CHANNELS)
        ring.claim(number)
        begun = _take_up(ring, rate, channels)
        if not resume:
            ring.set_origin(ring.written)
        position = ring.written - ring.origin
        if loop:
            position %= sound.frames
        sound.seek(min(max(0, position), sound.frames))
        say("open", rate=rate, channels=channels, device=Path(path).name)
        for remark in remarks(sound):
            say("warning", message=remark)
        silent = True  # so far
        block_frames = max(1, rate * FILE_BLOCK_MS // 1000)
        played = 0
        next_beat = 0.0
        while not parent.gone.is_set():
            block = sound.read(block_frames)
            if noted:
                say("warning", message=str(noted.pop().message))
            if silent:
                silent = is_silent(block)
                ended = len(block) < block_frames
                if silent and (ended or played >= SILENT_START_S * rate):
                    say("warning", message=on_silence(sound.path, 0.0 if ended else SILENT_START_S))
                    silent = False  # said
            if loop and len(block) < block_frames:
                sound.seek(0)
                block = np.concatenate([block, sound.read(block_frames - len(block))])
            if not len(block):
                say("end")
                return 0
            at = begun + played / rate
            due = at + len(block) / rate
            wait = due - time.perf_counter()
            if wait > 0:
                time.sleep(wait)
            elif wait < -1.0:
                # The machine slept: go on from now, the time that passed is silence.
                missed = round(-wait * rate)
                ring.write_silence(missed, at)
                ring.count(gap=missed)
                played += missed
                at += missed / rate
                ring.set_origin(ring.origin + missed)
            ring.write(block if channels == sound.channels else stereo(block), at)
            played += len(block)
            if at > next_beat:
                ring.beat()
                next_beat = at + BEAT_S
    return 0


def _take_up(ring: SoundRing, rate: int, channels: int) -> float:
    """Fill the ring up to now, after whatever wrote to it before; when its next frame sounds, in monotonic seconds."""
    ring.set_format(rate, channels)
    now = time.perf_counter()
    begun = ring.captured_at(ring.written)
    if math.isnan(begun) or begun >= now:
        return now
    missed = round((now - begun) * rate)
    ring.write_silence(missed, begun)
    ring.count(gap=missed)
    return begun + missed / rate
