"""The ring that carries sound from the capture process to everyone who listens: a memory-mapped file.

One writer, any number of readers, and no lock that a dying process could hold. The writer announces how far it is about
to write, copies the samples, then publishes the write index; a reader copies first and looks afterwards whether the
writer came too close meanwhile. Every published number is one aligned 8-byte word.

Frames are counted since the show began and the count outlives the writer: a replaced capture process goes on where the
last one stopped. All times are seconds of ``time.perf_counter()``, which on Linux, macOS and Windows is one system-wide
clock, so that times of different processes on one machine can be compared.
"""

from __future__ import annotations

import math
import mmap
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from visualizer.fence import fence

FloatArray = npt.NDArray[np.float32]

MAGIC = int.from_bytes(b"TPOSRING", "little")
VERSION = 1
HEADER_BYTES = 4096
TABLE_BLOCKS = 8192
"""Blocks whose capture time is remembered: 32 s of 256-frame blocks at 48 kHz, the quarter left alone deducted."""

# Indices of the header's 8-byte words.
_MAGIC, _VERSION, _DATA_BYTES, _SECONDS, _TABLE_BLOCKS = range(5)
_GENERATION, _WRITTEN, _RESERVED, _HEARTBEAT, _LOST, _GAP, _OVERFLOWS, _BLOCKS, _WRITER, _ORIGIN = range(8, 18)
_FORMATS = 32  # two slots of four words: rate, channels, first frame, capacity in frames
_FORMAT_WORDS = 4
_ENTRY_WORDS = 4  # of the block table: first frame, capture time, rate, unused


