"""Light on the floor of clear water: a net of bright folds from waves fed back into themselves."""

from __future__ import annotations

import torch

from ..fields import TAU, Picture, Stage, length, step

ROUNDS = 4


def draw(s: Stage) -> Picture:
    zoom = 3.4 - 1.5 * s.bass
    x, y = zoom * s.x + s.uniform(0, TAU), zoom * s.y * (1.15 - 0.1 * s.y) + s.uniform(0, TAU)
    sway = 0.5 * s.tension + 0.35 * s.onset
    x = x + sway * torch.sin(0.8 * y + s.t)
    px, py = x, y
    folds = torch.zeros_like(x)
    for n in range(1, ROUNDS + 1):
        t = s.t * (0.55 + 0.35 * (1 - 2.6 / n)) + s.uniform(0, TAU)
        px, py = (
            x + torch.cos(t - px) + torch.sin(t + py),
            y + torch.sin(t - py) + torch.cos(t + px),
        )
        a, b = torch.sin(px + t), torch.cos(py + t)
        folds = folds + (a * b).abs() / length(a, b)  # 0 on the folds, 0.7 between
    net = 1 - folds / (0.55 * ROUNDS)
    bright = step(0.1, 0.75, net)
    vein = step(0.42 - 0.1 * s.mid, 0.8, net)
    lx, ly = s.x - s.uniform(-0.6, 0.6), s.y - s.uniform(-0.9, 0.0)
    pool = torch.exp(-0.75 * length(lx, ly).square())
    tone = 0.18 + 0.3 * bright + 0.25 * pool + 0.32 * vein
    light = 0.05 + 0.1 * pool + pool * (0.55 * bright + 0.9 * vein)
    return Picture(tone, light, vein * vein * pool * (0.2 + 0.6 * s.treble))
