"""The preset files of all looks, read again when they change on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal

from visualizer import resources
from visualizer.preset import Preset, PresetError, list_presets, load_preset

SETTLED_MS = 150
"""A file is read when it has not been written to for so long: editors write in several goes."""

_Stamp = tuple[int, int] | None
"""When a file was changed (ns), and its size in bytes; None for none."""


def _stamp(path: Path) -> _Stamp:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


@dataclass(frozen=True, slots=True)
class LookFile:
    """One preset file. own: the user's, not one that ships. preset: None where it is broken, and then ``wrong`` says why.

    picture: the .jpg beside it; None where there is none. stamps: of both files, as they were read.
    """

    name: str
    path: Path
    own: bool
    preset: Preset | None
    wrong: str
    picture: Path | None
    stamps: tuple[_Stamp, _Stamp]

    @property
    def title(self) -> str:
        """What it is called."""
        return self.preset.title if self.preset is not None else self.name


class LookFiles(QObject):
    """All looks by name. The user's folder of presets is made where it is not there, so that it can be watched."""

    changed = Signal()
    """The list, or something in it, is another one."""
    rewritten = Signal(str)
    """The name of a look whose file holds something else now."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folder = resources.user_folder("presets")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._looks: dict[str, LookFile] = {}
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLED_MS)
        self._settle.timeout.connect(self._look_again)
        self._watcher = QFileSystemWatcher([str(self.folder), str(resources.presets_folder())], self)
        self._watcher.directoryChanged.connect(lambda: self._settle.start())
        self._watcher.fileChanged.connect(lambda: self._settle.start())
        self.scan()

    @property
    def looks(self) -> Mapping[str, LookFile]:
        """Every look's file by name, in alphabetical order."""
        return self._looks

    def scan(self) -> set[str]:
        """Read what is new or has changed; the names of those that were there before and hold something else now."""
        before, rewritten = self._looks, set()
        self._looks = {name: self._read(name, path) for name, path in list_presets().items()}
        for name, look in self._looks.items():
            old = before.get(name)
            if old is not None and (old.preset, old.wrong) != (look.preset, look.wrong):
                rewritten.add(name)
        self._watch()
        if self._looks != before:
            self.changed.emit()
        return rewritten

    def _read(self, name: str, path: Path) -> LookFile:
        picture = path.with_suffix(".jpg")
        stamps = _stamp(path), _stamp(picture)
        known = self._looks.get(name)
        if known is not None and (known.path, known.stamps) == (path, stamps):
            return known
        try:
            preset, wrong = load_preset(path), ""
        except PresetError as error:
            preset, wrong = None, str(error)
        own = path.parent == self.folder
        return LookFile(name, path, own, preset, wrong, picture if stamps[1] is not None else None, stamps)

    def _watch(self) -> None:
        # An editor that puts a new file in place of the old one ends the watch on it.
        watched = set(self._watcher.files())
        wanted = {str(look.path) for look in self._looks.values() if look.stamps[0] is not None}
        if gone := sorted(watched - wanted):
            self._watcher.removePaths(gone)
        if new := sorted(wanted - watched):
            self._watcher.addPaths(new)

    def _look_again(self) -> None:
        for name in sorted(self.scan()):
            self.rewritten.emit(name)
