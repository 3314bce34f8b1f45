"""Models of full size with random weights, in the exact shapes of the real ones: speed does not depend on weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderTiny, UNet2DConditionModel
from diffusers.utils import logging
from transformers import CLIPTextConfig, CLIPTextModel

from engines.model import ModelInfo, Modules, inspect


@dataclass(frozen=True, slots=True)
class Kind:
    """One family. unet: its configuration beside diffusers' defaults. tokens, width: of its text states. side: pixels.
    text_layers: of its text encoder.
    """

    name: str
    unet: dict[str, Any]
    tokens: int
    width: int
    side: int
    text_layers: int


_LEVELS = {
    "block_out_channels": (320, 640, 1280, 1280), "layers_per_block": 2, "sample_size": 64, "in_channels": 4,
    "out_channels": 4,
    "down_block_types": ("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
}  # fmt: skip

KINDS = {
    "sd-turbo": Kind(
        "sd-turbo",
        {**_LEVELS, "cross_attention_dim": 1024, "attention_head_dim": (5, 10, 20, 20), "use_linear_projection": True},
        77, 1024, 512, 23,
    ),
    "sd-1.5": Kind("sd-1.5", {**_LEVELS, "cross_attention_dim": 768, "attention_head_dim": 8}, 77, 768, 512, 12),
    "small": Kind(
        "small",
        {
            "block_out_channels": (32, 64), "layers_per_block": 1, "sample_size": 16, "in_channels": 4, "out_channels": 4,
            "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"), "cross_attention_dim": 64,
            "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"), "attention_head_dim": 8, "norm_num_groups": 8,
        },
        77, 64, 128, 2,
    ),
}  # fmt: skip
"""By name; "small" is for trying the benchmarks on a processor."""


def _quietly() -> None:
    logging.set_verbosity_error()  # each change of precision would be remarked on


def unet_of(kind: Kind, device: torch.device, dtype: torch.dtype = torch.float32) -> UNet2DConditionModel:
    """The UNet, made where it is to run."""
    _quietly()
    torch.manual_seed(0)
    with device:
        unet = UNet2DConditionModel(**kind.unet)
    return unet.to(dtype).eval().requires_grad_(False)


def vae_of(device: torch.device, dtype: torch.dtype = torch.float32) -> AutoencoderTiny:
    """TAESD, as it is by diffusers' own defaults."""
    _quietly()
    torch.manual_seed(0)
    with device:
        vae = AutoencoderTiny()
    return vae.to(dtype).eval().requires_grad_(False)


def modules_of(kind: Kind, device: torch.device, whole_text: bool = False) -> Modules:
    """All networks. Unless ``whole_text`` is asked for, the text encoder is small but for its width: it runs once a prompt,
    not in a frame.
    """
    torch.manual_seed(0)
    layers = kind.text_layers if whole_text else 1
    text = CLIPTextModel(CLIPTextConfig(
        hidden_size=kind.width, num_hidden_layers=layers, num_attention_heads=kind.width // 64,
        intermediate_size=4 * kind.width if whole_text else kind.width,
    ))  # fmt: skip
    return Modules(unet_of(kind, device), vae_of(device), text.eval())


def info_of(kind: Kind) -> ModelInfo:
    """What the model's folder would say; its tokenizer and schedule are those of the model that ships."""
    shipped = inspect(Path(__file__).parents[1] / "engines" / "embedded")
    return replace(
        shipped, native_size=(kind.side, kind.side), multiple=64, steps=1, change=0.6, sound_factors=(),
        prediction="epsilon", residual=False, latent_channels=4, latent_scale=8, cold_steps=1,
        lexicon={}, fingerprint=f"random-{kind.name}",
    )  # fmt: skip
