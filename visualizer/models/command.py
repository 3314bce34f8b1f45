"""``visualizer models``: add, list, remove and describe picture models and styles."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import _SubParsersAction

ADD = """a model folder in the diffusers layout, which is remembered by its place; an id on the Hugging Face hub, such as
stabilityai/sd-turbo, which is downloaded (only .safetensors, .json and .txt files, nothing that could run); a checkpoint
in one .safetensors file, with --like; or a style (LoRA) in one, which may be a file on the hub, ID/FILE"""


def add_parser(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command and its own commands."""
    models = commands.add_parser("models", help="add, list, remove and describe picture models of others")
    what = models.add_subparsers(dest="models", metavar="", required=True)
    add = what.add_parser("add", help="add a model by its folder or its id on the hub")
    add.add_argument("what", metavar="FOLDER|ID|FILE|MODEL", help=ADD)
    add.add_argument("--name", default="", help="the name it gets (its folder's, or the last part of its id)")
    add.add_argument("--copy", action="store_true", help="copy the folder instead of remembering its place")
    add.add_argument(
        "--taesd", type=Path, metavar="FOLDER", help="a quick decoder for it: the folder of an AutoencoderTiny"
    )
    add.add_argument("--like", type=Path, metavar="NAME", help="for a FILE: a model of its family, installed or a folder")
    merge = add.add_argument_group("a model of its own out of the MODEL and a LoRA, such as LCM's or Hyper-SD's")
    merge.add_argument("--with", dest="style", default="", metavar="LORA", help="an installed style, or its file")
    merge.add_argument("--weight", type=float, default=1.0, metavar="N", help="how strongly it counts (1)")
    merge.add_argument(
        "--few-steps", choices=("lcm", "trailing"), default="",
        help="for a LoRA that teaches few steps: as LCM's does, or as Hyper-SD's with its steps from the last timestep on",
    )  # fmt: skip
    merge.add_argument("--steps", type=int, choices=range(1, 9), default=0, help="a frame, as such a LoRA is made for")
    what.add_parser("list", help="list the installed models")
    for name, text in (("info", "say what a model is and what it needs"), ("remove", "remove an installed model")):
        what.add_parser(name, help=text).add_argument("name", metavar="NAME")


def run(arguments: argparse.Namespace) -> None:
    """Carry the command out. Raises LibraryError or ModelError, one sentence."""
    if arguments.models == "add":
        _add(arguments)
    elif arguments.models == "list":
        _list()
    elif arguments.models == "info":
        _info(arguments.name)
    else:
        from visualizer.models.library import remove

        remove(arguments.name)
        print(f"{arguments.name} is removed.")


def _add(arguments: argparse.Namespace) -> None:
    from engines.styles.file import is_style
    from visualizer.models.about import header_of
    from visualizer.models.checkpoint import add_checkpoint
    from visualizer.models.folders import add_folder
    from visualizer.models.hub import HUB_FILE, HUB_ID, add_from_hub, add_style_from_hub, style_name
    from visualizer.models.library import LibraryError, find_model, style_in
    from visualizer.models.progress import bar
    from visualizer.models.styles import add_style

    given, place = arguments.what, Path(arguments.what).expanduser()
    hub, loose = HUB_ID.fullmatch(given), HUB_FILE.fullmatch(given)
    if not arguments.style and (arguments.few_steps or arguments.steps or arguments.weight != 1.0):
        raise LibraryError("--weight, --few-steps and --steps say how a LoRA is merged: name one, too, with --with")
    if arguments.style:
        added = _merge(arguments)
    elif place.is_dir():
        added = add_folder(place, arguments.name or place.resolve().name, arguments.copy, bar, arguments.taesd)
    elif hub and not place.exists():
        added = add_from_hub(hub[1], arguments.name or hub[1].rpartition("/")[2], bar, arguments.taesd)
    elif loose and not place.exists():
        repo, file = loose.groups()
        added = add_style_from_hub(repo, file, arguments.name or style_name(repo, file))
    elif place.suffix == ".safetensors" and place.is_file() and is_style(header_of(place)):
        added = add_style(place, arguments.name or place.stem, bar)
    elif place.is_file():
        like = None if arguments.like is None else find_model(arguments.like)
        added = add_checkpoint(place, arguments.name or place.stem, like, bar, arguments.taesd)
    else:
        raise LibraryError(
            f"{given} is neither a model folder nor a file nor an id on the hub, such as stabilityai/sd-turbo: give one"
        )
    _info(added.name)
    option = "--style" if style_in(added).exists() else "--model"
    print(f"\nPaint with it:  visualizer {option} {added.name}")


def _merge(arguments: argparse.Namespace) -> Path:
    from visualizer.models.library import find_model
    from visualizer.models.merging import Merge, add_merged
    from visualizer.models.progress import bar
    from visualizer.models.styles import chosen_styles

    base = find_model(Path(arguments.what))
    (file,) = chosen_styles([arguments.style], lambda remark: print(remark, file=sys.stderr))
    name = arguments.name or f"{base.resolve().name}-{Path(arguments.style).stem}"
    return add_merged(base, Merge(file, arguments.weight, arguments.few_steps, arguments.steps), name, bar)


def _info(name: str) -> None:
    from visualizer.models.about import about
    from visualizer.models.library import find_model, installed_styles
    from visualizer.models.styles import about_style

    style = installed_styles().get(name)
    print(about_style(style.parent) if style else about(find_model(Path(name))).text())


def _list() -> None:
    from engines.model import ModelError, inspect
    from engines.styles.file import StyleError, read_style
    from visualizer.models.library import installed, installed_styles, library
    from visualizer.models.styles import family_of

    for name, folder in installed().items():
        try:
            info = inspect(folder)
        except ModelError as error:
            print(f"{name:24} cannot be used: {error}", file=sys.stderr)
            continue
        print(f"{name:24} {info.native_size[0]}x{info.native_size[1]:<6} {info.family.title}")
    for name, file in installed_styles().items():
        try:
            print(f"{name:24} {'style':11} for {family_of(read_style(file))}")
        except StyleError as error:
            print(f"{name:24} cannot be used: {error}", file=sys.stderr)
    print(f"They lie in {library()}; add one with visualizer models add.")
