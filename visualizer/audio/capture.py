"""The capture process: one sound source into the ring, and nothing else.

``python -m visualizer.audio.capture --ring PATH --source device:NAME|file:PATH`` says what happens as JSON lines on
stdout and exits when its stdin closes, which is when the app that started it is gone. It imports no more than it needs,
so that PortAudio's callback never waits for the interpreter, and so that it may be killed and replaced at any moment.

Events: ``ready`` (the source works and ``go`` on stdin is awaited), ``open`` (rate, channels, device), ``lost``,
``back`` (as ``open``), ``error`` (message, fatal), ``warning`` (message), ``end``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from visualizer.audio.devices import (
    MAX_CHANNELS,
    Device,
    DeviceError,
    find_input,
    is_default,
    portaudio,
    refresh,
    stream_settings,
)
from visualizer.audio.ring import RingError, SoundRing
from visualizer.child import leave_interrupts_to_the_app

FloatArray = npt.NDArray[np.float32]

BLOCK_FRAMES = 256
FILE_BLOCK_MS = 5
RETRY_S = 0.25
"""How often a lost device is looked for."""
FIRST_RETRY_S = 1.0
"""How often a device is looked for that has not been there yet."""
SILENT_S = 2.0
"""A device that calls back no more, yet claims to be active, is reopened after this long."""
OPEN_GRACE_S = 5.0
"""How long opening a device may take before the app counts the process as hung."""
SILENT_START_S = 10.0
"""A file in which nothing has been heard for so long, it is said of."""
BEAT_S = 0.1
GAP_S = 0.5
"""Sound that comes this much later than its place in the ring has a gap before it, whatever the device says."""
CLOCK_GAIN = 0.01
"""How much of a block's deviation moves the clock: device times jitter by milliseconds, their clock drifts by ppm. The
first blocks after a gap count for more, as in a running mean."""

FILE_ERROR, RING_ERROR, PORTAUDIO_ERROR = 3, 4, 5


class TimedWriter:
    """Writes blocks so that the frame count keeps in step with time: what was not heard becomes silence.

    Safe to call from PortAudio's thread and another one. Carries on from what a former writer left in the ring.
    """

    def __init__(self, ring: SoundRing) -> None:
        self.ring = ring
        self._lock = threading.Lock()
        written = ring.captured_at(ring.written)
        self._next_time = None if math.isnan(written) else written
        self._gap_before = True
        self._blocks = 0
        self._rate = 0

    def start(self, rate: int, channels: int) -> None:
        """Before the first block and after each interruption. Raises ValueError for a format beyond the ring's."""
        with self._lock:
            self.ring.set_format(rate, channels)
            self._rate = rate
            self._gap_before = True

    def write(self, block: FloatArray, adc_time: float, overflow: bool = False) -> None:
        """Append a block, shape (frames, channels), heard at ``adc_time``, monotonic seconds, by the device's account.

        overflow: the device says that frames before this block were dropped.
        """
        with self._lock:
            late = 0.0 if self._next_time is None else adc_time - self._next_time
            if overflow:
                self.ring.count(overflows=1)
            self._blocks = 1 if self._gap_before else self._blocks + 1
            if self._next_time is None or late < -GAP_S:
                self._next_time = adc_time
            elif self._gap_before or late > GAP_S:
                self.ring.count(gap=self._silence(late))
            elif overflow:
                self.ring.count(lost=self._silence(late))
            else:
                self._next_time += max(CLOCK_GAIN, 1 / self._blocks) * late
            self._gap_before = False
            self.ring.write(block, self._next_time)
            self._next_time += len(block) / self._rate

    def silence_until(self, moment: float) -> None:
        """Fill up with silence to ``moment``, monotonic seconds, for a device that delivers nothing in silence."""
        with self._lock:
            if self._next_time is not None and moment > self._next_time:
                self._silence(moment - self._next_time)

    def _silence(self, seconds: float) -> int:
        assert self._next_time is not None
        frames = max(0, round(seconds * self._rate))
        self.ring.write_silence(frames, self._next_time)
        self._next_time += frames / self._rate
        return frames


