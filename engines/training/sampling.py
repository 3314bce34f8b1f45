"""Two ways to use the network: from pure noise in a few Euler steps, and as a stream that starts from its last frame."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .feedback import noise_to
from .unet import predict

# Pictures of one prompt lie well inside these; a stream that leaves them is drifting.
MEAN_BAND, STD_BAND = 1.2, (0.35, 1.6)
PULL = 0.1


@torch.no_grad()
def euler(unet: nn.Module, latents: Tensor, times: list[float], states: Tensor, factors: Tensor) -> Tensor:
    """Follow the flow from times[0] to 0: latents (B, 4, h, w) noised to times[0], states (B, 24, W), factors (B, 7)."""
    for now, then in zip(times, [*times[1:], 0.0], strict=True):
        at = torch.full((len(latents),), now, device=latents.device)
        latents = latents + (then - now) * predict(unet, latents, at, states, factors).float()
    return latents


def paint(unet: nn.Module, noise: Tensor, states: Tensor, factors: Tensor, steps: int = 4) -> Tensor:
    """Pictures from pure noise (B, 4, h, w) in equal steps."""
    return euler(unet, noise, [1 - step / steps for step in range(steps)], states, factors)


def guard(latents: Tensor) -> Tensor:
    """Pull channel statistics that left their band a little way back."""
    mean = latents.mean((2, 3), keepdim=True)
    std = latents.std((2, 3), keepdim=True) + 1e-4
    wanted_mean, wanted_std = mean.clamp(-MEAN_BAND, MEAN_BAND), std.clamp(*STD_BAND)
    new_mean, new_std = mean.lerp(wanted_mean, PULL), std.lerp(wanted_std, PULL)
    return (latents - mean) / std * new_std + new_mean


def stream(
    unet: nn.Module,
    start: Tensor,
    states: Tensor,
    factors: Tensor,
    renoise: float = 0.6,
    steps: int = 2,
    walk: float = 0.08,
    zoom: float = 1.006,
    generator: torch.Generator | None = None,
) -> Iterator[Tensor]:
    """Endless frames (B, 4, h, w): warp, re-noise with slowly turning noise, a few steps, guard.

    ``factors`` is (T, B, 7), repeated for ever; the noise turns by ``walk`` radians a frame.
    """
    held = start
    noise = torch.randn(start.shape, generator=generator)
    count = len(start)
    matrix = torch.eye(2, 3)[None].repeat(count, 1, 1) / zoom
    grid = F.affine_grid(matrix, list(start.shape), align_corners=False)
    times = [renoise * (1 - step / steps) for step in range(steps)]
    frame = 0
    while True:
        turned = torch.tensor(walk)
        noise = turned.cos() * noise + turned.sin() * torch.randn(start.shape, generator=generator)
        warped = F.grid_sample(held, grid, padding_mode="reflection", align_corners=False)
        noised = noise_to(warped, noise, torch.full((count,), renoise))
        held = guard(euler(unet, noised, times, states, factors[frame % len(factors)]))
        frame += 1
        yield held
