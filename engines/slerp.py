"""Slerp: the way from one vector to another along the arc between them (Shoemake 1985), which keeps their length.

Between two that lie far apart a straight line passes nearer to zero than either, and what is nearer to zero says less.
"""

from __future__ import annotations

import torch
from torch import Tensor

LEAST_SINE = 1e-3
"""Below it two vectors are parallel or opposite: the arc is a line, or there are many, and a straight line is taken."""


def slerp(first: Tensor, second: Tensor, share: float) -> Tensor:
    """sin((1 − share)·θ)/sin θ · first + sin(share·θ)/sin θ · second, θ the angle between them, for every vector apart.

    first, second: (…, width), vectors along the last dimension; share: 0–1. Where two are parallel, opposite, or one is
    zero, they are mixed straight. The result is exactly ``first`` at 0 and ``second`` at 1.
    """
    if share <= 0.0:
        return first
    if share >= 1.0:
        return second
    lengths = first.norm(dim=-1, keepdim=True) * second.norm(dim=-1, keepdim=True)
    cosine = ((first * second).sum(-1, keepdim=True) / lengths.clamp_min(torch.finfo(first.dtype).tiny)).clamp(-1, 1)
    angle = torch.acos(cosine)
    sine = torch.sin(angle)
    straight = (sine < LEAST_SINE) | (lengths == 0)
    safe = torch.where(straight, torch.ones_like(sine), sine)
    arc = (torch.sin((1 - share) * angle) * first + torch.sin(share * angle) * second) / safe
    return torch.where(straight, torch.lerp(first, second, share), arc)
