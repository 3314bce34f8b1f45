"""The files of a model folder: where its parts lie, whether they are there, and what they are told apart by.

A folder may hold everything itself, or name another one in ``link.json``: what it lacks is then taken from there. So a
model that lies somewhere else can be used, and given a smaller decoder, without copying or changing it.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

LINK = "link.json"
DIGEST_CHUNKS, DIGEST_BYTES = 32, 65_536
PICKLES = (".bin", ".ckpt", ".pt", ".pth", ".pkl")
VARIANT = ".fp16"
"""Hubs keep weights in half precision beside those in full, with this before the ending."""


class ModelError(ValueError):
    """A model folder that cannot be used; the message says which, why, and what to do."""


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file of a model. Raises ModelError."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(f"{path.parent} lacks {path.name}: copy the whole model folder again") from None
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read ({error}): copy the whole model folder again") from None
    if not isinstance(found, dict):
        raise ModelError(f"{path} is not a JSON object: copy the whole model folder again")
    return found


def linked(folder: Path) -> Path:
    """The folder that a model folder links to; itself where it links to none. Raises ModelError if that is gone."""
    if not (folder / LINK).exists():
        return folder
    other = Path(str(read_json(folder / LINK).get("folder", "")))
    if not other.is_absolute() or not other.is_dir():
        raise ModelError(f"the model {folder.name} lies in {other}, which is gone: bring it back, or add the model again")
    return other


def where(folder: Path, name: str) -> Path:
    """The place of a file or part of a model: in its folder, or else in the one it links to."""
    return folder / name if (folder / name).exists() else linked(folder) / name


def settings_files(folder: Path) -> dict[str, Path]:
    """A model's JSON and text files by their names in it."""
    found: dict[str, Path] = {}
    for root in (linked(folder), folder):
        for path in root.rglob("*"):
            if path.suffix in (".json", ".txt") and path.name != LINK:
                found[path.relative_to(root).as_posix()] = path
    return dict(sorted(found.items()))


def weights_of(part: Path) -> list[Path]:
    """The weight files of a part that are loaded. Raises ModelError where there are none, or pickles only."""
    safe = sorted(part.glob("*.safetensors"))
    plain = [path for path in safe if variant_of(path) == ""]
    if safe:
        return plain or [path for path in safe if variant_of(path) == VARIANT] or safe
    pickles = sorted(path for path in part.iterdir() if path.suffix in PICKLES)
    if pickles:
        raise ModelError(f"{pickles[0]} is a pickle, which can run any code when loaded: convert it to .safetensors first")
    raise ModelError(f"{part} holds no .safetensors weights: copy the whole model folder again")


def variant_of(weights: Path) -> str:
    """The variant in a weight file's name, with its dot: ".fp16" of model.fp16.safetensors; "" for none."""
    return Path(weights.name.removesuffix(".safetensors")).suffix.partition("-")[0]  # a shard's number follows


def digest_file(digest: hashlib._Hash, path: Path) -> None:
    """Take in a file's size and an even sample of its content: a change of weights shows, and gigabytes cost nothing."""
    size = path.stat().st_size
    digest.update(f"{path.name}/{size}".encode())
    with path.open("rb") as file:
        for i in range(DIGEST_CHUNKS):
            file.seek(max(0, size - DIGEST_BYTES) * i // (DIGEST_CHUNKS - 1))
            digest.update(file.read(DIGEST_BYTES))
