"""Op art: bold stripes, rings or squares bent over swelling bumps, with shading."""

from __future__ import annotations

import torch

from ..fields import TAU, Picture, Stage, bump, length, rotate, sample


def draw(s: Stage) -> Picture:
    x, y = rotate(s.x, s.y, s.uniform(0, TAU) + 0.05 * s.t)
    x, y = x - s.uniform(-0.4, 0.4), y - s.uniform(-0.4, 0.4)
    lift = torch.zeros_like(x)
    for _ in range(3):
        cx = s.uniform(-0.7, 0.7) + 0.15 * torch.sin(0.5 * s.t + s.uniform(0, TAU))
        cy = s.uniform(-0.7, 0.7) + 0.15 * torch.cos(0.4 * s.t + s.uniform(0, TAU))
        lift = lift + s.sign() * bump(length(x - cx, y - cy), 0.35 + 0.3 * s.bass)
    lift = lift * (0.35 + 0.75 * s.bass + 0.35 * s.onset)
    wild = sample(s.noise(1, modes=4, slope=1.8), 0.25 * x, 0.25 * y)[:, 0]
    kind = s.whole(0, 2)
    ring = length(x, y)
    square = torch.maximum(x.abs(), y.abs())
    ruled = (kind == 0) * y + (kind == 1) * ring + (kind == 2) * square
    bent = ruled + 0.22 * lift + (0.02 + 0.12 * s.tension) * wild
    bent = bent + 0.07 * s.mid * torch.sin(4 * x + 0.9 * s.t)
    phase = (5.2 - 1.4 * s.bass) * bent - 0.45 * s.t
    wave = torch.sin(TAU * 0.5 * phase * 1.6)
    stripe = torch.sigmoid((7 + 8 * s.treble) * wave)
    shade = (0.8 + 0.6 * lift - 0.3 * ring).clamp(0.08, 1.4)
    tone = 0.1 + stripe * (0.56 + 0.32 * torch.tanh(1.6 * lift) + 0.16 * torch.sin(0.9 * phase)) + 0.1 * ruled
    light = (0.02 + 0.9 * stripe) * shade + 0.12 * (1 - stripe) * s.tension
    return Picture(tone, light, 0.3 * stripe * (shade - 0.85).clamp(min=0))
