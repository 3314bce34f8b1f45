"""Billowing smoke lit by a light low at the side: warped noise with self-shadow."""

from __future__ import annotations

import torch

from ..fields import Picture, Stage, halo, length, sample, step


def draw(s: Stage) -> Picture:
    maps = s.noise(3, modes=18, slope=1.95, speed=0.4)
    zoom = 0.36 - 0.15 * s.bass
    u, v = zoom * s.x + s.uniform() + 0.02 * s.t, zoom * s.y + s.uniform() + 0.03 * s.t
    warp = sample(maps[:, :2], u, v) * (0.03 + 0.03 * s.mid + 0.07 * s.tension).unsqueeze(1)
    u, v = u + warp[:, 0], v + warp[:, 1]
    here = sample(maps[:, 2:], u, v)[:, 0]
    lx, ly = s.uniform(-0.9, 0.9), s.uniform(-0.9, 0.1)
    dx, dy = lx - s.x, ly - s.y
    far = length(dx, dy)
    reach = 0.05 / far.clamp(min=0.3)
    toward = sample(maps[:, 2:], u + reach * dx, v + reach * dy)[:, 0]
    billow = step(-0.7, 1.1, here + 0.35 * s.bass)
    edge = torch.sigmoid(3.2 * (here - toward) + 0.1)
    lamp = halo(far, 0.55 + 0.3 * s.bass + 0.4 * s.onset)
    wisps = (0.35 + 0.65 * s.treble) * step(0.3, 0.9, edge)
    tone = 0.1 + 0.42 * billow * edge + 0.32 * lamp * (0.4 + 0.6 * edge) + 0.15 * warp[:, 0] / 0.15
    light = (
        0.015
        + billow * (0.05 + 1.0 * edge.square() * (0.3 + 0.8 * lamp) + 0.2 * wisps * edge)
        + 0.28 * lamp * lamp
    )
    return Picture(tone, light, 0.35 * lamp * lamp * edge * billow * (0.5 + s.onset))
