"""Curtains of polar light over dark hills, rays shimmering upwards."""

from __future__ import annotations

import torch

from ..fields import Picture, Stage, sample, sparkle, step


def draw(s: Stage) -> Picture:
    smooth = s.noise(3, modes=5, slope=1.6, speed=0.45)
    fine = s.noise(3, modes=18, slope=0.9, speed=0.6)
    up = -s.y
    tone, light = torch.full_like(s.y, 0.12), 0.05 * (1 + s.y).clamp(min=0)
    swing = 0.12 + 0.12 * s.mid + 0.12 * s.tension
    for k in range(3):
        shift = s.uniform()
        along = 0.22 * s.x + shift + 0.02 * s.t
        foot = sample(smooth[:, k : k + 1], along, 0.05 * up + shift)[:, 0]
        edge = -0.45 + 0.32 * k + s.uniform(-0.12, 0.12) + swing * foot
        over = up - edge
        rays = sample(fine[:, k : k + 1], 2 * along + 0.25 * foot, 0.02 * up + 0.03 * s.t + shift)[:, 0]
        rays = torch.sigmoid((1.1 + s.treble) * rays)
        tall = 0.3 + 0.5 * s.bass + 0.25 * s.onset
        curtain = step(-0.09, 0.05, over) * torch.exp(-over.clamp(min=0) / (tall * (0.5 + rays)))
        glow = curtain * (0.25 + 0.9 * rays) * (1.05 - 0.18 * k)
        tone = tone + glow * (0.75 - 0.35 * (over / tall).clamp(0, 1) - 0.08 * k)
        light = light + glow
    hills = sample(smooth[:, :1], 0.2 * s.x + 0.4, s.uniform())[:, 0]
    land = step(0.02, -0.02, up + 0.78 - 0.08 * hills)
    stars = sparkle(s, 0.5 * s.x, 0.5 * s.y, 8, 0.15, 0.15 + 0.5 * s.treble) * (1 - light.clamp(0, 1))
    return Picture(tone, light * (1 - 0.97 * land), stars * (1 - land))
