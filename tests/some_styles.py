"""LoRA files of random values in each of the ways that trainers name their tensors, made for a model's UNet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file

from engines.styles.names import first_names

Parts = Mapping[str, tuple[torch.Tensor, torch.Tensor, float]]
"""By a layer's path in the UNet: down (rank, …), up (out, rank) and α."""


def some_parts(unet: torch.nn.Module, layers: Iterable[str], rank: int = 3, seed: int = 1, alpha: float = 2.0) -> Parts:
    """Random matrices for the layers whose paths end so, large enough to be seen."""
    noise = torch.Generator().manual_seed(seed)
    wanted, parts = tuple(layers), {}
    for path, layer in unet.named_modules():
        if isinstance(layer, torch.nn.Linear | torch.nn.Conv2d) and path.endswith(wanted):
            out, *rest = layer.weight.shape
            down = torch.randn(rank, *rest, generator=noise) * 0.3
            parts[path] = down, torch.randn(out, rank, generator=noise) * 0.3, alpha
    assert parts
    return parts


def merged(unet: torch.nn.Module, parts: Parts, weight: float) -> torch.nn.Module:
    """The UNet with the style in its weights, worked out by hand in float64."""
    with torch.no_grad():
        for path, (down, up, alpha) in parts.items():
            own = unet.get_parameter(f"{path}.weight")
            added = up.double() @ down.double().flatten(1) * (weight * alpha / len(down))
            own.copy_((own.double() + added.reshape(own.shape)).float())
    return unet


def kohya(parts: Parts, path: Path, name: Callable[[str], str] = lambda path: path) -> Path:
    """As kohya's trainer: dots are underscores, α is a tensor, convolutions stay four-dimensional. name: of a layer."""
    tensors = {}
    for layer, (down, up, alpha) in parts.items():
        flat = "lora_unet_" + name(layer).replace(".", "_")
        tensors[f"{flat}.lora_down.weight"] = down
        tensors[f"{flat}.lora_up.weight"] = up.reshape(*up.shape, *(1 for _ in down.shape[2:]))
        tensors[f"{flat}.alpha"] = torch.tensor(alpha)
    return _saved(tensors, path)


def first(parts: Parts, path: Path, unet: torch.nn.Module) -> Path:
    """As kohya's trainer names the layers of XL."""
    return kohya(parts, path, first_names(unet).__getitem__)


def peft(parts: Parts, path: Path, metadata: Mapping[str, str] | None = None) -> Path:
    """As diffusers writes since it uses PEFT: α is in the metadata, or nowhere and then the rank."""
    tensors = {}
    for layer, (down, up, alpha) in parts.items():
        known = 1.0 if metadata else alpha / len(down)
        tensors[f"unet.{layer}.lora_A.weight"] = down
        tensors[f"unet.{layer}.lora_B.weight"] = up.reshape(*up.shape, *(1 for _ in down.shape[2:])) * known
    return _saved(tensors, path, metadata)


def old_diffusers(parts: Parts, path: Path) -> Path:
    """As diffusers wrote before: the attention's processor holds the matrices, and other layers a part called lora."""
    tensors = {}
    for layer, (down, up, alpha) in parts.items():
        place, _, last = layer.removesuffix(".0").rpartition(".")
        attention = last.startswith("to_")
        stem = f"unet.{place}.processor.{last}_lora" if attention else f"unet.{layer}.lora"
        tensors[f"{stem}.down.weight"], tensors[f"{stem}.up.weight"] = (
            down,
            up.reshape(*up.shape, *(1 for _ in down.shape[2:])) * (alpha / len(down)),
        )
    return _saved(tensors, path)


def _saved(tensors: Mapping[str, torch.Tensor], path: Path, metadata: Mapping[str, str] | None = None) -> Path:
    save_file({name: tensor.clone().contiguous() for name, tensor in tensors.items()}, path, dict(metadata or {}) or None)
    return path