class Parent:
    """What the app says on stdin: ``go`` (with ``--wait``), and, by closing it, that it is gone."""

    def __init__(self, wait: bool) -> None:
        self.gone = threading.Event()
        self.go = threading.Event()
        if not wait:
            self.go.set()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while os.read(0, 64):
                self.go.set()
        self.gone.set()
        self.go.set()
        # PortAudio may hang for ever in a call of the main thread.
        time.sleep(1)
        os._exit(0)


def say(event: str, **details: Any) -> None:
    """One event as a JSON line on stdout."""
    try:
        sys.stdout.write(json.dumps({"event": event, **details}) + "\n")
        sys.stdout.flush()
    except OSError:
        os._exit(0)


class DeviceCapture:
    """Listens to one device for as long as the app lives, through every loss of it."""

    def __init__(self, wanted: str, ring: SoundRing, parent: Parent, writer: int) -> None:
        self.wanted = wanted
        self.ring = ring
        self.parent = parent
        self.number = writer
        self.device: Device | None = None
        self._writer: TimedWriter | None = None
        self._ended = threading.Event()
        self._stream: Any = None
        self._offset = 0.0  # from the stream's clock to the monotonic one, seconds
        self._called_at = 0.0

    def run(self) -> int:
        """Until the app is gone. Raises DeviceError only where PortAudio itself is missing."""
        sd = portaudio()
        complaint = ""
        opened_before = False
        if self.parent.go.is_set():
            self.ring.claim(self.number)
        while not self.parent.gone.is_set():
            self._beat(OPEN_GRACE_S)
            try:
                self._open(sd)
            except (DeviceError, sd.PortAudioError, ValueError) as error:
                message = str(error) if isinstance(error, DeviceError) else self._sentence(error)
                if message != complaint and not opened_before:
                    say("error", message=message, fatal=False)
                complaint = message
            else:
                details = self._begin()
                if details:
                    say("back" if opened_before else "open", **details)
                    opened_before = True
                    self._listen()
                    if self.parent.gone.is_set():
                        break
                    say("lost")
            self._beat()
            self._close()
            self.parent.gone.wait(RETRY_S if opened_before else FIRST_RETRY_S)
            self._beat(OPEN_GRACE_S)
            with contextlib.suppress(sd.PortAudioError):
                refresh()
        self._close()
        return 0

    def _sentence(self, error: Exception) -> str:
        name = self.device.label if self.device else self.wanted
        text = str(error).rstrip(".").replace("\n", " ")
        return f"The sound input {name!r} does not open ({text}); free it in other programs, or choose another."

    def _beat(self, grace: float = 0.0) -> None:
        if self._writer is not None or (self.parent.go.is_set() and self.ring.writer == self.number):
            self.ring.beat(grace)

    def _open(self, sd: Any) -> None:
        # After a loss the very device that was open is awaited, not whatever resembles the name now; the system's
        # default is whatever it is now.
        device = self.device if self.device and not is_default(self.wanted) else find_input(self.wanted)
        settings = stream_settings(device)
        self._ended.clear()
        self._stream = sd.InputStream(
            **settings,
            blocksize=BLOCK_FRAMES,
            latency="low",
            callback=self._heard,
            finished_callback=self._ended.set,
        )
        self.device = device
        self._measure_offset()
        self._stream.start()

    def _begin(self) -> dict[str, Any]:
        """Let sound into the ring, once the app says so; what to tell of the stream. Nothing if the app is gone."""
        rate, channels = round(self._stream.samplerate), self._stream.channels
        assert self.device is not None
        if not self.parent.go.is_set():
            say("ready")
            self.parent.go.wait()
        if self.parent.gone.is_set():
            return {}
        if self._writer is None:
            self.ring.claim(self.number)
        writer = self._writer or TimedWriter(self.ring)
        writer.start(rate, channels)
        self._called_at = time.perf_counter()
        self._writer = writer
        return {"rate": rate, "channels": channels, "device": self.device.label, "latency": self._stream.latency}

    def _measure_offset(self) -> None:
        best = math.inf
        for _ in range(5):
            before = time.perf_counter()
            there = self._stream.time
            after = time.perf_counter()
            if after - before < best:
                best = after - before
                self._offset = (before + after) / 2 - there

    def _listen(self) -> None:
        """Until the stream ends, falls silent for SILENT_S without cause, or the app is gone."""
        assert self.device is not None and self._writer is not None
        quiet_is_normal = self.device.is_loopback and self.device.hostapi == "Windows WASAPI"
        rounds = 0
        while not self.parent.gone.is_set() and not self._ended.wait(BEAT_S) and self._stream.active:
            self.ring.beat()
            rounds += 1
            if rounds % 10 == 0:
                self._measure_offset()
            quiet = time.perf_counter() - self._called_at
            if quiet_is_normal and quiet > 2 * BEAT_S:
                self._writer.silence_until(time.perf_counter() - 2 * BEAT_S)
            elif quiet > SILENT_S and not quiet_is_normal:
                return

    def _heard(self, block: FloatArray, frames: int, times: Any, status: Any) -> None:
        """PortAudio's callback."""
        now = time.perf_counter()
        self._called_at = now
        if self._writer is None:
            return
        length = frames / self._stream.samplerate
        at = times.inputBufferAdcTime + self._offset
        if not now - 2.0 < at < now + 0.1:
            # Some back ends leave the time stamp at zero or count from an epoch of their own.
            at = now - length - self._stream.latency
        # ALSA's plug-ins stamp sound up to a period ahead of when it was there to be had.
        self._writer.write(block, min(at, now - length), status.input_overflow)

    def _close(self) -> None:
        # Starting a stream again that a dead server left behind hangs for ever; closing it works.
        stream, self._stream = self._stream, None
        if stream is not None:
            with contextlib.suppress(Exception):
                stream.close()


