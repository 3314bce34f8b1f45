"""Which looks the user likes best: a text file of names, one a line, beside the user's presets."""

from __future__ import annotations

from pathlib import Path


class Favourites:
    """The names in a file; a file that is not there holds none."""

    def __init__(self, file: Path) -> None:
        self._file = file
        text = file.read_text("utf-8", errors="replace") if file.is_file() else ""
        self._names = {line.strip() for line in text.splitlines() if line.strip()}

    def __contains__(self, name: object) -> bool:
        """Whether a look is one of them."""
        return name in self._names

    def toggle(self, name: str) -> None:
        """Make a look a favourite, or no longer; raises OSError where the file cannot be written."""
        names = self._names ^ {name}
        part = self._file.with_name(self._file.name + ".part")
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_text("".join(f"{name}\n" for name in sorted(names)), "utf-8")
        part.replace(self._file)
        self._names = names
