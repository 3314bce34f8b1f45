"""Light: gain, contrast, saturation and hue of the finished picture as one affine map of RGB."""

from __future__ import annotations

import math

import torch

_LUMA = torch.tensor([0.2126, 0.7152, 0.0722])  # ITU-R BT.709


def light_map(gain: float, contrast: float, saturation: float, hue: float) -> tuple[torch.Tensor, torch.Tensor]:
    """(matrix (3, 3), offset (3,)) so that RGB in 0–1 becomes matrix @ rgb + offset. hue in degrees; the rest 1 = as is."""
    grey = _LUMA.expand(3, 3)
    mix = torch.eye(3) * saturation + grey * (1 - saturation)
    if hue:
        axis = torch.full((3, 3), 1 / 3)  # Rodrigues' rotation about the grey axis
        cross = torch.tensor([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]]) / math.sqrt(3)
        cos, sin = math.cos(math.radians(hue)), math.sin(math.radians(hue))
        mix = (cos * torch.eye(3) + (1 - cos) * axis + sin * cross) @ mix
    return gain * contrast * mix, torch.full((3,), 0.5 * (1 - contrast) * gain)
