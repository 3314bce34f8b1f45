"""Rings running out over dark water from a handful of drops, lit from the side."""

from __future__ import annotations

import torch

from ..fields import TAU, Picture, Stage, length, sample, slope, step

DROPS = 5


def draw(s: Stage) -> Picture:
    height = torch.zeros_like(s.x)
    glow = torch.zeros_like(s.x)
    drift = sample(s.noise(2, modes=4), 0.25 * s.x, 0.25 * s.y) * (0.03 + 0.08 * s.tension).unsqueeze(1)
    for k in range(DROPS):
        dx = s.x - s.uniform(-0.95, 0.95) + drift[:, 0]
        dy = s.y - s.uniform(-0.95, 0.95) + drift[:, 1]
        r = length(dx, dy)
        f = s.uniform(15, 20) * (1.25 - 0.6 * s.bass)
        beat = 0.5 + 0.5 * torch.sin(0.9 * s.t + s.uniform(0, TAU))
        share = 0.55 + 0.45 * beat if k == 0 else (0.25 + 0.75 * s.mid) * beat
        wave = torch.sin(f * r - 3.2 * s.t - 1.5 * s.onset + s.uniform(0, TAU))
        height = height + share * wave * torch.exp(-r * (1.5 - 0.7 * s.bass)) * (0.8 + 0.8 * s.onset)
        glow = glow + share * torch.exp(-3.5 * r * r)
    fine = sample(s.noise(1, modes=14, slope=1.2, speed=1.2), 0.3 * s.x, 0.45 * s.y)[:, 0] * s.treble * 0.05
    gx, gy = slope(height + fine)
    facing = torch.tanh(0.09 * (0.6 * gx - gy))
    crest = step(0.0, 1.1, height)
    shine = step(0.25, 0.95, facing)
    tone = 0.3 + 0.28 * facing + 0.2 * torch.tanh(height) + 0.2 * glow.clamp(max=1)
    light = 0.07 + 0.32 * (facing + 0.35).clamp(min=0) + 0.55 * shine + 0.35 * crest * (0.4 + glow)
    return Picture(tone, light, shine * shine * (0.15 + 0.5 * s.treble))
