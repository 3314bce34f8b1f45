"""Cracked lava rock: black plates with molten seams between them, brightest where they gape, and embers."""

from __future__ import annotations

import torch

from ..fields import TAU, Picture, Stage, bump, nearest_two, sample, slope, sparkle, step

COLUMNS, ROWS = 6, 5


def draw(s: Stage) -> Picture:
    plates = torch.arange(COLUMNS * ROWS, device=s.device)
    phase, t = s.uniform(0, TAU, COLUMNS * ROWS), s.t.view(-1, 1)
    row = torch.div(plates, COLUMNS, rounding_mode="floor").float() - 0.5 * (ROWS - 1)
    column = (plates % COLUMNS).float() - 0.5 * (COLUMNS - 1) + 0.25 * (2 * row.remainder(2) - 1)
    px = 0.64 * column + s.uniform(-0.27, 0.27, COLUMNS * ROWS) + 0.05 * torch.sin(0.8 * t + phase)
    py = 0.64 * row + s.uniform(-0.27, 0.27, COLUMNS * ROWS) + 0.05 * torch.cos(0.7 * t + 2 * phase)
    zoom = s.uniform(0.8, 1.1)
    tilt = s.uniform(0, 0.3)  # the ground lies back from the eye, more or less
    near = zoom / (1 + tilt * (s.y - 0.2))
    x, y = near * s.x + s.uniform(-0.2, 0.2), near * s.y * (1 + 0.6 * tilt) + 0.8 * tilt
    rough = s.noise(3, modes=28, slope=1.0, speed=0.0)
    flow = s.noise(2, modes=6, slope=1.5, speed=0.9)
    chip = sample(rough, 0.3 * x, 0.3 * y)
    tide, slow = sample(flow, 0.17 * x + 0.03 * s.t, 0.17 * y - 0.03 * s.t).unbind(1)
    jag = 0.013 + 0.016 * s.tension
    x, y = x + jag * chip[:, 0] + 0.05 * s.tension * slow, y + jag * chip[:, 1]
    first, second, (cx, cy, own) = nearest_two(x, y, px, py, torch.stack([px, py, s.uniform(0, 1, COLUMNS * ROWS)], -1))
    wall = second - first
    gape = torch.sigmoid(2.6 * tide - 1.5)  # where the seams widen
    width = 0.03 + gape * (0.1 + 0.05 * s.bass) + 0.02 * s.onset
    melt = step(0.016, -0.016, wall - width)
    depth = (1 - wall / width).clamp(min=0)
    skin = sample(flow, 0.8 * x + 0.1 * s.t, 0.8 * y + 0.05 * torch.sin(s.t))[:, 1]
    pulse = 0.5 + 0.5 * torch.sin(2.2 * slow + 1.9 * s.t)
    heat = 0.1 + 0.22 * gape + depth * (0.38 + 0.25 * gape) + 0.14 * pulse + 0.1 * skin * gape
    heat = (heat * (0.85 + 0.15 * s.energy) + 0.1 * s.onset).clamp(0, 1)

    # Every plate is split once by a hair crack, at its own angle, in which less heat is seen.
    turn = TAU * own
    split = (x - cx) * torch.cos(turn) + (y - cy) * torch.sin(turn) + 0.03 * chip[:, 2]
    beside = (x - cx) * torch.sin(turn) - (y - cy) * torch.cos(turn)
    hair = bump(split, 0.014) * step(-0.05, 0.25, beside) * (0.15 + 0.75 * s.treble) * (0.4 + 0.6 * pulse)

    # Plates are bevelled and rough, and lit from the upper left and by the seams around them.
    gx, gy = slope((wall - width).clamp(0, 0.16) + 0.022 * chip[:, 2])
    relief = (0.35 - 0.22 * gx - 0.3 * gy).clamp(0, 1)
    rock = 0.01 + 0.2 * relief * (0.4 + 0.6 * own) * (0.5 + 0.7 * s.mid)
    warm = torch.exp(-(wall - width).clamp(min=0) / 0.06) * (0.15 + 0.45 * gape) * (0.25 + relief)
    tone = 0.1 + 0.12 * relief + 0.3 * warm + 0.3 * hair
    tone = tone + melt * (0.3 + 0.7 * heat - tone)
    light = rock + warm * (0.2 + 0.3 * s.energy) + 0.5 * hair
    light = light + melt * (0.2 + 1.0 * heat - light)
    drift = 0.03 * torch.sin(1.4 * s.t + 5 * s.y)
    embers = sparkle(s, 0.5 * s.x + drift, 0.5 * s.y + 0.14 * s.t, 8, 0.15, 0.08 + 0.6 * s.treble)
    white = melt * (heat - 0.7).clamp(min=0)
    return Picture(tone + 0.3 * embers, light + 0.3 * embers, 0.9 * embers + 0.5 * white)
