"""Sound files: everything that libsndfile reads, whole or block by block."""

from __future__ import annotations

import warnings
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

READABLE = (".aif", ".aiff", ".au", ".caf", ".flac", ".mp3", ".ogg", ".opus", ".w64", ".wav")
"""Endings of files that libsndfile reads."""


class SoundFileError(ValueError):
    """The file cannot be used; the message is one sentence that names it and says what to do."""


class SoundFileWarning(UserWarning):
    """The file was read, but something in it was mended."""


class Sound:
    """An open sound file; ``open_sound`` makes one. A context manager.

    path: the file. rate: frames a second. channels: samples a frame. frames: its length. Values that are not numbers
    are read as 0, with one SoundFileWarning.
    """

    def __init__(self, path: str | Path) -> None:
        import soundfile

        self.path = Path(path)
        name = str(path)
        if not self.path.exists():
            raise SoundFileError(f"There is no sound file {name}; check the path.")
        if self.path.is_dir():
            raise SoundFileError(f"{name} is a folder; name a sound file in it.")
        try:
            empty = self.path.stat().st_size == 0
            self._file = None if empty else soundfile.SoundFile(name)
        except (soundfile.LibsndfileError, OSError, RuntimeError, TypeError) as error:
            if isinstance(error, PermissionError):
                raise SoundFileError(f"The sound file {name} may not be read; change its permissions.") from None
            raise SoundFileError(f"{name} is not a sound file that can be read; {_cure(self.path)}") from None
        if self._file is None or not self._file.frames:
            self.close()
            raise SoundFileError(f"The sound file {name} holds no sound; choose another.")
        self.rate: int = self._file.samplerate
        self.channels: int = self._file.channels
        self.frames: int = self._file.frames
        self._warned = False

    @property
    def seconds(self) -> float:
        """The file's length in seconds."""
        return self.frames / self.rate

    @property
    def position(self) -> int:
        """The frame that is read next."""
        return int(self._open().tell())

    def seek(self, frame: int) -> None:
        """Go to ``frame``, 0 … frames. Raises SoundFileError where the file breaks off before it."""
        import soundfile

        try:
            self._open().seek(frame)
        except soundfile.LibsndfileError:
            raise self._broken() from None

    def read(self, frames: int = -1) -> FloatArray:
        """The next ``frames`` (−1: all that are left), shape (n, channels); n is smaller only at the end.

        Raises SoundFileError where the file is damaged.
        """
        import soundfile

        try:
            block: FloatArray = self._open().read(frames, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError:
            raise self._broken() from None
        if not np.isfinite(block).all():
            block = np.where(np.isfinite(block), block, np.float32(0))
            if not self._warned:
                self._warned = True
                text = f"The sound file {self.path} holds values that are not numbers; they are played as silence."
                warnings.warn(text, SoundFileWarning, stacklevel=2)
        return block

    def close(self) -> None:
        """Close the file; further reads raise SoundFileError."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Sound:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _open(self):  # type: ignore[no-untyped-def]  # soundfile carries no types
        if self._file is None:
            raise SoundFileError(f"The sound file {self.path} has been closed; open it again.")
        return self._file

    def _broken(self) -> SoundFileError:
        return SoundFileError(f"The sound file {self.path} is damaged; {_cure(self.path)}")


def _cure(path: Path) -> str:
    """What to do with a file that cannot be read; the new name is never the file's own, which ffmpeg would refuse."""
    return f"convert it with: ffmpeg -i {path.name} {path.stem}-mended.flac"


def open_sound(path: str | Path) -> Sound:
    """Open a sound file for reading. Raises SoundFileError, one sentence, where there is nothing to be read."""
    return Sound(path)
