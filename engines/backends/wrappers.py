"""The networks as plain functions of tensors: what every backend runs, traces or exports."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from engines.call import in_patches, velocity
from engines.model import ModelInfo, patch_of


class UNetCall(nn.Module):
    """UNet (latent, timestep (1,), text[, factors]) → prediction of the latent's shape.

    A UNet whose class embedding is wider than the sound factors takes the mean of the text states beside them: a model
    with cross-attention only at its lowest level hears the prompt at every level so.
    """

    def __init__(self, unet: Any, info: ModelInfo) -> None:
        super().__init__()
        self.unet: Any = unet
        self.patch = patch_of(unet.config.in_channels, info.latent_channels)
        self.residual = info.residual
        self.labels = int(unet.config.projection_class_embeddings_input_dim or 0)

    def forward(
        self, latent: torch.Tensor, timestep: torch.Tensor, text: torch.Tensor, factors: torch.Tensor | None = None
    ) -> torch.Tensor:
        if factors is not None and factors.shape[1] < self.labels:
            factors = torch.cat([factors, text.mean(1)], 1)
        said = in_patches(self.unet, latent, timestep, text, factors, self.patch)
        return velocity(latent, timestep / 1000, said) if self.residual else said


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


class TextCall(nn.Module):
    """Token ids (1, tokens) → token states (1, tokens, width)."""

    def __init__(self, text_encoder: nn.Module) -> None:
        super().__init__()
        self.text_encoder = text_encoder

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.text_encoder(input_ids=ids).last_hidden_state
