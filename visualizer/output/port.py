"""An output to another program: a sink with a thread of its own, so that nobody's library can hold the show up."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from typing import Literal, Protocol

from visualizer.snapshots import SAMPLE_RATE, FloatArray, Frame, Picture

State = Literal["opening", "open", "failed", "closed"]

HOLD_SAMPLES = SAMPLE_RATE // 4
"""Sound waits for the picture it shaped, at most so long: with no pictures it goes on alone."""

MOST_SAMPLES = SAMPLE_RATE
"""What a port that hangs may leave lying; older sound is left out."""

CLOSE_S = 3.0


class PortError(RuntimeError):
    """Why another program's side cannot be used: one sentence that says what to do."""


class Port(Protocol):
    """The other program's side of an output. Every call comes from one thread, the output's own, so that what belongs to
    a thread (an OpenGL context) may be made in ``open``. Each call may take its time; all raise PortError or their
    library's errors."""

    name: str
    """What users call it, as a sentence begins."""

    takes_sound: bool

    def open(self) -> str:
        """Load the library and open; return what other programs list the picture as."""
        ...

    def picture(self, picture: Picture) -> None:
        """Send one picture, uint8 RGB (H, W, 3); the size may change between two."""
        ...

    def sound(self, block: FloatArray) -> None:
        """Send sound that follows the last, float32 (n, 2) at 48 kHz, n ≥ 1."""
        ...

    def close(self) -> None:
        """Give everything back; also after ``open`` has failed."""
        ...


class PortSink:
    """A ``Sink`` in front of a port: the newest picture wins, and sound leaves in order, with the picture it shaped.

    ``frame`` and ``sound`` only leave something lying for the thread. A frame's picture is not copied, because nothing
    writes to a frame once it is handed out. Picture and sound leave in step: other programs play what comes at once
    together, and the picture is later than the sound by all the time it took to paint.

    after: the sink that had the port's name before; the port is opened when that one has let go. state: "opening",
    "open", "failed" (``error`` says why) or "closed". where: what other programs list, once open.
    """

    def __init__(self, port: Port, after: PortSink | None = None) -> None:
        self.state: State = "opening"
        self.where = ""
        self.sent = self.dropped = self.lost_samples = 0
        self.busy_s = 0.0
        self._port, self._after = port, after
        self._error: str | None = None
        self._frame: Frame | None = None
        self._blocks: deque[tuple[int, FloatArray]] = deque()
        self._held = 0  # samples in _blocks
        self._shown = 0  # the sample up to which pictures have been sent
        self._ending = False
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._work, name=f"output {port.name}", daemon=True)
        self._thread.start()

    @property
    def error(self) -> str | None:
        """Why the output could not be opened or had to stop: one sentence."""
        return self._error

    def frame(self, frame: Frame) -> None:
        """Take one frame in place of one that still waits."""
        if self.state not in ("opening", "open"):
            return
        with self._news:
            if self._frame is not None:
                self.dropped += 1
            self._frame = frame
            self._news.notify()

    def sound(self, block: FloatArray, sample: int) -> None:
        """Take sound, shape (n, 2) at 48 kHz; ``sample`` is the index of its first sample."""
        if not self._port.takes_sound or self.state != "open" or not len(block):
            return
        with self._news:
            self._blocks.append((sample, block.copy()))
            self._held += len(block)
            while self._held > MOST_SAMPLES:
                lost = len(self._blocks.popleft()[1])
                self._held -= lost
                self.lost_samples += lost
            if self._held > HOLD_SAMPLES:
                self._news.notify()

    def end(self) -> None:
        """Let the thread close the port and end; does not wait for it."""
        with self._news:
            self._ending = True
            self._news.notify()

    def wait(self, seconds: float = CLOSE_S) -> bool:
        """Wait until the thread has ended; False where it has not: its library hangs."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def close(self) -> None:
        """Close the port; waits for it, a library that hangs is left behind after 3 s."""
        self.end()
        self.wait()

    def _work(self) -> None:
        try:
            if self._after is not None:
                self._after.wait()
                self._after = None
            self.where = self._port.open()
            self.state = "open"
            while (job := self._next()) is not None:
                frame, blocks = job
                begun = time.thread_time()
                for block in blocks:
                    self._port.sound(block)
                if frame is not None:
                    self._port.picture(frame.picture)
                    self.sent += 1
                self.busy_s += time.thread_time() - begun
        except PortError as failure:
            self._error = str(failure)
        except Exception as failure:  # another program's library must never take the show down
            why = " ".join(str(failure).split()) or type(failure).__name__
            self._error = f"{self._port.name} has stopped ({why}): switch it off and on again."
        with contextlib.suppress(Exception):
            self._port.close()
        with self._news:
            self._frame = None
            self._blocks.clear()
        self.state = "failed" if self._error else "closed"

    def _next(self) -> tuple[Frame | None, list[FloatArray]] | None:
        """What is to be sent next, as soon as there is something; None at the end."""
        with self._news:
            while not self._ending:
                frame, self._frame = self._frame, None
                if frame is not None:
                    self._shown = frame.sample
                blocks = []
                while self._blocks and (self._blocks[0][0] < self._shown or self._held > HOLD_SAMPLES):
                    blocks.append(self._blocks.popleft()[1])
                    self._held -= len(blocks[-1])
                if frame is not None or blocks:
                    return frame, blocks
                self._news.wait()
        return None
