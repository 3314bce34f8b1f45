"""A Julia set whose parameter wanders; smooth exponential sums and orbit traps colour it without bands."""

from __future__ import annotations

import torch

from ..fields import TAU, Picture, Stage, rotate, step

ROUNDS = 28
PARAMETERS = (
    (-0.8, 0.156), (-0.74, 0.15), (-0.4, 0.6), (0.3, 0.02), (-0.54, 0.52), (0.36, 0.1), (-0.12, 0.76),
    (-0.7, 0.28), (-0.1, 0.67), (0.28, 0.49), (-0.83, 0.2), (-0.16, 0.82),
)  # fmt: skip


def draw(s: Stage) -> Picture:
    chosen = torch.tensor(PARAMETERS, device=s.device)[s.whole(0, len(PARAMETERS) - 1).long().view(-1)]
    turn = 0.5 * s.t + s.uniform(0, TAU)
    reach = 0.012 + 0.008 * s.mid + 0.012 * s.tension
    cx = chosen[:, 0].view(-1, 1, 1) + reach * torch.cos(turn)
    cy = (chosen[:, 1].view(-1, 1, 1) + reach * torch.sin(1.3 * turn)) * s.sign()
    zoom = 1.15 - 0.5 * s.bass - 0.08 * s.onset
    zx, zy = rotate(s.x - s.uniform(-0.2, 0.2), s.y - s.uniform(-0.2, 0.2), s.uniform(0, TAU) + 0.07 * s.t)
    zx, zy = zx * zoom, zy * zoom
    trap_x, trap_y = s.uniform(-0.5, 0.5), s.uniform(-0.5, 0.5)
    smooth = torch.zeros_like(zx)
    trap = torch.full_like(zx, 9.0)
    early = trap.clone()
    for n in range(ROUNDS):
        xx, yy = zx * zx, zy * zy
        zx, zy = (xx - yy + cx).clamp(-30, 30), (2 * zx * zy + cy).clamp(-30, 30)
        smooth += torch.exp(-torch.sqrt(xx + yy))
        if n < 7:
            early = torch.minimum(early, (zy - trap_y).abs())
        trap = torch.minimum(trap, (zx - trap_x).square() + (zy - trap_y).square())
    depth = (smooth / 11).clamp(0, 1.3)
    inside = step(0.75, 1.25, depth)
    lace = torch.exp(-(8 - 3 * s.treble) * trap.sqrt())
    waves = 0.5 + 0.5 * torch.sin(1.6 * smooth - 1.2 * s.t)
    leaf = torch.exp(-9 * early) * inside
    veil = step(0.12, 0.8, depth) * (1 - 0.85 * inside)
    tone = 0.1 + 0.45 * depth * (1 - 0.5 * inside) + 0.2 * waves * veil + 0.45 * lace + 0.35 * leaf
    light = (
        0.02
        + veil * (0.25 + 0.8 * waves) * depth
        + (0.15 + 0.85 * inside) * lace
        + inside * (0.04 + 0.75 * leaf * leaf)
    )
    return Picture(tone, light, lace**3 * (0.1 + 0.4 * s.treble + 0.5 * s.onset) * step(0.1, 0.5, depth))
