"""Banks of cumulus piled up against a glowing sky, lit from one side by a sun behind them."""

from __future__ import annotations

import torch

from ..fields import Picture, Stage, halo, length, mix, sample, step

BANKS = 3
PUFFS = 9  # a bank
WIDE = 4.4  # after which a bank comes round again


def draw(s: Stage) -> Picture:
    side = s.sign()
    sun_x, sun_y = side * s.uniform(0.15, 0.7), s.uniform(-0.5, 0.0) + 0.04 * torch.sin(0.3 * s.t)
    far = length(s.x - sun_x, s.y - sun_y)
    glow = halo(far, 0.4 + 0.2 * s.bass + 0.2 * s.onset)
    disc = step(0.13, 0.1, far)
    maps = s.noise(3, modes=9, slope=0.9, speed=0.25)
    high, _, veil = sample(maps, 0.13 * s.x + 0.012 * s.t, 0.5 * s.y + 0.2).unbind(1)
    cirrus = step(0.4, 1.8, high + 0.4 * veil) * step(0.4, -0.6, s.y)
    tone = 0.3 + 0.14 * s.y + 0.42 * glow + 0.25 * disc + 0.14 * cirrus
    light = 0.13 + 0.14 * (1 + s.y) + 0.5 * glow + 0.5 * disc + 0.13 * cirrus
    clear = torch.ones_like(s.x)
    fluff = sample(maps[:, :2], 0.62 * s.x, 0.62 * s.y + 0.02 * s.t) * 0.04
    curls = sample(maps[:, 1:], 1.7 * s.x - 0.02 * s.t, 1.7 * s.y) * (0.006 + 0.022 * s.treble).unsqueeze(1)
    warp_x, warp_y = (fluff + curls).unbind(1)
    for k in range(BANKS):
        near = k / (BANKS - 1)
        grown = (0.9 + 0.5 * near) * (0.9 + 0.25 * s.bass + 0.08 * s.onset)
        base = 0.02 + 0.74 * near + s.uniform(-0.08, 0.08)
        drift = (0.03 + 0.05 * near) * side * s.t
        height = torch.zeros_like(s.x)
        facing = height.clone()
        for n in range(PUFFS):
            big = s.uniform(0.22, 0.38) * grown if n % 3 == 0 else s.uniform(0.13, 0.25) * grown
            px = (WIDE * (n + s.uniform(-0.4, 0.4)) / PUFFS + drift).remainder(WIDE) - WIDE / 2
            py = base - s.uniform(0.0, 0.2) if n % 3 == 0 else base - s.uniform(0.1, 0.42)
            py = py + 0.015 * torch.sin(0.8 * s.t + 2 * n)
            dx, dy = (s.x + warp_x - px) / big, (s.y + warp_y - py) / big
            ball = big * (1 - dx * dx - dy * dy).clamp(min=0)  # a paraboloid: cheaper than a sphere, as round
            facing = torch.where(ball > height, side * dx - 0.75 * dy, facing)
            height = torch.maximum(height, ball)
        deep = s.y + warp_y - base
        bank = step(-0.12, 0.02, deep + 0.06 * warp_x)
        shape = torch.maximum(step(0.0, 0.03, height), bank)
        round_off = 1 - bank * step(-0.05, 0.3, deep)
        lit = (0.32 + 0.5 * facing * round_off).clamp(0, 1) * (0.75 + 0.5 * s.mid) * torch.exp(-0.8 * deep.clamp(min=0))
        silver = shape * step(0.1, 0.0, height) * (1 - bank) * glow
        dim = 1 - 0.25 * near
        tone = mix(tone, 0.16 + 0.6 * lit + 0.2 * glow * (1 - near) + 0.25 * silver, shape)
        light = mix(light, dim * (0.08 + 0.9 * lit * (0.55 + 0.6 * glow)) + 0.6 * silver, shape)
        clear = clear * (1 - shape)
    return Picture(tone, light, 0.35 * disc * clear)
