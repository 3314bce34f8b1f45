"""A forest of light: black trunks at four depths before a glow, beams slanting between them, fireflies."""

from __future__ import annotations

import torch

from ..fields import TAU, Field, Picture, Stage, bump, halo, length, mix, sample, sparkle, step

TREES = 16  # of a layer, then they repeat


def _trees(s: Stage, x: Field, y: Field, pitch: float, thick: float, foot: Field) -> tuple[Field, Field]:
    """Cover of one row of trees with the ground they stand on, and how far right of its trunk a point is."""
    tables = s.uniform(0, 1, 2, TREES)
    u = x / pitch
    block = u.floor()
    index = block.remainder(TREES).long().flatten(1)
    where, size = (table.gather(1, index).view(x.shape) for table in tables.unbind(1))
    lean, fork, side = (7 * where).frac(), (5 * size).frac(), (13 * where + size).frac()
    rise = foot - y
    dx = (u - block - 0.5 - 0.36 * (where - 0.5)) * pitch - 0.1 * pitch * (lean - 0.5) * rise
    half = thick * (0.6 + 0.6 * size) * (1.05 - 0.16 * rise + 0.9 * torch.exp(-9 * rise.clamp(min=0)))
    edge = half - dx.abs()
    for n in range(2):
        # A bough leaves the trunk upwards to one side and thins out.
        start = 0.55 + 0.75 * (fork + 0.45 * n).frac()
        out = dx * torch.sign(side - 0.5) * (1 - 2 * n)
        bough = 0.42 * thick * (1 - out / (0.42 * pitch)) - 0.7 * (rise - start - out - 0.5 * out * out).abs()
        edge = torch.maximum(edge, torch.minimum(bough, out))
    edge = torch.maximum(edge, -rise)
    return step(-0.006, 0.008, edge), (dx / half).clamp(-1, 1) * step(0.0, 0.05, rise)


def draw(s: Stage) -> Picture:
    zoom = 1.03 - 0.06 * s.bass - 0.05 * s.onset
    x, y = zoom * s.x, 0.1 + zoom * (s.y - 0.1)
    lx, ly = s.uniform(-0.55, 0.55), s.uniform(-0.3, 0.2)
    maps = s.noise(2, modes=8, slope=1.6, speed=0.5)
    fog, shade = sample(maps, 0.22 * x + 0.04 * s.t, 0.3 * y).unbind(1)
    d = length(x - lx, 0.75 * (y - ly))
    glow = halo(d, 0.32 + 0.16 * s.bass + 0.06 * s.onset)
    glow = glow * (1 + 0.22 * fog)
    # The beams fan out from a point above the picture, to one side of the glow.
    sx, sy = lx + s.sign() * s.uniform(0.3, 0.9), -1.7
    fan = (x - sx) / (y - sy)
    ray = sample(maps[:, 1:], 1.3 * fan + 0.03 * s.t, s.uniform() + 0.02 * s.t)[:, 0]
    beams = torch.sigmoid(6 * ray - 2) * torch.exp(-1.1 * (fan - (lx - sx) / (ly - sy)).square() / 0.25)
    beams = beams * step(1.25, -0.9, y)

    tone, light = 0.16 + 0.72 * glow, 0.03 + 0.72 * glow
    sway = (0.015 + 0.05 * s.tension) * torch.sin(2.3 * y + 0.9 * s.t + s.uniform(0, TAU))
    drift = s.sign() * s.t
    rows = ((0.24, 0.02, 0.3, 0.03), (0.4, 0.038, 0.42, 0.05), (0.66, 0.065, 0.58, 0.08), (1.15, 0.12, 0.8, 0.13))
    for n, (pitch, thick, foot, rate) in enumerate(rows):
        ground = foot + 0.035 * torch.sin((2.2 + n) * (x + rate * drift) + s.uniform(0, TAU)) + 0.015 * shade
        cover, round_ = _trees(s, x + sway + s.uniform(0, 20) + rate * drift, y, pitch, thick, ground)
        air = (0.42, 0.22, 0.09, 0.02)[n]
        lit = (round_ * torch.tanh(3 * (lx - x))).clamp(min=0) ** 3
        tone = mix(tone, 0.1 + 0.6 * air + 0.42 * glow * (air + lit), cover)
        light = mix(light, (air + 0.5 * lit * (1 - air)) * (0.1 + 0.9 * glow), cover)
        shine = beams * (0.16 + 0.4 * s.mid) * (1.0, 0.9, 0.6, 0.25)[n]
        mist = glow * torch.exp(-18 * (y - ground + 0.02).square()) * (0.25 + 0.12 * fog) * (1 - 0.2 * n)
        tone, light = tone + 0.3 * shine + 0.2 * mist, light + shine + 0.45 * mist
    crown = step(0.1, -0.5, y + 0.72 - 0.16 * shade + 0.1 * torch.sin(3 * x + s.uniform(0, TAU) + 0.3 * s.t))
    flies = sparkle(s, 0.4 * x + 0.03 * torch.sin(s.t + 3 * y), 0.4 * y - 0.03 * s.t, 8, 0.16, 0.12 + 0.6 * s.treble)
    flies = flies * bump(y - 0.2, 0.75)
    dark = 1 - 0.85 * crown
    return Picture(tone + 0.3 * flies, light * dark + 0.5 * flies, 0.9 * flies + 0.1 * glow**3 * s.onset * dark)
