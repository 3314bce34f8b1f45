"""Debian packages without root: fetched by apt-get, laid out by dpkg-deb, archives of games unpacked."""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
from pathlib import Path

from sounds import archives
from sounds.labels import Pack
from sounds.licences import Copyright, read


class PackageError(RuntimeError):
    """A package could not be had; the message is one sentence that names it."""


def tree(name: str, folder: Path) -> Path:
    """The package laid out below ``folder``, from there if it has been before. Raises PackageError."""
    place = folder / "trees" / name
    if place.is_dir():
        return place
    debs = folder / "debs"
    debs.mkdir(parents=True, exist_ok=True)
    if not list(debs.glob(f"{name}_*.deb")):
        command(["apt-get", "-o", "APT::Sandbox::User=root", "download", name], debs, f"{name} could not be fetched")
    part = place.with_name(name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.parent.mkdir(parents=True, exist_ok=True)
    newest = sorted(debs.glob(f"{name}_*.deb"))[-1]
    told = f"{newest.name} could not be unpacked; remove it to fetch it again"
    command(["dpkg-deb", "-x", str(newest), str(part)], debs, told)
    part.replace(place)
    return place


def size(name: str, folder: Path) -> int:
    """The package's size in bytes as fetched, 0 where it is not there."""
    return sum(deb.stat().st_size for deb in (folder / "debs").glob(f"{name}_*.deb"))


def command(line: list[str], folder: Path, failed: str) -> None:
    """Run a program in a folder. Raises PackageError, which begins with ``failed``."""
    try:
        done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise PackageError(f"{failed}: {line[0]} is missing.") from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise PackageError(f"{failed}: {last}")


def unpack(pack: Pack, root: Path) -> None:
    """Lay out the archives that some games keep their sounds in, below ``root``/unpacked."""
    place = root / "unpacked"
    if not pack.unpack or place.is_dir():
        return
    part = root / "unpacked.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    archives.lay_out(pack.unpack, root, part)
    part.replace(place)


def copyright_of(pack: Pack, root: Path) -> Copyright:
    """What the package's copyright file says; an empty one where it is not machine readable."""
    text = "\n\n".join(
        path.read_text(encoding="utf-8", errors="replace") for path in sorted(root.glob("usr/share/doc/*/copyright"))
    )
    return read(text, pack.archives)


def licence(pack: Pack, root: Path, path: str, known: Copyright) -> str:
    """The licence of one file, "" where nobody says."""
    if pack.unpack == "opensfx":
        return path.split("/")[1]
    if pack.readme:
        return _told(root, pack.readme).get(Path(path).name, "")
    return pack.licence or known.licence(path.removeprefix("unpacked/"))


def _told(root: Path, readme: str) -> dict[str, str]:
    """Licences from a list of "- file" paragraphs with a "License:" line, as FreeDink keeps one."""
    found: dict[str, str] = {}
    for path in root.rglob(readme):
        name = ""
        for line in gzip.decompress(path.read_bytes()).decode("utf-8", "replace").splitlines():
            head = re.match(r"- (\w+\.wav)", line)
            if head:
                name = head[1]
            told = re.match(r"\s*\+?License: (.+)", line)
            if told and name:
                # Where a sound is mixed from several, all their licences bind.
                one = told[1].split(",")[0].strip().replace(" 3.0", "-3.0").replace("v3+", "-3+").replace("v2+", "-2+")
                found[name] = f"{found[name]} and {one}" if name in found and found[name] != one else one
    return found
