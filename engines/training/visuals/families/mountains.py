"""Ridges behind ridges in mist, dark in front and pale behind, under a sun or moon."""

from __future__ import annotations

import torch

from ..fields import Picture, Stage, halo, length, sample, sparkle, step

RIDGES = 6


def draw(s: Stage) -> Picture:
    radius = 0.15 + 0.16 * s.bass + 0.04 * s.onset
    distance = length(
        s.x - s.uniform(-0.55, 0.55), s.y - s.uniform(-0.45, -0.05) + 0.04 * torch.sin(0.3 * s.t)
    )
    disc = step(0.016, -0.016, distance - radius)
    glow = halo(distance, 2.2 * radius)
    maps = s.noise(RIDGES, modes=18, slope=1.55, speed=0.12)
    mist, cloud = sample(
        s.noise(2, modes=7, slope=1.7, speed=0.35), 0.2 * s.x + 0.015 * s.t, 0.4 * s.y
    ).unbind(1)
    tone = 0.38 + 0.22 * s.y + 0.35 * glow + 0.3 * disc + 0.05 * cloud
    light = 0.13 + 0.1 * (1 + s.y) + 0.5 * glow + 0.1 * torch.sigmoid(2 * cloud) * s.mid
    light = light * (1 - disc) + 1.15 * disc
    stars = sparkle(s, 0.5 * s.x, 0.5 * s.y, 8, 0.15, 0.1 + 0.6 * s.treble) * (1 - glow).square()
    land = torch.zeros_like(s.x)
    for k in range(RIDGES):
        near = k / (RIDGES - 1)
        along = (0.3 - 0.14 * near) * s.x + s.uniform() + (0.003 + 0.012 * near) * s.t
        outline = sample(maps[:, k : k + 1], along, s.uniform())[:, 0]
        peaks = outline + (0.2 + 0.4 * s.treble) * (0.5 - outline.abs())
        tall = (0.13 + 0.05 * near) * (0.75 + 0.5 * s.mid + 0.5 * s.bass * (1 - near)) + 0.05 * s.onset
        top = 0.0 + 0.8 * near**1.15 - tall * peaks + 0.05 * s.tension * torch.sin(4 * s.x + 1.5 * s.t + k)
        inside = step(-0.01, 0.01, s.y - top)
        under = (s.y - top).clamp(min=0)
        fog = (
            (1 - torch.exp(-under * (3.4 - 1.2 * near)))
            * (1 - 0.75 * near)
            * (0.75 + 0.25 * torch.tanh(mist))
        )
        rim = torch.exp(-under / 0.03) * glow * (1 - near)
        here = 0.26 * (1 - near) ** 1.6 + 0.34 * fog * (0.5 + glow) + 0.45 * rim + 0.006
        tone = tone + inside * (0.48 - 0.34 * near + 0.25 * fog + 0.3 * rim + 0.12 * glow * (1 - near) - tone)
        light = light + inside * (here - light)
        land = torch.maximum(land, inside)
    return Picture(tone, light, 0.9 * stars * (1 - land) * (1 - disc))
