"""A fractal flame: wispy luminous filaments that swirl in a symmetric flower, gathered by the chaos game."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from ..fields import TAU, Picture, Stage, bump, length, rotate, step
from ..splat import soften, splat, view

POINTS, SKIPPED, ROUNDS = 3800, 8, 28


def draw(s: Stage) -> Picture:
    fold = s.whole(2, 4).view(-1, 1)
    hand, t, bass, mid, tension, onset = (v.view(-1, 1) for v in (s.sign(), s.t, s.bass, s.mid, s.tension, s.onset))
    spin = hand * s.uniform(0.35, 0.9, 1) + 0.1 * torch.sin(0.7 * t + s.uniform(0, TAU, 1))
    shrink = s.uniform(0.84, 0.93, 1)
    bend = s.uniform(0, TAU, 1) + 0.4 * torch.sin(0.5 * t + s.uniform(0, TAU, 1)) + 0.3 * mid
    reach = s.uniform(0.5, 1.1, 1) + 0.12 * torch.sin(0.8 * t)
    whirl = s.uniform(0.4, 1.2, 1) + 0.9 * tension
    invert = s.uniform(0.1, 0.35, 1) + 0.2 * mid
    eye = s.uniform(0.0, 0.5, 1)
    x, y = s.uniform(-1, 1, 2, POINTS).unbind(1)
    hue = torch.full_like(x, 0.5)
    turns = (s.uniform(0, 1, POINTS) * fold).floor() * (TAU / fold)
    tracks = []
    for n in range(ROUNDS):
        curl = s.uniform(0, 1, POINTS) < 0.68
        # One map winds the figure in about an eye, the other swirls it and turns it inside out.
        ax, ay = rotate(shrink * (x - eye), shrink * y, spin)
        bx, by = rotate(x + reach, y, bend)
        square = bx * bx + by * by
        c, d = torch.cos(whirl * square), torch.sin(whirl * square)
        back = invert / (square + 0.1)
        bx, by = 0.45 * (bx * d - by * c) + back * bx, 0.45 * (bx * c + by * d) + back * by
        x, y = torch.where(curl, ax + eye, bx), torch.where(curl, ay, by)
        hue = torch.where(curl, 0.85 * hue, 0.4 * hue + 0.6)
        if n >= SKIPPED:
            tracks.append(torch.stack([*rotate(x, y, turns), hue], 1))
    x, y, hue = torch.cat(tracks, 2).unbind(1)
    spread = (x * x + y * y).clamp(max=9).mean(1, keepdim=True).sqrt()
    size = (0.5 + 0.1 * bass + 0.08 * onset) / spread
    x, y = rotate(x * size, y * size, hand * 0.3 * t + s.uniform(0, TAU, 1))
    x, y = x + s.uniform(-0.15, 0.15, 1), y + s.uniform(-0.15, 0.15, 1)
    sums = splat(s, x, y, torch.stack([torch.ones_like(hue), hue], 1))
    near = view(s, soften(sums, 3))
    wide = view(s, soften(soften(F.avg_pool2d(sums, 2), 3), 3))
    sure = step(0.5, 6, near[:, :1])  # sparse places are smoothed, as in density estimation
    mass, toned = (wide + (near - wide) * sure).unbind(1)
    glow = torch.log1p(0.38 * mass) * (0.36 + 0.1 * s.energy + 0.1 * s.onset)
    tone = 0.1 + 0.6 * toned / (mass + 0.3) + 0.3 * glow
    core = bump(length(s.x, s.y), 0.9)
    return Picture(tone, glow**1.8 * (0.9 + 0.4 * core), (0.15 + 0.6 * s.treble) * (glow - 0.8).clamp(min=0))