def play_file(path: str, ring: SoundRing, parent: Parent, number: int, loop: bool, resume: bool) -> int:
    """Play a sound file into the ring as if a device heard it now, in blocks of FILE_BLOCK_MS on an absolute schedule.

    resume: go on where a former process would be by now. Raises SoundFileError for a file that cannot be read.
    """
    from visualizer.audio.downmix import stereo
    from visualizer.audio.files import SoundFileWarning, open_sound
    from visualizer.audio.remarks import is_silent, on_silence, remarks

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
        ring.set_format(rate, channels)
        now = time.perf_counter()
        begun = ring.captured_at(ring.written)
        if not math.isnan(begun) and begun < now:
            missed = round((now - begun) * rate)
            ring.write_silence(missed, begun)
            ring.count(gap=missed)
            begun += missed / rate
        else:
            begun = now
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


def main(arguments: list[str] | None = None) -> int:
    """Run the capture process; the exit status is 0 unless the source can never work."""
    parser = argparse.ArgumentParser(prog="python -m visualizer.audio.capture", description=__doc__)
    parser.add_argument("--ring", required=True, help="the ring's file, which the app has made")
    parser.add_argument("--source", required=True, help="device:NAME, device: for the default input, or file:PATH")
    parser.add_argument("--once", action="store_true", help="play a file once")
    parser.add_argument("--loop", action="store_false", dest="once", help="play a file over and over (default)")
    parser.add_argument("--resume", action="store_true", help="go on in a file where a former process would be now")
    parser.add_argument("--wait", action="store_true", help="leave the ring alone until a line comes on stdin")
    parser.add_argument("--writer", type=int, default=1, help="the number by which the ring knows this process")
    options = parser.parse_args(arguments)
    leave_interrupts_to_the_app()
    parent = Parent(options.wait)
    kind, _, name = options.source.partition(":")
    try:
        with SoundRing.open(options.ring) as ring:
            if kind == "device":
                return DeviceCapture(name, ring, parent, options.writer).run()
            if kind == "file":
                return play_file(name, ring, parent, options.writer, not options.once, options.resume)
            say("error", message=f"The source {options.source!r} is neither device:NAME nor file:PATH.", fatal=True)
            return 2
    except RingError as error:
        say("error", message=str(error), fatal=True)
        return RING_ERROR
    except DeviceError as error:
        say("error", message=str(error), fatal=True)
        return PORTAUDIO_ERROR
    except ValueError as error:
        say("error", message=str(error), fatal=True)
        return FILE_ERROR


if __name__ == "__main__":
    sys.exit(main())
