"""Adding a model from the Hugging Face hub: what of a repository is needed is downloaded, and nothing that could run.

The client is ``huggingface_hub``: it goes on where a connection broke off, and when it is run again it leaves alone the
files that came whole. Its own settings hold: a mirror in HF_ENDPOINT, a login for gated models, HF_HUB_OFFLINE.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from engines.families import family_of
from engines.folder import PICKLES, VARIANT, ModelError, read_json, variant_of
from engines.model import NETWORKS, PARTS, SECOND, inspect
from engines.styles.file import is_style, read_style
from visualizer.models.about import CARD, LICENCES
from visualizer.models.folders import copy_files, tiny_files
from visualizer.models.library import (
    INDEX,
    PART,
    LibraryError,
    begin,
    check_room,
    finish,
    free_name,
    gigabytes,
    is_full,
    library,
    style_in,
)
from visualizer.models.progress import Progress

HUB_ID = re.compile(r"(?:https://huggingface\.co/)?([\w.-]+/[\w.-]+?)/?")
HUB_FILE = re.compile(r"(?:https://huggingface\.co/)?([\w.-]+/[\w.-]+)/(?:(?:resolve|blob)/main/)?([\w./ -]+\.safetensors)")
USUAL_STYLE = "pytorch_lora_weights.safetensors"
"""What diffusers calls a LoRA's file."""
CLIENT = ("huggingface_hub", "httpx", "httpx2", "httpcore", "httpcore2", "requests", "urllib3", "hf_xet")
WORDS = (".json", ".txt")


def add_from_hub(repo: str, name: str, progress: Progress, taesd: Path | None = None) -> Path:
    """Download a model by its id on the hub, such as stabilityai/sd-turbo, and install it under a name; or the style that
    its repository holds instead of a model.

    What was downloaded of it before is not downloaded again. taesd: the folder of a quick decoder for it. Raises ModelError
    for a model that is not painted with, before its weights are downloaded, and LibraryError for all else.
    """
    lent = {} if taesd is None else tiny_files(taesd)
    part = library() / (free_name(name) + PART)
    try:
        files = _files(repo)
        if INDEX not in files and USUAL_STYLE in files:
            return add_style_from_hub(repo, USUAL_STYLE, name)
        words, weights = chosen(files, repo)
        begin(name, f"hub:{repo}")
        _download(repo, words, part)
        settings = (part / INDEX, part / "unet" / "config.json", part / "scheduler" / "scheduler_config.json")
        family = family_of(*map(read_json, settings))
        left = [name for name in weights if not (part / name).exists()]
        check_room(part, sum(files[name] for name in left))
        print(f"{repo} is {family.title}: {gigabytes(sum(files[name] for name in weights))} of weights.")
        _download(repo, [*words, *weights], part)
        copy_files(lent, part, progress)
        inspect(part)
    except ModelError:
        shutil.rmtree(part, ignore_errors=True)
        raise
    except Exception as error:
        raise _said(error, repo, part) from error
    shutil.rmtree(part / ".cache", ignore_errors=True)  # where the client keeps what it knows of a download
    return finish(part)


def add_style_from_hub(repo: str, file: str, name: str) -> Path:
    """Download a LoRA by its place in a repository, and install it under a name.

    Whether it is one is seen before its tensors come. Raises StyleError for a kind of LoRA that is not painted with,
    LibraryError otherwise.
    """
    part = library() / (free_name(name) + PART)
    try:
        files = _files(repo)
        if file not in files:
            have = ", ".join(name for name in files if name.endswith(".safetensors")) or "none"
            raise LibraryError(f"{repo} has no {file}: its .safetensors files are {have}")
        if not is_style(_header(repo, file)):
            raise LibraryError(f"{file} of {repo} is no style: if it is a checkpoint, download it and add it with --like")
        begin(name, f"hub:{repo}/{file}")
        check_room(part, files[file])
        _download(repo, [file], part)
        (part / file).replace(style_in(part))
        read_style(style_in(part))
    except ModelError:
        shutil.rmtree(part, ignore_errors=True)
        raise
    except Exception as error:
        raise _said(error, repo, part) from error
    for folder in [path for path in part.iterdir() if path.is_dir()]:  # what the client knows, and those the file lay in
        shutil.rmtree(folder)
    return finish(part)