class RingError(OSError):
    """The ring's file cannot be used; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class RingFormat:
    """How the ring's samples are laid out from frame ``start`` on.

    generation: 0 before any format is known, then one more with every change. rate: frames a second. channels: samples
    a frame. capacity: frames that the ring holds.
    """

    generation: int
    rate: int
    channels: int
    start: int
    capacity: int


@dataclass(frozen=True, slots=True)
class RingStats:
    """The writer's counters. written, lost, gap: frames. overflows: flags raised by the device. heartbeat: seconds.

    lost: frames that the device dropped while it ran (overflow). gap: frames of silence that stand for the time in
    which there was no device or no capture process.
    """

    written: int
    lost: int
    gap: int
    overflows: int
    heartbeat: float


class SoundRing:
    """float32 frames, interleaved, at the device's own rate and channel count (capture keeps two channels at most).

    Open it with ``create`` (once, by the show) and ``open`` (in every other process); both are usable as context
    managers. The writer's methods must be called by one thread of one process at a time.
    """

    def __init__(self, mapping: mmap.mmap, path: Path) -> None:
        self.path = path
        self._map = mapping
        self._words = np.frombuffer(mapping, np.uint64, HEADER_BYTES // 8)
        self._floats = np.frombuffer(mapping, np.float64, HEADER_BYTES // 8)
        table_words = TABLE_BLOCKS * _ENTRY_WORDS
        self._table = np.frombuffer(mapping, np.uint64, table_words, HEADER_BYTES).reshape(-1, _ENTRY_WORDS)
        self._table_floats = np.frombuffer(mapping, np.float64, table_words, HEADER_BYTES).reshape(-1, _ENTRY_WORDS)
        self._data = np.frombuffer(mapping, np.float32, offset=HEADER_BYTES + 8 * table_words)
        self._view_of: RingFormat | None = None
        self._view: FloatArray = self._data[:0].reshape(0, 1)

    @classmethod
    def create(cls, path: str | Path, seconds: float = 30, max_rate: int = 192_000, max_channels: int = 8) -> SoundRing:
        """Make a new, empty ring of ``seconds`` at ``path``, replacing what is there.

        The file is sized for ``max_rate`` × ``max_channels`` float32 frames, but only pages that are written take
        memory: stereo at 48 kHz fills 11.5 MB of it in 30 s. Raises RingError where the file cannot be made.
        """
        path = Path(path)
        data_bytes = math.ceil(seconds * max_rate) * max_channels * 4
        size = HEADER_BYTES + TABLE_BLOCKS * _ENTRY_WORDS * 8 + data_bytes
        try:
            path.unlink(missing_ok=True)
            with path.open("w+b") as file:
                file.truncate(size)
                mapping = mmap.mmap(file.fileno(), size)
        except (OSError, ValueError) as error:
            raise RingError(f"The sound ring {path} cannot be made ({error}); name a folder that can be written.") from None
        ring = cls(mapping, path)
        ring._words[_VERSION] = VERSION
        ring._words[_DATA_BYTES] = data_bytes
        ring._floats[_SECONDS] = seconds
        ring._words[_TABLE_BLOCKS] = TABLE_BLOCKS
        fence()
        ring._words[_MAGIC] = MAGIC
        return ring

    @classmethod
    def open(cls, path: str | Path) -> SoundRing:
        """Map the ring at ``path``. Raises RingError where there is none."""
        path = Path(path)
        try:
            with path.open("r+b") as file:
                mapping = mmap.mmap(file.fileno(), 0)
        except (OSError, ValueError) as error:
            raise RingError(f"The sound ring {path} cannot be opened ({error}); start the show first.") from None
        if len(mapping) >= HEADER_BYTES:
            head = np.frombuffer(mapping, np.uint64, 8)
            fits = head[_MAGIC] == MAGIC and head[_VERSION] == VERSION and head[_TABLE_BLOCKS] == TABLE_BLOCKS
            fits = fits and len(mapping) == HEADER_BYTES + TABLE_BLOCKS * _ENTRY_WORDS * 8 + int(head[_DATA_BYTES])
            del head
            if fits:
                return cls(mapping, path)
        mapping.close()
        raise RingError(f"The file {path} is not a sound ring of this version; start the show again.")

    def close(self) -> None:
        """Let go of the mapping; the file stays. Blocks that readers returned are copies and stay valid."""
        if self._map.closed:
            return
        self._view_of = None
        del self._words, self._floats, self._table, self._table_floats, self._data, self._view
        self._map.close()

    def __enter__(self) -> SoundRing:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ── what everyone may ask ─────────────────────────────────────────────────────────────────────────────────────

    @property
    def format(self) -> RingFormat:
        """The format in force; all zero before the writer has set one."""
        generation = int(self._words[_GENERATION])
        while True:
            slot = _FORMATS + (generation % 2) * _FORMAT_WORDS
            rate, channels, start, capacity = (int(word) for word in self._words[slot : slot + _FORMAT_WORDS])
            again = int(self._words[_GENERATION])
            if again == generation:
                return RingFormat(generation, rate, channels, start, capacity)
            generation = again

    @property
    def generation(self) -> int:
        """The number of formats set so far."""
        return int(self._words[_GENERATION])

    @property
    def written(self) -> int:
        """The write index: frames since the show began, one past the newest frame that can be read."""
        return int(self._words[_WRITTEN])

    @property
    def heartbeat(self) -> float:
        """When the writer last said that it lives, in monotonic seconds; 0 before that."""
        return float(self._floats[_HEARTBEAT])

    @property
    def writer(self) -> int:
        """The number that the present writer gave itself in ``claim``; 0 for none."""
        return int(self._words[_WRITER])

    @property
    def origin(self) -> int:
        """The write index at which the present file's first frame was played; meaningless for a device."""
        return int(self._words[_ORIGIN])

    def stats(self) -> RingStats:
        """The writer's counters as they are now."""
        lost, gap, overflows = (int(self._words[word]) for word in (_LOST, _GAP, _OVERFLOWS))
        return RingStats(self.written, lost, gap, overflows, self.heartbeat)

    def captured_at(self, frame: int) -> float:
        """When the microphone heard ``frame``: monotonic seconds, NaN before the first block.

        ``frame`` is any index, ``written`` included. Frames newer or older than the remembered blocks are reckoned from
        the nearest remembered one.
        """
        for _ in range(4):
            count = int(self._words[_BLOCKS])
            if not count:
                return math.nan
            # A quarter of the table is left alone, so that the writer cannot reach what is looked at.
            low, high = max(0, count - TABLE_BLOCKS * 3 // 4), count - 1
            oldest = low
            while low < high:
                middle = (low + high + 1) // 2
                if int(self._table[middle % TABLE_BLOCKS, 0]) <= frame:
                    low = middle
                else:
                    high = middle - 1
            row = low % TABLE_BLOCKS
            first, at, rate = int(self._table[row, 0]), float(self._table_floats[row, 1]), int(self._table[row, 2])
            if int(self._words[_BLOCKS]) - oldest < TABLE_BLOCKS:
                return at + (frame - first) / rate
        return math.nan

    def _frames(self, form: RingFormat) -> FloatArray:
        """The data as (capacity, channels) of ``form``."""
        if self._view_of != form:
            self._view = self._data[: form.capacity * form.channels].reshape(form.capacity, form.channels)
            self._view_of = form
        return self._view

    # ── the writer ────────────────────────────────────────────────────────────────────────────────────────────────

    def claim(self, writer: int) -> None:
        """Say who writes from now on (a number that the app chose), and that it lives."""
        self._floats[_HEARTBEAT] = time.perf_counter()
        self._words[_WRITER] = writer

    def beat(self, grace: float = 0.0) -> None:
        """Say that the writer lives. grace: seconds in which a missing beat is to be forgiven besides."""
        self._floats[_HEARTBEAT] = time.perf_counter() + grace

    def set_format(self, rate: int, channels: int) -> RingFormat:
        """Announce the format of the frames to come; does nothing where it is already in force.

        rate: frames a second. Raises ValueError for a format that the ring was not made for.
        """
        form = self.format
        if form.generation and (form.rate, form.channels) == (rate, channels):
            return form
        capacity = min(int(self._floats[_SECONDS] * rate), len(self._data) // max(1, channels))
        if rate < 1 or channels < 1 or capacity < rate // 10:
            raise ValueError(f"The ring is too small for {channels} channels at {rate} Hz.")
        form = RingFormat(form.generation + 1, rate, channels, self.written, capacity)
        slot = _FORMATS + (form.generation % 2) * _FORMAT_WORDS
        self._words[slot : slot + _FORMAT_WORDS] = rate, channels, form.start, capacity
        fence()
        self._words[_GENERATION] = form.generation
        fence()
        return form

    def write(self, block: FloatArray, adc_time: float) -> None:
        """Append ``block``, shape (frames, channels), whose first frame was heard at ``adc_time``, monotonic seconds.

        Raises ValueError where no format is set or the channels differ from it.
        """
        form = self._view_of or self.format
        if form.generation != int(self._words[_GENERATION]):
            form = self.format
        if not form.generation or block.ndim != 2 or block.shape[1] != form.channels:
            raise ValueError(f"A block of shape {block.shape} does not fit the ring's {form.channels} channels.")
        self._append(form, len(block), adc_time, block)

    def write_silence(self, frames: int, adc_time: float) -> None:
        """Append ``frames`` of silence from ``adc_time`` on; however many, it costs one round of the ring at most."""
        form = self.format
        if not form.generation:
            raise ValueError("The ring has no format yet.")
        self._append(form, frames, adc_time, None)

    def _append(self, form: RingFormat, frames: int, adc_time: float, block: FloatArray | None) -> None:
        if frames <= 0:
            return
        first = self.written
        self._words[_RESERVED] = first + frames
        fence()
        data = self._frames(form)
        kept = min(frames, form.capacity)
        position = (first + frames - kept) % form.capacity
        before_end = min(kept, form.capacity - position)
        if block is None:
            data[position : position + before_end] = 0
            data[: kept - before_end] = 0
        else:
            block = block[frames - kept :]
            data[position : position + before_end] = block[:before_end]
            data[: kept - before_end] = block[before_end:]
        count = int(self._words[_BLOCKS])
        row = count % TABLE_BLOCKS
        self._table[row, 0] = first
        self._table_floats[row, 1] = adc_time
        self._table[row, 2] = form.rate
        fence()
        self._words[_BLOCKS] = count + 1
        self._words[_WRITTEN] = first + frames

    def count(self, lost: int = 0, gap: int = 0, overflows: int = 0) -> None:
        """Add to the counters; see RingStats."""
        for word, more in ((_LOST, lost), (_GAP, gap), (_OVERFLOWS, overflows)):
            if more:
                self._words[word] = int(self._words[word]) + more

    def set_origin(self, frame: int) -> None:
        """Remember at which write index the file's first frame was, or would have been, played (modulo its length)."""
        self._words[_ORIGIN] = frame


class RingReader:
    """One listener's place in a ring. Readers do not know of each other and never hold the writer up.

    back: seconds of past sound to start with, as far as the ring holds them; 0 starts at the newest frame, ``math.inf``
    at the oldest. ``format`` is the format of the block that ``read`` returned last, ``position`` the index of the next
    frame to be read, ``lost`` how many frames went by unread (overtaken by the writer, or left behind by a change of
    format).
    """

    def __init__(self, ring: SoundRing, back: float = 0.0) -> None:
        self.ring = ring
        self.lost = 0
        self.format = ring.format
        written = ring.written
        oldest = max(0, self._oldest())
        self.position = written if back <= 0 else oldest
        if 0 < back < math.inf:
            self.position = max(oldest, written - int(back * self.format.rate))

    def _oldest(self) -> int:
        """The oldest frame that is safe to read, a sixteenth of the ring ahead of the writer."""
        form = self.format
        reserved = int(self.ring._words[_RESERVED])
        return min(max(form.start, reserved - form.capacity + form.capacity // 16), self.ring.written)

    def read(self, max_frames: int | None = None) -> tuple[FloatArray, int]:
        """The next frames, as a copy of shape (n, channels), n ≥ 0, and the index of the first of them.

        Never blocks. After a change of format the first block is wholly in the new one, and ``format`` says which. An
        index beyond the last block's end tells that frames were lost between them.
        """
        ring = self.ring
        while True:
            if ring.generation != self.format.generation:
                self.format = ring.format
            form = self.format
            if not form.generation:
                return np.zeros((0, 2), np.float32), self.position
            written = ring.written
            if self.position < max(form.start, int(ring._words[_RESERVED]) - form.capacity):
                oldest = self._oldest()
                self.lost += oldest - self.position
                self.position = oldest
            first = self.position
            frames = max(0, written - first)
            if max_frames is not None:
                frames = min(frames, max_frames)
            if not frames:
                return np.zeros((0, form.channels), np.float32), first
            data = ring._frames(form)
            start = first % form.capacity
            before_end = min(frames, form.capacity - start)
            block = np.empty((frames, form.channels), np.float32)
            block[:before_end] = data[start : start + before_end]
            block[before_end:] = data[: frames - before_end]
            fence()
            if ring.generation == form.generation and int(ring._words[_RESERVED]) - form.capacity <= first:
                self.position = first + frames
                return block, first
