"""Adding a model that is one .safetensors file, as model exchanges have them: it is taken apart into a folder.

Such a file has no tokenizer and no configuration. They come from an installed model of its family, so nothing is looked up
on a network; the conversion itself is diffusers'.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from engines.folder import linked
from engines.model import NETWORKS, SECOND, ModelInfo, inspect
from visualizer.models.about import HALF_BYTES, header_of, parameters_in
from visualizer.models.folders import copy_files, tiny_files
from visualizer.models.library import INDEX, LibraryError, check_room, finish, free_name, is_full, whole_or_not
from visualizer.models.progress import Progress

INSIDE = {"model.diffusion_model.": "a UNet", "first_stage_model.": "a decoder"}
TEXTS = ("cond_stage_model.", "conditioner.embedders.")


def add_checkpoint(file: Path, name: str, like: Path | None, progress: Progress, taesd: Path | None = None) -> Path:
    """Install a checkpoint file under a name, in half precision. like: the folder of a model of its family.

    Returns the installed folder. Raises ModelError if the other model or the file is broken, LibraryError otherwise.
    """
    name = free_name(name)
    if file.suffix.lower() != ".safetensors":
        raise LibraryError(
            f"{file} is no .safetensors file: other checkpoints can run any code when loaded, choose another one"
        )
    if like is None:
        raise LibraryError(
            f"{file.name} holds no tokenizer and no configuration: add a model of its family first, and name it with --like"
        )
    info, keys = inspect(like), header_of(file)
    lacking = [what for start, what in INSIDE.items() if not any(key.startswith(start) for key in keys)]
    if lacking or not any(key.startswith(TEXTS) for key in keys):
        raise LibraryError(
            f"{file.name} is no whole checkpoint, it lacks {(*lacking, 'a text encoder')[0]}: choose another one"
        )
    lent = {} if taesd is None else tiny_files(taesd)
    with whole_or_not(name, file) as part:
        check_room(part, parameters_in(file) * HALF_BYTES)
        _convert(file, info, part)
        copy_files({**_settings(info), **lent}, part, progress)
        index = json.loads((linked(info.path) / INDEX).read_text(encoding="utf-8"))
        (part / INDEX).write_text(json.dumps(index, indent=2), encoding="utf-8")
        inspect(part)
        return finish(part)


def _settings(info: ModelInfo) -> dict[str, Path]:
    """The files of tokenizers and scheduler, by their names in the new folder."""
    places = [place for part, place in info.parts.items() if part.startswith(("tokenizer", "scheduler"))]
    return {f"{place.name}/{file.name}": file for place in places for file in place.iterdir() if file.is_file()}


def _convert(file: Path, info: ModelInfo, part: Path) -> None:
    """Write the networks. Raises LibraryError if the file does not fit the model that it is said to be like."""
    import torch
    from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline
    from diffusers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    kind: Any = StableDiffusionXLPipeline if info.pooled else StableDiffusionPipeline
    none = {"feature_extractor": None, "image_encoder": None}
    if not info.pooled:
        none |= {"safety_checker": None}
    try:
        pipeline = kind.from_single_file(
            str(file), config=str(linked(info.path)), local_files_only=True, torch_dtype=torch.float16, **none
        )
        for network in (*NETWORKS, *SECOND[:1]):
            if network in info.parts:
                getattr(pipeline, network).save_pretrained(part / network, safe_serialization=True)
    except OSError as error:
        if is_full(error):
            raise
        raise _misfit(file, info, error) from error
    except Exception as error:  # the conversion meets a file of another family with whatever comes first
        raise _misfit(file, info, error) from error


def _misfit(file: Path, info: ModelInfo, error: Exception) -> LibraryError:
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return LibraryError(
        f"{file.name} is not like {info.path.name}, which is {info.family.title} ({first}): "
        "name a model of its own family with --like"
    )
