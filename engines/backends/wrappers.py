"""The networks as plain functions of tensors: what every backend runs, traces or exports."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from engines.call import in_patches, velocity
from engines.model import ModelInfo, Modules, patch_of

TIME_IDS = 6
"""Numbers that tell an XL model of the picture: its height and width, where it was cropped, height and width again."""


class UNetCall(nn.Module):
    """UNet (latent, timestep (1,), text[, factors]) → prediction of the latent's shape.

    A UNet whose class embedding is wider than the sound factors takes the mean of the text states beside them: a model
    with cross-attention only at its lowest level hears the prompt at every level so. One of the XL families takes the
    vector of the whole text, which ``TextCall`` gives as the last token, and the picture's size, uncropped (Podell et al.
    2023). One that was distilled with guidance takes its scale (Luo et al. 2023).
    """

    def __init__(self, unet: Any, info: ModelInfo) -> None:
        super().__init__()
        self.unet: Any = unet
        self.patch = patch_of(unet.config.in_channels, info.latent_channels)
        self.residual, self.pixels = info.residual, info.latent_scale
        self.labels = int(unet.config.projection_class_embeddings_input_dim or 0)
        self.pooled = 0
        if info.pooled:
            self.pooled = self.labels - TIME_IDS * int(unet.config.addition_time_embed_dim)
        width = unet.config.time_cond_proj_dim
        scale = guidance_embedding(info.guidance, int(width)) if width else None
        self.register_buffer("guidance", scale, persistent=False)

    def forward(
        self, latent: torch.Tensor, timestep: torch.Tensor, text: torch.Tensor, factors: torch.Tensor | None = None
    ) -> torch.Tensor:
        conditions: dict[str, Any] = {} if self.guidance is None else {"timestep_cond": self.guidance}
        if self.pooled:
            height, width = (side * self.pixels for side in latent.shape[2:])
            # Filled, not copied: nothing may come from the processor while a graph is captured.
            size = torch.cat([text.new_full((text.shape[0], 1), side) for side in (height, width, 0, 0, height, width)], 1)
            # In float32, as the sizes' embeddings are that it is joined to: a graph knows no promotion of types.
            conditions["added_cond_kwargs"] = {"text_embeds": text[:, -1, : self.pooled].float(), "time_ids": size}
            text = text[:, :-1]
        elif factors is not None and factors.shape[1] < self.labels:
            factors = torch.cat([factors, text.mean(1)], 1)
        said = in_patches(self.unet, latent, timestep, text, factors, self.patch, **conditions)
        return velocity(latent, timestep / 1000, said) if self.residual else said


def guidance_embedding(scale: float, width: int) -> torch.Tensor:
    """What a UNet is told of a guidance scale, (1, width): sines and cosines of 1,000·(scale − 1), as of a timestep."""
    half = width // 2
    rates = torch.exp(torch.arange(half) * (-math.log(10_000.0) / max(half - 1, 1)))
    angles = 1000.0 * (scale - 1.0) * rates
    return F.pad(torch.cat([angles.sin(), angles.cos()]), (0, width - 2 * half))[None]


class DecodeCall(nn.Module):
    """Clean latent → RGB bytes (height, width, 3), with the light map applied on the way.

    A decoder with 3·r² channels ends in a pixel shuffle by r: the last levels cost nothing, which a CPU needs.
    """

    def __init__(self, vae: Any) -> None:
        super().__init__()
        self.vae: Any = vae
        self.scale = float(vae.config.scaling_factor)
        self.shift = float(getattr(vae.config, "shift_factor", None) or 0.0)
        self.ratio = math.isqrt(int(vae.config.out_channels) // 3)

    def forward(self, latent: torch.Tensor, matrix: torch.Tensor, offset: torch.Tensor) -> torch.Tensor:
        picture = self.vae.decode(latent / self.scale + self.shift, return_dict=False)[0]
        if self.ratio > 1:
            picture = F.pixel_shuffle(picture, self.ratio)
        picture = F.conv2d(picture * 0.5 + 0.5, matrix[:, :, None, None], offset)
        # Bytes last: TensorRT knows them at a network's end only.
        return (picture.clamp(0, 1) * 255 + 0.5)[0].permute(1, 2, 0).to(torch.uint8)


class EncodeCall(nn.Module):
    """RGB bytes (height, width, 3) → clean latent (1, C, h, w), as ``DecodeCall`` takes it.

    Where an encoder tells a distribution, its mean: the same picture is the same latent.
    """

    def __init__(self, vae: Any) -> None:
        super().__init__()
        self.vae: Any = vae
        self.scale = float(vae.config.scaling_factor)
        self.shift = float(getattr(vae.config, "shift_factor", None) or 0.0)

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        # Numbers first: TensorRT knows bytes at a network's beginning only.
        colours = picture.to(self.vae.dtype).permute(2, 0, 1)[None] / 127.5 - 1
        told = self.vae.encode(colours, return_dict=False)[0]
        latent = told if isinstance(told, torch.Tensor) else told.mean
        return (latent - self.shift) * self.scale


class TextCall(nn.Module):
    """Token ids (encoders, tokens) → token states (1, tokens, width).

    Two encoders' states, each of the last layer but one, stand side by side, as the XL families take them; the second
    one's vector of the whole text follows as one more token, filled up with zeros. So a prompt is one tensor, whatever the
    model, and prompts that are mixed are mixed with all they say.
    """

    def __init__(self, modules: Modules) -> None:
        super().__init__()
        self.first, self.second = modules.text_encoder, modules.second_encoder

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        if self.second is None:
            return self.first(input_ids=ids).last_hidden_state
        first = self.first(input_ids=ids[:1], output_hidden_states=True)
        second = self.second(input_ids=ids[1:], output_hidden_states=True)
        states = torch.cat([first.hidden_states[-2], second.hidden_states[-2]], 2)
        whole = second.text_embeds
        return torch.cat([states, F.pad(whole, (0, states.shape[2] - whole.shape[1]))[:, None]], 1)
