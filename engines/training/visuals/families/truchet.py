"""A labyrinth of quarter-circle tiles, with light running through the pipes."""

from __future__ import annotations

import torch

from ..fields import TAU, Picture, Stage, bump, halo, length, rotate, sample, step

TILES = 12


def draw(s: Stage) -> Picture:
    zoom = 2.5 - 1.0 * s.bass - 0.15 * s.onset
    x, y = rotate(s.x, s.y, s.uniform(0, TAU) + 0.04 * s.t)
    bend = sample(s.noise(2, modes=3, slope=1.5, speed=0.3), 0.2 * x, 0.2 * y) * (
        0.03 + 0.14 * s.tension
    ).unsqueeze(1)
    x, y = zoom * (x + bend[:, 0]) + 0.15 * s.t, zoom * (y + bend[:, 1]) + s.uniform(0, TILES)
    ix, iy = x.floor(), y.floor()
    index = (ix.remainder(TILES) + TILES * iy.remainder(TILES)).long().clamp(0, TILES * TILES - 1).flatten(1)
    flip = (s.uniform(0, 1, TILES * TILES) < 0.5).float().gather(1, index).view(x.shape)
    fx, fy = x - ix, y - iy
    fx = fx + flip * (1 - 2 * fx)
    d = torch.minimum((length(fx, fy) - 0.5).abs(), (length(1 - fx, 1 - fy) - 0.5).abs())
    pipe = bump(d, 0.1 + 0.05 * s.energy)
    wall = bump(d - 0.3, 0.05) * s.mid
    flow, field = sample(s.noise(2, modes=5, slope=1.4, speed=0.9), 0.11 * x / 1.6, 0.11 * y / 1.6).unbind(1)
    run = torch.sigmoid(2.6 * torch.sin(2.4 * flow - 1.8 * s.t) + 3 * s.onset - 0.4)
    beads = 0.5 + 0.5 * torch.sin(9 * (x + y) - 3 * s.t)
    skirt = halo(d, 0.14)
    tone = 0.2 + 0.12 * torch.tanh(field) + 0.35 * pipe * (0.4 + 0.6 * run) + 0.25 * run * skirt
    light = 0.015 + pipe * (0.16 + 0.95 * run) + 0.32 * skirt * run + 0.28 * wall * (0.3 + 0.7 * run)
    light = light + 0.25 * s.treble * pipe * beads
    return Picture(tone, light * (0.7 + 0.3 * torch.tanh(field)), step(0.7, 1.0, pipe) * run * 0.25)
