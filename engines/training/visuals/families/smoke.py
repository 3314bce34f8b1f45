"""Wisps of smoke: one or two thin plumes rising straight from an ember, then rolling up into curls."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from ..fields import TAU, Field, Picture, Stage, bump, halo, length, sample, step

CURLS = 6


def _roll(s: Stage, base: torch.Tensor, maps: torch.Tensor, shift: float) -> tuple[Field, Field, Field]:
    """The plane unrolled about a plume: offset from its axis, height, and a fine noise that rises with it."""
    calm = s.uniform(0.25, 0.55) * (1.3 - 0.8 * s.tension)  # height of the part that rises straight
    flip, pace = s.sign(), s.uniform(0.24, 0.32)
    # rolling is smooth, and dear: half the resolution will do
    coarse = F.avg_pool2d(torch.stack([s.x - base, 1 - s.y], 1), 2, 2, ceil_mode=True, count_include_pad=False)
    x, y = coarse.unbind(1)
    rough = step(calm, calm + 1.1, y)
    for k in range(CURLS):
        climb = (k + s.uniform(0.2, 0.8) + pace * 2.1 * s.t).remainder(CURLS) / CURLS * 2.9
        grown = step(calm, calm + 1.2, climb)
        hand = flip * (1 if k % 2 else -1)
        size = (0.1 + 0.18 * grown) * (0.95 + 0.2 * s.bass + 0.15 * s.onset)
        cx = hand * (0.03 + 0.13 * grown)
        dx, dy = x - cx, y - climb
        near = torch.exp(-(dx * dx + dy * dy) / size**2)
        turn = hand * grown * (2.4 + 1.7 * s.tension + 0.7 * s.onset) * near
        c, n = torch.cos(turn), torch.sin(turn)
        x, y = cx + dx * c - dy * n, climb + dx * n + dy * c
    drift = sample(maps[:, :1], 0.25 * x + shift, 0.3 * y - 0.15 * s.t)[:, 0]
    curl = sample(maps[:, 1:2], 0.4 * x + shift, 0.45 * y - 0.21 * s.t)[:, 0]
    x = x + rough * (0.08 * drift + (0.03 + 0.06 * s.mid) * curl) + 0.02 * torch.sin(3 * y - 2.2 * s.t) * y
    moved = torch.stack([x - coarse[:, 0], y - coarse[:, 1], curl], 1)
    moved = F.interpolate(moved, size=s.size, mode="bilinear", align_corners=False)
    return s.x - base + moved[:, 0], 1 - s.y + moved[:, 1], moved[:, 2]


def draw(s: Stage) -> Picture:
    maps = s.noise(3, modes=8, slope=1.6, speed=0.5)
    up = 1 - s.y  # 0 at the foot, 2 at the top
    pair = s.whole(0, 1)
    foot, apart = s.uniform(-0.22, 0.22), s.uniform(0.3, 0.5)
    haze = sample(maps[:, 2:], 0.2 * s.x, 0.2 * up - 0.06 * s.t)[:, 0]
    tone, light = torch.full_like(s.x, 0.12), 0.01 + 0.025 * (1 + haze) * step(2.2, 0.6, length(s.x, s.y))
    ember = torch.zeros_like(s.x)
    for plume in range(2):
        shown = 1.0 - plume * (1 - pair)
        base = foot + (1 - 2 * plume) * pair * apart
        x, y, curl = _roll(s, base, maps, 0.5 * plume)
        high = y.clamp(min=0)
        wide = 0.022 + (0.05 + 0.03 * s.bass + 0.03 * high) * high
        q = x / wide
        veil = torch.exp(-q * q)
        # the sheet of smoke seen edge on where it folds: bright lines that cross the plume
        fold = torch.zeros_like(q)
        for k in range(2):
            where = (0.9 - 0.3 * k) * torch.sin(2.2 * y - (1.1 + 0.2 * k) * s.t + s.uniform(0, TAU))
            fold = fold + bump(q - where * (0.4 + 0.5 * high).clamp(max=1), 0.2) * (0.85 - 0.25 * k)
        fine = 0.5 + 0.5 * torch.sin(9 * q + 6 * curl)
        threads = 0.6 * s.treble * (fine - 0.6) * high.clamp(max=1)
        body = veil * (0.3 + 0.3 * s.mid + threads) + fold * (0.6 + 0.25 * s.energy)
        fade = step(0.0, 0.08, y) * (1 - 0.55 * step(0.7 + 0.6 * s.energy, 2.4, y))
        wisp = shown * body * fade * (0.6 + 0.4 * s.energy + 0.3 * s.onset)
        light = light + wisp
        shade = 0.22 + 0.16 * high + 0.5 * wisp.clamp(max=1)
        tone = torch.maximum(tone, shown * shade * (wisp * 9).clamp(max=1))
        spot = length(s.x - base, 2 * (up - 0.07))
        ember = ember + shown * (bump(spot, 0.04) + 0.25 * halo(spot, 0.07)) * (0.6 + 0.4 * s.bass)
    return Picture(tone + 0.5 * ember, light + 0.8 * ember, 0.3 * ember)
