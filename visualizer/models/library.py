"""The library: installed picture models and styles by name, each a folder among the user's files.

A model that is on its way lies in ``NAME.part`` and gets its name when it is whole, so that none is ever half there.
"""

from __future__ import annotations

import errno
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engines.folder import LINK
from visualizer import resources

PART = ".part"
SOURCE = "source.json"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,79}")
INDEX = "model_index.json"
FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


class LibraryError(ValueError):
    """A model that cannot be added, found or removed; the message is one sentence for the user."""


def library() -> Path:
    """The folder of the installed models; it need not be there."""
    return resources.user_folder("models")


def installed() -> dict[str, Path]:
    """The folders of the installed models by name, in alphabetical order."""
    found = library().iterdir() if library().is_dir() else ()
    whole = [path for path in found if (path / LINK).exists() or (path / INDEX).exists()]
    return {path.name: path for path in sorted(whole) if path.suffix != PART}


def installed_styles() -> dict[str, Path]:
    """The files of the installed styles by name, in alphabetical order."""
    found = library().iterdir() if library().is_dir() else ()
    return {path.name: style_in(path) for path in sorted(found) if path.suffix != PART and style_in(path).is_file()}


def style_in(folder: Path) -> Path:
    """The place of a style's file in its folder: it has the style's name, by which it is told of."""
    return folder / f"{folder.name.removesuffix(PART)}.safetensors"


def find_model(given: Path) -> Path:
    """The folder that a name of an installed model, or a path, stands for. A name comes before a folder called so.

    Raises LibraryError for a bare name that is neither; whether a folder holds a model is not looked at.
    """
    known = installed()
    if len(given.parts) != 1 or given.is_absolute():
        return given
    if given.name in known:
        return known[given.name]
    if given.is_dir():
        return given
    have = f"installed are {', '.join(known)}" if known else "none is installed yet"
    raise LibraryError(
        f"there is no model {given} and no model folder of that name ({have}): see visualizer models add --help"
    )


def free_name(name: str) -> str:
    """The name if a new model may have it. Raises LibraryError."""
    if not NAME.fullmatch(name) or name.endswith((PART, ".", " ")):
        raise LibraryError(f"{name!r} is no name for a model: use letters, digits, dots and hyphens (--name)")
    if name in {**installed(), **installed_styles()}:
        raise LibraryError(f"there is a model or style {name} already: remove it first, or choose another name (--name)")
    return name


def begin(name: str, source: str) -> Path:
    """The folder ``NAME.part`` of a model that is on its way; what came from the same source before is still there."""
    part = library() / (name + PART)
    if part.exists() and source_of(part) != source:
        shutil.rmtree(part)
    part.mkdir(parents=True, exist_ok=True)
    (part / SOURCE).write_text(json.dumps({"source": source}), encoding="utf-8")
    return part


def finish(part: Path) -> Path:
    """Give a model that is whole its name."""
    whole = part.with_suffix("") if part.suffix == PART else part
    part.replace(whole)
    return whole


@contextmanager
def whole_or_not(name: str, source: Path) -> Iterator[Path]:
    """As ``begin``, for what is made of a file or folder here: what has not been finished is removed.

    Raises LibraryError for an OSError within.
    """
    part = begin(name, str(source.resolve()))
    try:
        yield part
    except OSError as error:
        why = "the disk is full" if is_full(error) else f"{error.strerror or error}"
        raise LibraryError(f"{source} cannot be added ({why}): nothing of it was kept") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def source_of(folder: Path) -> str:
    """Where an installed model came from; "" where that is not known."""
    try:
        return str(json.loads((folder / SOURCE).read_text(encoding="utf-8"))["source"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def remove(name: str) -> None:
    """Remove an installed model or style, or what there is of one that never became whole. A folder it links to stays.

    Raises LibraryError if there is no such model.
    """
    found = [path for path in (library() / name, library() / (name + PART)) if NAME.fullmatch(name) and path.is_dir()]
    if not found:
        have = ", ".join([*installed(), *installed_styles()]) or "none"
        raise LibraryError(f"there is no installed model {name}: installed are {have}")
    for path in found:
        shutil.rmtree(path)


def check_room(folder: Path, needed: int) -> None:
    """Raises LibraryError if the disk of a folder has not so many bytes left."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise LibraryError(
            f"the model needs {gigabytes(needed)} and the disk of {folder} has {gigabytes(free)} left: make room first"
        )


def is_full(error: BaseException | None) -> bool:
    """Whether an error, or one that it came from, says that the disk is full."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in FULL:
            return True
        error = error.__cause__ or error.__context__
    return False


def gigabytes(count: float) -> str:
    """So many bytes, for people."""
    return f"{count / 1e9:.2f} GB" if count >= 1e7 else f"{count / 1e6:.2f} MB"
