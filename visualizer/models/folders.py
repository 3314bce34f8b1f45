"""Adding a model that lies in a folder here: it is remembered by its place, or copied."""

from __future__ import annotations

import json
from pathlib import Path

from engines.folder import LINK, read_json, settings_files, weights_of, where
from engines.model import TINY, ModelInfo, inspect
from visualizer.models.about import CARD, LICENCES
from visualizer.models.library import LibraryError, check_room, finish, free_name, whole_or_not
from visualizer.models.progress import Progress

CHUNK_BYTES = 1 << 22


def add_folder(folder: Path, name: str, copy: bool, progress: Progress, taesd: Path | None = None) -> Path:
    """Install a model folder under a name: a link to it, or a copy of what of it is used. taesd: a quick decoder for it.

    Returns the installed folder. Raises ModelError if it is no model that is painted with, LibraryError otherwise.
    """
    folder = folder.resolve()
    if (folder / LINK).exists():
        raise LibraryError(f"{folder} is an added model itself: add the folder that it links to")
    info = inspect(folder)
    name = free_name(name)
    files = files_of(info) if copy else {}
    if taesd is not None:
        files |= tiny_files(taesd)
    with whole_or_not(name, folder) as part:
        if not copy:
            (part / LINK).write_text(json.dumps({"folder": str(folder)}), encoding="utf-8")
        copy_files(files, part, progress)
        inspect(part)
        return finish(part)


def files_of(info: ModelInfo) -> dict[str, Path]:
    """What of a model is used, by its name in a copy."""
    files = settings_files(info.path)
    files |= {name: where(info.path, name) for name in (CARD, *LICENCES) if where(info.path, name).is_file()}
    for kind, place in info.parts.items():
        if kind not in ("tokenizer", "tokenizer_2", "scheduler"):
            files |= {f"{place.name}/{weights.name}": weights for weights in weights_of(place)}
    own = where(info.path, "vae")  # though another may stand in
    return files | {f"vae/{weights.name}": weights for weights in weights_of(own)}


def tiny_files(taesd: Path) -> dict[str, Path]:
    """The files of a quick decoder, by their names in a model that it is lent to. Raises LibraryError."""
    if not (taesd / "config.json").is_file():
        raise LibraryError(f"{taesd} is no folder of an AutoencoderTiny, it lacks config.json: give another one")
    kind = read_json(taesd / "config.json").get("_class_name")
    if kind != "AutoencoderTiny":
        raise LibraryError(f"{taesd} holds a {kind}: --taesd takes the folder of an AutoencoderTiny")
    return {f"{TINY}/{file.name}": file for file in (taesd / "config.json", *weights_of(taesd))}


def copy_files(files: dict[str, Path], folder: Path, progress: Progress) -> None:
    """Copy files to their names in a folder, telling how many bytes are done."""
    total = sum(path.stat().st_size for path in files.values())
    check_room(folder, total)
    with progress(total) as done:
        for name, source in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            with source.open("rb") as reading, (folder / name).open("wb") as writing:
                while chunk := reading.read(CHUNK_BYTES):
                    writing.write(chunk)
                    done(len(chunk))
