"""What is painted of a video, kept in a folder beside it until the video is whole.

``OUT.part/`` holds ``about.json``, which says whose it is, and a folder named by a digest of what shapes the pictures; in
that is for every stretch of them a chunk (``0000.mkv``) and the painter's state after it (``0000.safetensors``), which
names the digest of both. A stretch counts when its state does, which is written last; what is torn does not have the
digest. The video itself is made inside, too, and put in place at the end. Limiter and recorder run over the kept
pictures again: they cost little, and their state would be the whole of a video encoder.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from engines.state import State
from visualizer.encoder.files import put_in_place
from visualizer.output.recorder import kind_of, unwritable
from visualizer.snapshots import Picture
from visualizer.unfinished.chunks import packed, unpacked

FORMAT = "tpos-live unfinished render 1"
ABOUT = "about.json"

FINISHED = "finished.json"
"""Holds size and time of a video that was put in its place, while others of the same command are still to come."""

KEEP_S = 5.0
"""A stretch is kept when it has taken so long to paint. A render that takes less never pays for it. Where stretches end
changes no picture, so that the clock may say it."""

KEEP_BYTES = 64 * 2**20
"""…or when its pictures take so much memory."""


class UnfinishedError(RuntimeError):
    """A folder or disk that does not hold what is painted; the message is one sentence."""


def _digest(chunk: bytes, state: State) -> str:
    return hashlib.sha256(chunk + save(state)).hexdigest()


class Part:
    """The unfinished render of ``output``.

    digest: of everything that shapes the pictures. What was kept under another is not used, which is told, and stays until
    the video is whole: hours of painting must not go by a word mistyped. tell: is given a sentence for each thing the user
    should know. Raises RecordingError where ``output`` cannot be written and UnfinishedError where a folder of another kind
    is in the way.
    """

    def __init__(self, output: Path, digest: str, tell: Callable[[str], None] = lambda remark: None) -> None:
        self.output, self._whole = output, output.with_name(f"{output.name}.part")
        self.folder = self._whole / digest[:16]
        kind_of(output)
        if output.is_dir():
            raise unwritable(output, IsADirectoryError("it is a folder"))
        self._held: list[Picture] = []
        self._counts: list[int] = []
        self._newest: tuple[int, State] = 0, {}
        self._since = time.monotonic()
        try:
            self._open(tell)
            for left in (*self.folder.glob("video-*"), *self.folder.glob("*.part")):  # of a process that was killed
                left.unlink()
        except OSError as failure:
            raise unwritable(output, failure) from None
        # A name of its own: what another process writes by mistake to the same video must not come into this one.
        self.video = self.folder / f"video-{os.getpid()}-{uuid4().hex[:8]}{output.suffix}"

    def _open(self, tell: Callable[[str], None]) -> None:
        if self._whole.exists():
            began = self._whole.is_dir() and all(path.name.startswith(ABOUT) for path in self._whole.iterdir())
            if not began and not self._is_ours():
                raise UnfinishedError(f"{self._whole} is in the way of the unfinished render: move or remove it")
            if any(path.parent != self.folder for path in self._whole.glob("*/*.safetensors")):
                tell(f"{self._whole} holds what another command painted, or from another sound: it is not used.")
        self._whole.mkdir(exist_ok=True)  # its own folder is not made: the user may have mistyped it
        if not self._is_ours():
            with put_in_place(self._whole / ABOUT) as part:
                part.write_text(json.dumps({"format": FORMAT}) + "\n", encoding="utf-8")
        self.folder.mkdir(exist_ok=True)
        self._take_up()

    def _is_ours(self) -> bool:
        try:
            about = json.loads((self._whole / ABOUT).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        return isinstance(about, dict) and about.get("format") == FORMAT

    def _take_up(self) -> None:
        """Find the stretches that are whole, up to the first that is not."""
        while True:
            path = self._path(len(self._counts), "safetensors")
            try:
                with safe_open(path, "pt") as file:
                    about = file.metadata() or {}
                    state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no mapping
                chunk = path.with_suffix(".mkv").read_bytes()
                count = int(about["pictures"])
            except (OSError, SafetensorError, KeyError, ValueError):
                return
            if _digest(chunk, state) != about.get("digest"):
                return
            self._counts.append(count)
            self._newest = 0, state

    def _path(self, number: int, ending: str) -> Path:
        return self.folder / f"{number:04d}.{ending}"

    @property
    def count(self) -> int:
        """How many pictures are kept, from the first on."""
        return sum(self._counts)

    @property
    def state(self) -> State:
        """The painter's after the last picture that is kept."""
        return self._newest[1]

    def pictures(self) -> Iterator[Picture]:
        """The pictures that are kept, in order."""
        for number in range(len(self._counts)):
            yield from unpacked(self._path(number, "mkv").read_bytes())

    def keep(self, picture: Picture, state: State) -> None:
        """Take the next picture and the painter's state after it. Raises UnfinishedError where the disk takes no more."""
        self._held.append(picture.copy())
        self._newest = len(self._held), state  # in one step: an interrupt finds both or neither
        if time.monotonic() - self._since > KEEP_S or len(self._held) * picture.nbytes > KEEP_BYTES:
            self.commit()

    def commit(self) -> None:
        """Write what has been taken since the last time. Raises UnfinishedError."""
        count, state = self._newest
        if not count:
            return
        chunk = packed(self._held[:count])
        state = {name: value.contiguous() for name, value in state.items()}
        about = {"pictures": str(count), "digest": _digest(chunk, state)}
        number = len(self._counts)
        try:
            for ending, content in (("mkv", chunk), ("safetensors", save(state, about))):
                with put_in_place(self._path(number, ending)) as part, part.open("wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
        except OSError as failure:
            raise UnfinishedError(
                f"what is painted of {self.output} cannot be kept ({failure.strerror or failure}): free some space, and "
                "the same command goes on"
            ) from None
        self._newest = 0, state  # before all else: what is written must not be written twice by an interrupt
        self._held, self._since = [], time.monotonic()
        self._counts.append(count)

    def leave(self) -> None:
        """Leave it unfinished: keep what is painted. Raises UnfinishedError."""
        self.video.unlink(missing_ok=True)
        self.commit()
        if not self._counts:
            shutil.rmtree(self.folder, ignore_errors=True)
            if not any(path.is_dir() for path in self._whole.iterdir()):
                shutil.rmtree(self._whole, ignore_errors=True)

    @property
    def finished(self) -> bool:
        """Whether ``output`` is the very video that was put in its place from here."""
        try:
            found = self.output.stat()
            about = json.loads((self.folder / FINISHED).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        return bool(about == [found.st_size, found.st_mtime_ns])

    def finish(self) -> None:
        """The video is whole: put it in its place, and keep no more than the knowledge of it. Raises UnfinishedError."""
        try:
            with self.video.open("rb+") as file:
                os.fsync(file.fileno())
            made = self.video.stat()
            with put_in_place(self.folder / FINISHED) as part:
                part.write_text(json.dumps([made.st_size, made.st_mtime_ns]) + "\n", encoding="utf-8")
            self.video.replace(self.output)
        except OSError as failure:
            raise UnfinishedError(
                f"the video cannot be put in its place {self.output} ({failure.strerror or failure}): mend that, and the "
                "same command goes on"
            ) from None
        for number in range(len(self._counts)):
            for ending in ("safetensors", "mkv"):  # the state first: a chunk alone is nothing, a state alone would be torn
                self._path(number, ending).unlink(missing_ok=True)
        self._counts, self._held, self._newest = [], [], (0, {})

    def clear(self) -> None:
        """Remove the folder: nothing is to go on."""
        shutil.rmtree(self._whole, ignore_errors=True)
