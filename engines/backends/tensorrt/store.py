"""Built engines on disk, by what they were built of and for.

An engine is two files: the plan as TensorRT gave it, and a header (JSON) with its key and digest. Each appears whole, by
renaming, the header last; a plan whose header is missing, of another key, or of another digest is as good as none and is
built anew. What TensorRT learnt by timing and by compiling lies beside them.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engines.backends.base import BackendError
from engines.backends.tensorrt.bindings import Binding

LAYOUT = 1
"""Raise it when what is exported or how it is built changes, so that older engines are built anew."""
PREFIX = "tensorrt-"
PART = ".part"
MAKING = PREFIX + "making-"
STALE_S = 3600.0


@dataclass(frozen=True, slots=True)
class Key:
    """What an engine depends on. fingerprint: of the model's weights, and what is told to them. size: (width, height).
    target: what it runs on. batch: latents that it takes at once.
    """

    network: str
    fingerprint: str
    size: tuple[int, int]
    precision: str
    flavour: str
    version: str
    target: str
    refittable: bool = False
    layout: int = LAYOUT
    batch: int = 1

    @property
    def name(self) -> str:
        """A file name's stem that no other key has."""
        return PREFIX + hashlib.sha256(json.dumps(self.plain(), sort_keys=True).encode()).hexdigest()[:20]

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "size": list(self.size)}


@dataclass(frozen=True, slots=True)
class Header:
    """What is known of a kept engine. model: its folder's name. size_bytes: of the plan. seconds: its export and build."""

    key: Key
    model: str
    size_bytes: int
    sha256: str
    seconds: float
    bindings: tuple[Binding, ...]


class Store:
    """The engines in one folder, which is made when the first is kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self, key: Key) -> tuple[bytes, Header] | None:
        """The plan and header of a key; None where there is none that is whole."""
        header = _header(self.folder / f"{key.name}.json")
        if header is None or header.key != key:
            return None
        try:
            plan = (self.folder / f"{key.name}.plan").read_bytes()
        except OSError:
            return None
        if len(plan) != header.size_bytes or hashlib.sha256(plan).hexdigest() != header.sha256:
            return None
        return plan, header

    def save(self, key: Key, plan: bytes, bindings: Iterable[Binding], model: str, seconds: float) -> Header:
        """Keep a plan. Raises BackendError where the folder cannot be written."""
        header = Header(key, model, len(plan), hashlib.sha256(plan).hexdigest(), round(seconds, 1), tuple(bindings))
        told = asdict(header) | {"key": key.plain(), "bindings": [binding.plain() for binding in header.bindings]}
        self._write(self.folder / f"{key.name}.plan", plan)
        self._write(self.folder / f"{key.name}.json", json.dumps(told, indent=1).encode())
        return header

    def headers(self) -> list[Header]:
        """Of all engines that are kept and seem whole, by model, size and network; their plans are not read."""
        found = [header for path in self.folder.glob(f"{PREFIX}*.json") if (header := _header(path))]
        there = [h for h in found if _bytes(self.folder / f"{h.key.name}.plan") == h.size_bytes]
        return sorted(there, key=lambda h: (h.model, h.key.target, h.key.size, h.key.network))

    def clean(self) -> int:
        """Remove every engine, and what lies beside them. Returns the bytes that became free; OSError where it cannot."""
        self._remove_stale()
        freed = 0
        for path in self.folder.glob(f"{PREFIX}*"):
            if path.is_file():
                freed += _bytes(path)
                path.unlink(missing_ok=True)
        return freed

    @contextmanager
    def making(self) -> Iterator[Path]:
        """A folder for what is made on the way, gone afterwards. Raises BackendError where it cannot be written."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._remove_stale()
            folder = Path(tempfile.mkdtemp(dir=self.folder, prefix=MAKING))
        except OSError as error:
            raise cannot_write(self.folder, error) from error
        try:
            yield folder
        except OSError as error:
            raise cannot_write(self.folder, error) from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def learnt(self, kind: str, name: str) -> bytes:
        """What was kept of "timing" or "kernels" under a name; nothing where there is none."""
        try:
            return self._learnt(kind, name).read_bytes()
        except OSError:
            return b""

    def keep_learnt(self, kind: str, name: str, content: bytes) -> None:
        """Keep what TensorRT learnt. Raises BackendError where the folder cannot be written."""
        self._write(self._learnt(kind, name), content)

    def _learnt(self, kind: str, name: str) -> Path:
        return self.folder / f"{PREFIX}{kind}-{hashlib.sha256(name.encode()).hexdigest()[:20]}.cache"

    def _write(self, path: Path, content: bytes) -> None:
        part: Path | None = None
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._remove_stale()
            handle, name = tempfile.mkstemp(dir=self.folder, prefix=PREFIX, suffix=PART)
            part = Path(name)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except OSError as error:
            raise cannot_write(self.folder, error, len(content)) from error
        finally:
            if part is not None:
                part.unlink(missing_ok=True)

    def _remove_stale(self) -> None:
        """What a killed process left half written, or half made."""
        for path in (*self.folder.glob(f"{PREFIX}*{PART}"), *self.folder.glob(f"{MAKING}*")):
            with suppress(OSError):  # another process may remove it as well
                if time.time() - path.stat().st_mtime > STALE_S:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()


def cannot_write(folder: Path, error: OSError, size_bytes: int = 0) -> BackendError:
    """Why the engine cache cannot be written, in one sentence."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        needed = f" ({size_bytes / 1e6:.0f} MB are needed)" if size_bytes else ""
        return BackendError(f"the disk of the engine cache {folder} is full{needed}: free some, or visualizer engine clean")
    return BackendError(f"the engine cache {folder} cannot be written ({error.strerror}): free or mend it")


def _header(path: Path) -> Header | None:
    try:
        told = json.loads(path.read_bytes())
        key = Key(**{**told["key"], "size": tuple(told["key"]["size"])})
        bindings = tuple(Binding.of(binding) for binding in told["bindings"])
        whole = Header(
            key, str(told["model"]), int(told["size_bytes"]), str(told["sha256"]), float(told["seconds"]), bindings
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return whole if key.name == path.stem else None


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
