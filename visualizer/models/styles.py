"""Styles of the user: LoRA files in the library beside the models, or anywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from engines.folder import ModelError, read_json
from engines.model import inspect
from engines.styles.file import StyleFile, read_style
from visualizer.models.folders import copy_files
from visualizer.models.library import (
    LibraryError,
    finish,
    free_name,
    gigabytes,
    installed,
    installed_styles,
    source_of,
    style_in,
    whole_or_not,
)
from visualizer.models.progress import Progress

MOST = 3
"""Styles at once: each has a weight among the parameters."""
FAMILIES = {768: "Stable Diffusion 1.5 and LCM", 1024: "Stable Diffusion 2 and SD-Turbo", 2048: "the XL families"}
"""Of published models, by the width of their text states."""


def find_style(given: str) -> Path:
    """The file that a name of an installed style, or a path, stands for. Raises LibraryError for neither."""
    known = installed_styles()
    if given in known:
        return known[given]
    path = Path(given).expanduser()
    if path.is_file():
        return path
    have = f"installed are {', '.join(known)}" if known else "none is installed yet"
    raise LibraryError(f"there is no style {given} and no file of that name ({have}): see visualizer models add --help")


def chosen_styles(given: Sequence[str], tell: Callable[[str], None]) -> tuple[Path, ...]:
    """The files of the styles asked for, each of them a LoRA. tell: takes a sentence on what of one is left out.

    Raises LibraryError or StyleError.
    """
    if len(given) > MOST:
        raise LibraryError(f"{len(given)} styles are too many: {MOST} can be loaded at once")
    files = tuple(find_style(name) for name in given)
    for file in files:
        if remark := read_style(file).remark:
            tell(remark)
    return files


def add_style(file: Path, name: str, progress: Progress) -> Path:
    """Install a LoRA file under a name, as a copy.

    Returns the installed folder. Raises StyleError for a file that is none, LibraryError otherwise.
    """
    read_style(file)
    with whole_or_not(free_name(name), file) as part:
        copy_files({style_in(part).name: file}, part, progress)
        return finish(part)


def about_style(folder: Path) -> str:
    """Lines for people on an installed style. Raises StyleError."""
    file = read_style(style_in(folder))
    low, high = file.ranks
    lines = {
        "kind": "a style (LoRA)",
        "family": family_of(file),
        "fits": ", ".join(_fitting(file)) or ("no installed model" if file.text_width else "not known"),
        "rank": str(low) if low == high else f"{low} to {high}",
        "layers": f"{len(file.pairs)} of the UNet",
        "text encoder": f"{file.texts} layers, which are left out" if file.texts else "not changed",
        "on disk": gigabytes(file.path.stat().st_size),
        "lies in": str(folder),
        "came from": source_of(folder) or "not known",
    }
    return "\n".join(f"{name:16} {value}" for name, value in lines.items())


def family_of(file: StyleFile) -> str:
    """For people: which models a style was made for, as far as its tensors tell."""
    width = file.text_width
    if not width:
        return "not known: it changes no layer that sees the text"
    return FAMILIES.get(width, f"not known: its text states are {width} wide")


def _fitting(file: StyleFile) -> list[str]:
    """The installed models whose text states are as wide as the style's."""
    found = []
    for name, folder in installed().items():
        try:
            unet = read_json(inspect(folder).parts["unet"] / "config.json")
        except ModelError:
            continue
        if unet.get("cross_attention_dim") == file.text_width:
            found.append(name)
    return found
