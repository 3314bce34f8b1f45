"""Marbled liquid: bands of twice warped noise, lit from the side like wet paint."""

from __future__ import annotations

import torch

from ..fields import Picture, Stage, sample, slope, step


def draw(s: Stage) -> Picture:
    maps = s.noise(5, modes=7, slope=2.2, speed=0.4)
    zoom = 0.3 - 0.12 * s.bass
    u, v = zoom * s.x + s.uniform() + 0.01 * s.t, zoom * s.y + s.uniform()
    pull = (0.07 + 0.04 * s.mid + 0.06 * s.tension).unsqueeze(1)
    one = sample(maps[:, :2], u, v) * pull
    two = sample(maps[:, 2:4], u + one[:, 0], v + one[:, 1]) * pull
    depth = sample(maps[:, 4:], u + 1.4 * two[:, 0], v + 1.4 * two[:, 1])[:, 0]

    bands = 0.5 + 0.5 * torch.sin((2.2 + 1.6 * s.mid) * depth + 0.35 * s.t + 1.2 * s.onset)
    veins = torch.exp(-(((bands - 0.5) / 0.16) ** 2))
    gx, gy = slope(bands)
    wet = ((gx * 0.7 - gy) * 0.16).clamp(-0.6, 1.0)
    tone = 0.08 + 0.6 * bands + 0.25 * torch.tanh(4 * two[:, 0] + 4 * one[:, 1])
    light = 0.06 + 0.8 * bands * bands + 0.5 * wet * (0.3 + bands)
    gloss = step(0.3, 1.0, wet).square() * bands * (0.2 + 0.5 * s.treble)
    return Picture(tone + 0.15 * gloss, light + 0.3 * veins * s.treble + 0.5 * gloss, 0.25 * gloss)
