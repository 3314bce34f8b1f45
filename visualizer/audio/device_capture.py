"""One sound input into the ring, through every loss of it."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from typing import Any

from visualizer.audio.devices import Device, DeviceError, find_input, is_default, portaudio, refresh, stream_settings
from visualizer.audio.parent import BEAT_S, Parent, say
from visualizer.audio.ring import FloatArray, SoundRing
from visualizer.audio.timed_writer import TimedWriter

BLOCK_FRAMES = 256
RETRY_S = 0.25
"""How often a lost device is looked for."""
FIRST_RETRY_S = 1.0
"""How often a device is looked for that has not been there yet."""
SILENT_S = 2.0
"""A device that calls back no more, yet claims to be active, is reopened after this long."""
OPEN_GRACE_S = 5.0
"""How long opening a device may take before the app counts the process as hung."""


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
