"""Molten blobs: sums of turning waves, warped and shaded as glossy liquid with black valleys."""

from __future__ import annotations

import torch

from ..fields import TAU, Picture, Stage, rotate, slope, step


def draw(s: Stage) -> Picture:
    size = 1.6 - 0.8 * s.bass
    bend = 0.35 + 0.5 * s.tension + 0.3 * s.onset
    x = s.x + bend * 0.5 * torch.sin(1.7 * s.y + 0.5 * s.t + s.uniform(0, TAU))
    y = s.y + bend * 0.5 * torch.sin(1.9 * s.x - 0.43 * s.t + s.uniform(0, TAU))
    total = torch.zeros_like(x)
    for k in range(5):
        across, along = rotate(x, y, s.uniform(0, TAU) + 0.05 * s.t)
        f = s.uniform(1.2, 3.0 + 0.5 * k) * size
        swing = torch.sin(1.3 * f * along + s.uniform(0, TAU) - 0.4 * s.t)
        total = total + torch.sin(f * across + (0.6 + 0.6 * s.mid) * swing + s.uniform(0, TAU) + 0.6 * s.t)
    fine = torch.sin(9 * x + 3 * total) * torch.sin(9 * y - 2 * total) * s.treble
    height = 0.5 + 0.5 * torch.sin(0.95 * total + 0.25 * fine)
    gx, gy = slope(height)
    shine = (0.5 - 0.22 * gx - 0.3 * gy) / (1 + 0.12 * (gx * gx + gy * gy))
    glint = step(0.72, 1.0, shine) * step(0.3, 0.8, height)
    tone = 0.5 + 0.36 * torch.sin(0.8 * total + 1.3 * s.x + 0.4 * s.t) + 0.22 * (height - 0.5)
    light = step(0.1, 1.0, height) * (0.12 + 0.5 * height + 0.75 * shine.clamp(min=0))
    return Picture(tone, light, glint * (0.15 + 0.5 * s.treble))
