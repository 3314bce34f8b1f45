"""Degraded feedback: what a live stream really holds when it asks for its next frame.

The stream starts every frame from its last one, warped and re-noised. That one is late, off in level and colour, blurred by
many passes, or, after a change of prompt or sound, simply of another picture. Training shows the network such a stale x̃ and
asks for the true next frame x, so that small errors are pulled back instead of piling up and changes take hold.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

ZOOM, TURN, SHIFT = 0.04, 0.04, 0.05  # fractions, radians, fraction of the half picture
GAIN = (0.8, 1.25)
OFFSET_STD = 0.12
TIMES = (0.2, 0.92)


def degrade(latents: Tensor) -> Tensor:
    """Warp, blur, scale and shift the levels of latents (B, C, h, w), each picture by its own draw."""
    count, channels, device = latents.shape[0], latents.shape[1], latents.device

    def draw(low: float, high: float, *shape: int) -> Tensor:
        return torch.empty(count, *shape, device=device).uniform_(low, high)

    def on(share: float) -> Tensor:
        return (torch.rand(count, 1, 1, 1, device=device) < share).float()

    scale, turn = 1 + draw(-ZOOM, ZOOM), draw(-TURN, TURN)
    matrix = torch.stack(
        [
            torch.stack([scale * turn.cos(), -scale * turn.sin(), draw(-SHIFT, SHIFT)], -1),
            torch.stack([scale * turn.sin(), scale * turn.cos(), draw(-SHIFT, SHIFT)], -1),
        ],
        1,
    )
    grid = F.affine_grid(matrix, list(latents.shape), align_corners=False)
    warped = F.grid_sample(latents, grid, padding_mode="reflection", align_corners=False)
    held = on(0.6)
    out = held * warped + (1 - held) * latents
    soft = F.avg_pool2d(F.pad(out, (1, 1, 1, 1), mode="reflect"), 3, 1)
    out = out.lerp(soft, on(0.5) * draw(0, 0.7, 1, 1, 1))
    changed = on(0.7)
    gain = 1 + changed * (draw(*GAIN, 1, 1, 1) - 1)
    return out * gain + changed * OFFSET_STD * torch.randn(count, channels, 1, 1, device=device)


def noise_to(clean: Tensor, noise: Tensor, time: Tensor) -> Tensor:
    """(1 − t)·x + t·ε for latents (B, C, h, w) and times (B,)."""
    at = time[:, None, None, None]
    return (1 - at) * clean + at * noise


def walk(noise: Tensor) -> Tensor:
    """Noise (B, C, h, w) turned a little, one time in four wholly new; its variance stays one."""
    angle = torch.rand(len(noise), 1, 1, 1, device=noise.device) * 0.3
    fresh = torch.rand_like(angle) < 0.25
    angle = torch.where(fresh, torch.full_like(angle, math.pi / 2), angle)
    return angle.cos() * noise + angle.sin() * torch.randn_like(noise)


def target(noised: Tensor, clean: Tensor, time: Tensor) -> Tensor:
    """The velocity (z − x)/t whose one-step estimate z − t·v is the clean picture; equals ε − x where z came from x."""
    return (noised - clean) / time[:, None, None, None]


def weight(time: Tensor) -> Tensor:
    """(B,) loss weights t²: the loss is the squared error of the clean picture, however stale the feedback.

    Without it the 1/t² of the target lets sources that tell little drown the plain flow-matching loss.
    """
    return time.square()
