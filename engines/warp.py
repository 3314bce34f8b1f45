"""The feedback warp: the last latent zoomed, turned, shifted and swirled a little, bicubic, mirrored at the edges."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F


def warp(
    latent: torch.Tensor, zoom: float = 0.0, rotate: float = 0.0, pan_x: float = 0.0, pan_y: float = 0.0,
    swirl: float = 0.0,
) -> torch.Tensor:  # fmt: skip
    """Warp a latent (1, C, H, W) about its centre.

    zoom: octaves, positive is inwards. rotate: degrees clockwise. pan_x, pan_y: widths, heights. swirl: radians at the
    centre, falling to none at the edge. The identity returns the input itself.
    """
    if not any((zoom, rotate, pan_x, pan_y, swirl)):
        return latent
    height, width = latent.shape[-2:]
    aspect = width / height
    y, x = torch.meshgrid(
        (torch.arange(height, device=latent.device) + 0.5) * 2 / height - 1,
        ((torch.arange(width, device=latent.device) + 0.5) * 2 / width - 1) * aspect,
        indexing="ij",
    )
    angle = torch.full_like(x, -math.radians(rotate))
    if swirl:
        angle = angle + swirl * torch.exp(-2.0 * (x * x + y * y))
    cos, sin = torch.cos(angle), torch.sin(angle)
    scale = 2.0**-zoom
    source_x = scale * (cos * x - sin * y) / aspect - 2 * pan_x
    source_y = scale * (sin * x + cos * y) - 2 * pan_y
    grid = torch.stack([source_x, source_y], -1)[None].to(latent.dtype)
    return F.grid_sample(latent, grid, mode="bicubic", padding_mode="reflection", align_corners=False)
