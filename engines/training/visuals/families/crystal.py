"""Cut stone: flat facets that catch a wandering light, a finer cut within, bright edges."""

from __future__ import annotations

import torch

from ..fields import TAU, Picture, Stage, bump, nearest_two, rotate, step


def _facets(s: Stage, x: torch.Tensor, y: torch.Tensor, points: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Light thrown back by each facet (0..1) and the distance to the next facet."""
    phase = s.uniform(0, TAU, points)
    t = s.t.view(-1, 1)
    px = s.uniform(-1.25, 1.25, points) + 0.05 * torch.sin(0.4 * t + phase)
    py = s.uniform(-1.25, 1.25, points) + 0.05 * torch.cos(0.5 * t + phase)
    lean = s.uniform(0, TAU, points)
    steep = s.uniform(0.3, 1, points)
    extra = torch.stack([steep * torch.cos(lean), steep * torch.sin(lean)], -1)
    first, second, (nx, ny) = nearest_two(x, y, px, py, extra)
    way = 0.5 * s.t + 1.2 * s.onset + s.uniform(0, TAU)
    glance = nx * (torch.cos(way) + 0.7 * x) + ny * (torch.sin(way) + 0.7 * y)
    return 0.5 + 0.5 * torch.sin(2.2 * glance + 0.8), second - first


def draw(s: Stage) -> Picture:
    zoom = 1.2 - 0.6 * s.bass
    x, y = rotate(s.x * zoom, s.y * zoom, s.uniform(0, TAU) + 0.06 * s.t)
    bent = (0.06 + 0.22 * s.tension) * torch.sin(2.4 * y + 0.6 * s.t + s.uniform(0, TAU))
    big, seam = _facets(s, x + bent, y, 14)
    small, crack = _facets(s, 1.1 * x + 0.25 * big, 1.1 * y - 0.2 * big, 22)
    edge = bump(seam, 0.028 + 0.012 * s.energy)
    inner = bump(crack, 0.03) * (0.15 + 0.6 * s.treble)
    glint = step(0.86, 1.0, big) * step(0.6, 1.0, small)
    body = big * (0.55 + 0.45 * small) + 0.25 * (0.5 + s.mid) * (small - 0.5)
    tone = 0.06 + 0.72 * body + 0.2 * edge + 0.08 * inner
    light = 0.02 + 0.95 * body.clamp(min=0) ** 3 + 0.5 * edge * (0.25 + 0.75 * big) + 0.35 * inner * big
    return Picture(tone, light, glint * (0.25 + 0.6 * s.treble + 0.6 * s.onset))
