"""Living cells: a soft Voronoi tissue with glowing nuclei and membranes."""

from __future__ import annotations

import torch

from ..fields import TAU, Picture, Stage, bump, length, nearest_two, sample, step

POINTS = 22


def draw(s: Stage) -> Picture:
    grid = torch.arange(POINTS, device=s.device)
    phase = s.uniform(0, TAU, POINTS)
    t = s.t.view(-1, 1)
    sway = 0.12 + 0.08 * s.tension.view(-1, 1)
    px = ((grid % 5).float() - 2) * 0.62 + s.uniform(-0.26, 0.26, POINTS) + sway * torch.sin(0.7 * t + phase)
    py = (torch.div(grid, 5, rounding_mode="floor").float() - 2) * 0.62 + s.uniform(-0.26, 0.26, POINTS)
    py = py + sway * torch.cos(0.6 * t + 2 * phase)
    extra = torch.stack([px, py, s.uniform(0, 1, POINTS)], -1)
    wobble = sample(s.noise(2, modes=6, slope=1.6), 0.3 * s.x, 0.3 * s.y) * (0.05 + 0.06 * s.mid).unsqueeze(1)
    zoom = 1.15 - 0.55 * s.bass
    x, y = zoom * s.x + wobble[:, 0], zoom * s.y + wobble[:, 1]
    first, second, (cx, cy, own) = nearest_two(x, y, px, py, extra)
    wall = second - first
    beat = 0.5 + 0.5 * torch.sin(1.6 * s.t + TAU * own)
    nucleus = bump(length(x - cx - 0.05 * beat, y - cy), 0.1 + 0.06 * own + 0.06 * s.onset * beat)
    nucleus = nucleus * step(0.02, 0.3, wall)
    membrane = bump(wall, 0.06 + 0.05 * s.energy)
    body = step(0.0, 0.32, wall)
    grains = sample(s.noise(1, modes=18, slope=1.2), 0.7 * x, 0.7 * y)[:, 0] * body * s.treble
    tone = 0.15 + 0.3 * own + 0.25 * membrane + 0.35 * nucleus + 0.12 * body + 0.06 * grains
    light = body * (0.12 + 0.4 * own * (0.4 + 0.6 * beat) + 0.12 * grains) * (1.2 - first)
    light = light + 0.75 * membrane * (0.35 + 0.65 * s.energy) + 0.9 * nucleus
    return Picture(tone, light, 0.35 * nucleus * (s.treble + s.onset))
