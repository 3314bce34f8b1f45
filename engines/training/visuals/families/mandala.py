"""A kaleidoscope: the plane folded into a seeded number of mirrors, petals and rings turning slowly."""

from __future__ import annotations

import torch

from ..fields import TAU, Picture, Stage, bump, length, step


def draw(s: Stage) -> Picture:
    x = s.x - s.uniform(-0.12, 0.12)
    y = s.y - s.uniform(-0.12, 0.12)
    r = length(x, y)
    turn = s.sign() * 0.12 * s.t + 0.5 * s.tension * torch.sin(2.2 * r - 0.7 * s.t)
    sector = TAU / s.whole(5, 12)
    angle = torch.atan2(y, x) + turn
    fold = (angle - sector * (angle / sector).round()).abs()
    size = 1.35 - 0.6 * s.bass - 0.12 * s.onset
    px, py = r * torch.cos(fold) * size, r * torch.sin(fold) * size
    form = torch.zeros_like(r)
    for _ in range(4):
        f, g = s.uniform(3, 8), s.uniform(3, 9)
        a, b = s.uniform(0, TAU), s.uniform(0, TAU)
        form = form + torch.sin(f * px + a - 0.5 * s.t) * torch.cos(g * py + b)
        form = form + 0.4 * torch.sin((f + g) * 0.8 * r * size - 0.8 * s.t + b)
    fine = torch.sin(14 * px + 5 * form - s.t) * torch.cos(14 * py) * s.treble
    v = 0.5 + 0.5 * torch.sin((0.9 + 0.8 * s.mid) * form + 0.35 * fine + s.uniform(0, TAU))
    edge = bump(v - 0.55, 0.13)
    centre = bump(r, 0.16 + 0.22 * s.bass + 0.1 * s.onset)
    fall = torch.exp(-1.1 * r * r)
    tone = 0.12 + 0.6 * v + 0.22 * torch.cos(3 * r * size - 0.6 * s.t) + 0.3 * centre
    light = (0.02 + 0.7 * v**3 + 0.75 * edge * (0.3 + 0.7 * s.treble)) * (0.3 + 0.9 * fall) + 0.45 * centre
    return Picture(tone, light * step(1.75, 0.9, r), 0.25 * edge * fall * s.onset)
