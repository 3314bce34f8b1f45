"""A model of its own out of a model and a LoRA: what teaches a model few steps is no style that is turned up and down."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engines.folder import read_json, variant_of, weights_of
from engines.model import ModelInfo, inspect
from engines.styles.file import LIMIT
from visualizer.models.folders import copy_files, files_of
from visualizer.models.library import INDEX, SOURCE, LibraryError, finish, free_name, source_of, whole_or_not
from visualizer.models.progress import Progress

SCHEDULERS: Mapping[str, Mapping[str, Any]] = {
    "lcm": {"_class_name": "LCMScheduler", "original_inference_steps": 50, "timestep_scaling": 10.0},
    "trailing": {"_class_name": "DDIMScheduler", "timestep_spacing": "trailing"},
}
"""What tells how a few-step model was distilled: as LCM (Luo et al. 2023), whose LoRAs state these numbers; or so that its
steps begin at the last timestep, as Hyper-SD (Ren et al. 2024) is used with DDIM."""


@dataclass(frozen=True, slots=True)
class Merge:
    """file: the LoRA. weight: how strongly it counts. few_steps: a key of SCHEDULERS, "" for a LoRA that changes no steps.
    steps: a frame, 0 for the family's own."""

    file: Path
    weight: float = 1.0
    few_steps: str = ""
    steps: int = 0


def add_merged(base: Path, merge: Merge, name: str, progress: Progress) -> Path:
    """Install under a name a copy of a model with a LoRA in its UNet for good, in half precision.

    Returns the installed folder. Raises ModelError if either cannot be used, LibraryError otherwise.
    """
    if merge.few_steps == "trailing" and not merge.steps:
        raise LibraryError("a LoRA of this kind is made for one number of steps: say it with --steps")
    if not abs(merge.weight) <= LIMIT:
        raise LibraryError(f"a LoRA cannot weigh {merge.weight:g}: choose a weight from {-LIMIT:g} to {LIMIT:g}")
    info, name = inspect(base), free_name(name)
    files = {file: path for file, path in files_of(info).items() if not file.startswith("unet/") or path.suffix == ".json"}
    with whole_or_not(name, base) as part:
        copy_files(files, part, progress)
        _write_unet(info, merge, part / "unet")
        _write_settings(merge, part)
        source = f"{source_of(base) or base} with {merge.file}"
        (part / SOURCE).write_text(json.dumps({"source": source}), encoding="utf-8")
        inspect(part)
        return finish(part)


def _write_unet(info: ModelInfo, merge: Merge, folder: Path) -> None:
    import torch
    from diffusers import UNet2DConditionModel
    from diffusers.utils import logging

    from engines.styles.fit import fitted

    logging.set_verbosity_error()
    place = info.parts["unet"]
    unet = UNet2DConditionModel.from_pretrained(
        place, use_safetensors=True, local_files_only=True, torch_dtype=torch.float32, low_cpu_mem_usage=False,
        variant=variant_of(weights_of(place)[0]).removeprefix(".") or None,
    )  # fmt: skip
    (style,) = fitted((merge.file,), unet, info)
    with torch.no_grad():
        for path, low in style.items():
            weight = unet.get_parameter(f"{path}.weight")
            weight += merge.weight * (low.up @ low.down.flatten(1)).reshape(weight.shape)
    unet.half().save_pretrained(folder)


def _write_settings(merge: Merge, part: Path) -> None:
    """How a few-step model is painted with; all else was copied from the base."""
    if merge.few_steps:
        index = read_json(part / INDEX)
        scheduler = part / "scheduler" / "scheduler_config.json"
        config = {**read_json(scheduler), **SCHEDULERS[merge.few_steps]}
        scheduler.write_text(json.dumps(config, indent=2), encoding="utf-8")
        index["scheduler"] = ["diffusers", config["_class_name"]]
        (part / INDEX).write_text(json.dumps(index, indent=2), encoding="utf-8")
    if merge.steps:
        live = part / "live.json"
        said = read_json(live) if live.exists() else {}
        live.write_text(json.dumps({**said, "steps": merge.steps}, indent=2), encoding="utf-8")
