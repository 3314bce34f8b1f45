"""The warp that feeds motion back: pictures, latents and noise are zoomed, turned, shifted and swirled alike."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F


@dataclass(frozen=True, slots=True)
class Motion:
    """A movement about the picture's centre.

    zoom: octaves, positive is inwards. rotate: degrees clockwise. pan_x, pan_y: widths, heights. swirl: radians at the
    centre, falling to none at the edge.
    """

    zoom: float = 0.0
    rotate: float = 0.0
    pan_x: float = 0.0
    pan_y: float = 0.0
    swirl: float = 0.0

    @classmethod
    def of(cls, knobs: Mapping[str, float], group: str, share: float = 1.0) -> Motion:
        """The movement of a group's knobs (``group/zoom`` …), times ``share``: rates times seconds."""
        return cls(*(share * knobs[f"{group}/{name}"] for name in cls.__slots__))

    @property
    def none(self) -> bool:
        """Whether nothing moves."""
        return not any((self.zoom, self.rotate, self.pan_x, self.pan_y, self.swirl))


def source_points(height: int, width: int, motion: Motion, device: torch.device | None = None) -> torch.Tensor:
    """Where every point of a moved picture comes from: (height, width, 2) of x, y, −1…1 from edge to edge."""
    aspect = width / height
    y, x = torch.meshgrid(
        (torch.arange(height, device=device) + 0.5) * 2 / height - 1,
        ((torch.arange(width, device=device) + 0.5) * 2 / width - 1) * aspect,
        indexing="ij",
    )
    angle = torch.full_like(x, -math.radians(motion.rotate))
    if motion.swirl:
        angle = angle + motion.swirl * torch.exp(-2.0 * (x * x + y * y))
    cos, sin = torch.cos(angle), torch.sin(angle)
    scale = 2.0**-motion.zoom
    source_x = scale * (cos * x - sin * y) / aspect - 2 * motion.pan_x
    source_y = scale * (sin * x + cos * y) - 2 * motion.pan_y
    return torch.stack([source_x, source_y], -1)


def warp(latent: torch.Tensor, motion: Motion) -> torch.Tensor:
    """Move a latent (1, C, H, W): bicubic, mirrored at the edges. No motion returns the input itself."""
    if motion.none:
        return latent
    grid = source_points(latent.shape[-2], latent.shape[-1], motion, latent.device)[None].to(latent.dtype)
    return F.grid_sample(latent, grid, mode="bicubic", padding_mode="reflection", align_corners=False)
