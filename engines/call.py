"""How a UNet is asked for a velocity: in patches, and for what a straight guess from its input leaves open.

Both only reshape or add; the network between them is a stock one.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F


def together(latents: torch.Tensor, patch: int) -> torch.Tensor:
    """Latents (B, C, H, W) as patches (B, C·p², H/p, W/p): every square of p × p latents becomes one position.

    The highest level of a UNet takes most of a CPU's time; patches of two quarter it, and let the network see twice as far.
    """
    return F.pixel_unshuffle(latents, patch) if patch > 1 else latents


def apart(patches: torch.Tensor, patch: int) -> torch.Tensor:
    """Patches (B, C·p², H, W) as latents (B, C, H·p, W·p)."""
    return F.pixel_shuffle(patches, patch) if patch > 1 else patches


def in_patches(
    unet: Any, latents: torch.Tensor, timestep: torch.Tensor, text: torch.Tensor, labels: torch.Tensor | None, patch: int,
    **conditions: Any,
) -> torch.Tensor:  # fmt: skip
    """What a UNet that sees patches says of latents, in their own shape. conditions: others that it takes, by its names."""
    said = unet(together(latents, patch), timestep, text, class_labels=labels, return_dict=False, **conditions)[0]
    return apart(said, patch)


def power(level: torch.Tensor) -> torch.Tensor:
    """The variance t² + (1 − t)² of z = (1 − t)·x + t·ε at levels t, for latents of variance one."""
    return level.square() + (1 - level).square()


def velocity(noised: torch.Tensor, level: torch.Tensor, residual: torch.Tensor) -> torch.Tensor:
    """The velocity ε − x (B, C, H, W) from z = (1 − t)·x + t·ε at levels t (B,) or (1,) and a network's residual.

    After Karras et al. 2022 (EDM), for straight paths and latents of variance one: k·z with k = (2t − 1)/(t² + (1 − t)²) is
    the best linear guess, and what it leaves open has variance 1/(t² + (1 − t)²). So the network need not carry the noise
    through itself, and at pure noise it answers with a picture alone, which is where a prompt decides.
    """
    t = level[:, None, None, None]
    return (2 * t - 1) / power(t) * noised + residual / power(t).sqrt()