def style_name(repo: str, file: str) -> str:
    """What a style from a repository is called where no name is given."""
    return (repo if file == USUAL_STYLE else PurePosixPath(file).with_suffix("").as_posix()).rpartition("/")[2]


def chosen(files: Mapping[str, int], repo: str) -> tuple[list[str], list[str]]:
    """(configurations and texts, weights) that are needed of a repository's files, which are given with their sizes.

    Of each network the weights in half precision, where there are any: so they are run. Raises LibraryError, or ModelError
    for pickles.
    """
    if INDEX not in files:
        loose = [name for name in files if name.endswith(".safetensors") and "/" not in name]
        hint = ": choose another one"
        if loose:
            hint = f": download {loose[0]} and add that file, or add {repo}/{loose[0]} if it is a style"
        raise LibraryError(f"{repo} is no model in the diffusers layout, it has no {INDEX}{hint}")
    parts = [part for part in (*PARTS, *SECOND) if any(name.startswith(f"{part}/") for name in files)]
    words = [INDEX, CARD, "live.json", "lexicon.json", *LICENCES]
    words += [name for name in files if _part(name) in parts and PurePosixPath(name).suffix in WORDS]
    weights: list[str] = []
    for network in [part for part in parts if part in (*NETWORKS, *SECOND[:1])]:
        held = [name for name in files if _part(name) == network]
        safe = [name for name in held if name.endswith(".safetensors")]
        if not safe:
            pickled = next((name for name in held if PurePosixPath(name).suffix in PICKLES), None)
            why = f"only as a pickle ({pickled}), which can run any code" if pickled else "without weights"
            raise ModelError(f"{repo} has its {network} {why}: choose a model with .safetensors files")
        weights += [name for name in safe if variant_of(Path(name)) == VARIANT] or [
            name for name in safe if variant_of(Path(name)) == ""
        ]
    return [name for name in words if name in files], weights


def _part(name: str) -> str:
    """The folder that a file of a repository lies in, "" for deeper ones."""
    folders = PurePosixPath(name).parts[:-1]
    return folders[0] if len(folders) == 1 else ""


def _files(repo: str) -> dict[str, int]:
    """The repository's files with their sizes in bytes."""
    from huggingface_hub import HfApi

    found = HfApi().model_info(repo, files_metadata=True).siblings or []
    return {file.rfilename: file.size or 0 for file in found}


def _header(repo: str, file: str) -> Mapping[str, object]:
    """A .safetensors file's tensors by name, without them."""
    from huggingface_hub import HfApi

    return HfApi().parse_safetensors_file_metadata(repo, file).tensors


def _download(repo: str, names: list[str], part: Path) -> None:
    from huggingface_hub import snapshot_download

    snapshot_download(repo, local_dir=part, allow_patterns=names)


def _said(error: Exception, repo: str, part: Path) -> Exception:
    """The sentence for what went wrong; a fault of the program itself stays what it is."""
    from huggingface_hub import errors

    if isinstance(error, LibraryError):
        return error
    again = f"what came is kept, add it again to go on (or: visualizer models remove {part.stem})"
    if is_full(error):
        return LibraryError(f"the disk of {part.parent} is full before {repo} was whole: make room; {again}")
    if isinstance(error, errors.GatedRepoError):
        return LibraryError(
            f"{repo} is gated: accept its licence on its page on the hub, then run hf auth login and add it again"
        )
    if isinstance(error, (errors.RepositoryNotFoundError, errors.HFValidationError)):
        return LibraryError(f"there is no model {repo} on the hub, or it is private: look it up on the hub's own page")
    if isinstance(error, errors.OfflineModeIsEnabled):
        return LibraryError(f"{repo} cannot be downloaded while HF_HUB_OFFLINE is set: unset it, or add a folder")
    if type(error).__module__.split(".")[0] in CLIENT or isinstance(error, OSError):
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        return LibraryError(f"the hub does not give {repo} ({first}): check the network; {again}")
    return error
