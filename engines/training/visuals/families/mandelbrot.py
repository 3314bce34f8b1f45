"""The Mandelbrot set's black bulbs and seahorse spirals, ringed by flowing bands of glow."""

from __future__ import annotations

import math

import torch

from ..fields import TAU, Picture, Stage, bump, rotate, step

ROUNDS = 37
# Centre and half height of places where the black body meets its spirals.
PLACES = (
    (-0.6, 0.0, 1.3), (-0.7, 0.0, 1.1), (-0.5, 0.0, 1.2), (-0.16, 0.9, 0.32), (-1.3, 0.0, 0.4), (-0.76, 0.22, 0.24),
    (-1.765, 0.0, 0.06), (-0.9, 0.0, 0.9), (0.3, 0.5, 0.35), (-0.55, 0.5, 0.35),
)  # fmt: skip


def draw(s: Stage) -> Picture:
    place = torch.tensor(PLACES, device=s.device)[s.whole(0, len(PLACES) - 1).long().view(-1)]
    centre_x, centre_y, half = (column.view(-1, 1, 1) for column in place.unbind(1))
    half = half * s.uniform(0.85, 1.15) * (1.05 - 0.2 * s.bass - 0.08 * s.onset + 0.08 * torch.sin(0.6 * s.t))
    x, y = s.x - s.uniform(-0.15, 0.15), s.y - s.uniform(-0.15, 0.15)
    bend = 0.08 * s.tension
    x, y = x + bend * torch.sin(2.6 * y + 1.1 * s.t), y + bend * torch.sin(2.2 * x - 0.9 * s.t)
    x, y = rotate(x, y, s.uniform(0, TAU) + s.sign() * 0.1 * s.t)
    cx, cy = centre_x + half * x, (centre_y + half * y) * s.sign()
    zx, zy = cx, cy
    rounds, last = torch.zeros_like(cx), torch.zeros_like(cx)
    for _ in range(ROUNDS):
        xx, yy = zx * zx, zy * zy
        live = last < 64
        last = torch.where(live, xx + yy, last)  # what escapes runs on to infinity, but is no longer read
        rounds += live
        zy = torch.addcmul(cy, zx, zy, value=2)
        zx = xx - yy + cx
    count = rounds - torch.log2(torch.log2(last.clamp(64, 1e9)) / 6)
    ascent = (count - count.amin((1, 2), keepdim=True)).clamp(min=0)
    near = torch.log1p(ascent) / math.log1p(ROUNDS - 3)  # 0 far away, 1 on the black body
    outside = step(ROUNDS - 0.5, ROUNDS - 6, count)
    rings = 0.5 + 0.5 * torch.cos(TAU * s.uniform(4, 6) * near - 1.5 * s.t + 1.5 * s.onset + s.uniform(0, TAU))
    edge = bump(rings - 1, 0.12) * s.treble
    rim = step(0.45, 0.95, near + 0.04 * s.onset + 0.04 * s.energy)
    tone = 0.06 + 0.45 * near + 0.22 * rings * (0.6 + 0.6 * s.mid) + 0.25 * rim
    light = 0.02 + near.sqrt() * (0.08 + (0.4 + 0.4 * s.mid) * rings * rings + 0.25 * edge) + 0.75 * rim
    return Picture(tone * outside, light * outside, (0.1 + 0.35 * s.treble + 0.25 * s.onset) * rim**3 * outside)
