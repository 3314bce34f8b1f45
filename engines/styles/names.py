"""What a UNet's layers are called in LoRA files: as diffusers calls them, or as the first implementation (LDM) does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

RESNET = {
    "conv1": "in_layers.2", "conv2": "out_layers.3", "time_emb_proj": "emb_layers.1", "conv_shortcut": "skip_connection",
}  # fmt: skip
OUTSIDE = {
    "conv_in": "input_blocks.0.0", "conv_out": "out.2", "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2", "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
}  # fmt: skip
FLAT = "lora_unet_"
"""Before names whose dots were made underscores, as kohya's trainer writes them."""
STARTS = ("base_model.model.", "model.diffusion_model.", "diffusion_model.", "unet.")


class Names:
    """The layers of one UNet that a LoRA may change, found by any name that a file has for them."""

    def __init__(self, unet: torch.nn.Module) -> None:
        first = first_names(unet)
        self._dotted = {name: path for path, name in first.items()} | {path: path for path in first}
        self._dotted |= {path.removesuffix(".0"): path for path in first if path.endswith(".to_out.0")}
        self._flat = {name.replace(".", "_"): path for name, path in self._dotted.items()}

    def find(self, name: str) -> str | None:
        """The layer's path in the UNet; None where there is no such layer."""
        if name.startswith(FLAT):
            return self._flat.get(name.removeprefix(FLAT))
        for start in STARTS:
            name = name.removeprefix(start)
        return self._dotted.get(name.replace(".processor.", "."))


def first_names(unet: torch.nn.Module) -> dict[str, str]:
    """What each linear layer and convolution is called in the first implementation, by its path in the UNet."""
    places = dict(_places(unet))
    paths = [path for path, layer in unet.named_modules() if isinstance(layer, torch.nn.Linear | torch.nn.Conv2d)]
    return {path: _first(path, places) for path in paths}


def _first(path: str, places: dict[str, str]) -> str:
    for start, place in places.items():
        if path.startswith(start):
            inner = path.removeprefix(start)
            return place + (RESNET.get(inner, inner) if ".resnets." in start else inner)
    return OUTSIDE.get(path, path)


def _places(unet: Any) -> Iterator[tuple[str, str]]:
    """(diffusers' beginning of a name, the other), block after block as the first implementation counts them through."""
    at = 1
    for i, block in enumerate(unet.down_blocks):
        for j in range(len(block.resnets)):
            yield from _pair(f"down_blocks.{i}", j, f"input_blocks.{at}")
            at += 1
        if block.downsamplers:
            yield f"down_blocks.{i}.downsamplers.0.conv", f"input_blocks.{at}.0.op"
            at += 1
    yield "mid_block.resnets.0.", "middle_block.0."
    yield "mid_block.attentions.0.", "middle_block.1."
    yield "mid_block.resnets.1.", "middle_block.2."
    at = 0
    for i, block in enumerate(unet.up_blocks):
        for j in range(len(block.resnets)):
            yield from _pair(f"up_blocks.{i}", j, f"output_blocks.{at}")
            at += 1
        if block.upsamplers:
            after = 2 if getattr(block, "attentions", None) else 1
            yield f"up_blocks.{i}.upsamplers.0.", f"output_blocks.{at - 1}.{after}."


def _pair(block: str, number: int, place: str) -> Iterator[tuple[str, str]]:
    yield f"{block}.resnets.{number}.", f"{place}.0."
    yield f"{block}.attentions.{number}.", f"{place}.1."
