"""A LoRA file brought to one UNet: the two thin matrices of each layer that it changes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from engines.model import ModelInfo
from engines.styles.file import StyleError, StyleFile, read_style
from engines.styles.names import Names


@dataclass(frozen=True, slots=True)
class LowRank:
    """What a style adds to a layer's weight, up·down, α/r included. Float32.

    down: (rank, in) of a linear layer, (rank, in, height, width) of a convolution. up: (out, rank).
    """

    down: torch.Tensor
    up: torch.Tensor


Style = Mapping[str, LowRank]
"""By the path of the layer in the UNet."""


def fitted(files: Sequence[Path], unet: torch.nn.Module, info: ModelInfo) -> tuple[Style, ...]:
    """The styles in these files, for a model's UNet. Raises StyleError where one does not fit it, wholly."""
    names = Names(unet) if files else None
    return tuple(_fit(read_style(path), unet, names, info) for path in files if names is not None)


def _fit(file: StyleFile, unet: torch.nn.Module, names: Names, info: ModelInfo) -> Style:
    from safetensors import safe_open

    model = f"{info.path.name}, which is {info.family.title}"
    paths = {layer: names.find(layer) for layer in file.pairs}
    lost = [layer for layer, path in paths.items() if path is None]
    if lost:
        some = "none" if len(lost) == len(paths) else f"{len(lost)}"
        raise StyleError(
            f"{file.path.name} is not made for {model}: of its {len(paths)} layers {some} "
            f"{'is' if some == 'none' else 'are not'} in that model (first: {lost[0]}), choose one of its family"
        )
    style: dict[str, LowRank] = {}
    with safe_open(file.path, "pt") as tensors:
        for layer, pair in file.pairs.items():
            path = str(paths[layer])
            weight = unet.get_parameter(f"{path}.weight")
            down, up = tensors.get_tensor(pair.down).float(), tensors.get_tensor(pair.up).float().flatten(1)
            if down[0, 0].numel() == 1:  # a convolution of one pixel in one model is linear in another
                down = down.reshape(*down.shape[:2], *(1 for _ in weight.shape[2:]))
            if down.shape[1:] != weight.shape[1:] or up.shape[0] != weight.shape[0]:
                has, wants = (up.shape[0], *down.shape[1:]), tuple(weight.shape)
                raise StyleError(
                    f"{file.path.name} is not made for {model}: its {layer} is {_sides(has)} and the model's "
                    f"{_sides(wants)}, choose one of its family"
                )
            alpha = float(tensors.get_tensor(pair.alpha)) if pair.alpha else None
            up = up * file.scale(path, pair.rank, alpha)
            if not (down.isfinite().all() and up.isfinite().all()):
                raise StyleError(f"{file.path.name} holds values that are no numbers, in {layer}: choose another LoRA")
            style[path] = _balanced(down, up)
    return style


def _balanced(down: torch.Tensor, up: torch.Tensor) -> LowRank:
    """Both of one magnitude, by a power of two, which rounds nothing: trained ones lie apart, one below half precision."""
    high, low = float(down.abs().max()), float(up.abs().max())
    power = 0 if not high or not low else round(math.log2(low / high) / 2)
    return LowRank(down * 2.0**power, up * 2.0**-power)


def _sides(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape))
