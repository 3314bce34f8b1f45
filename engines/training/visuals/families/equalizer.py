"""Spectrum analyser: a row or a ring of glowing segmented bars that dance, mirrored at their floor."""

from __future__ import annotations

import torch

from ..fields import TAU, Picture, Stage, bump, halo, length, step


def draw(s: Stage) -> Picture:
    ring = s.uniform() < 0.33
    cx = s.uniform(-0.08, 0.08) + 0.02 * torch.sin(0.7 * s.t)
    floor = s.uniform(0.3, 0.62)
    x = s.x - cx
    r = length(x, s.y)
    base = 0.36 + 0.04 * s.bass + 0.04 * s.onset  # radius of the ring's floor
    count = torch.where(ring, s.whole(11, 15) * 2, s.whole(9, 13))
    around = torch.atan2(x, -s.y) / TAU + 0.015 * s.t  # 0 at the top
    across = torch.where(ring, (around - around.floor()) * count, (x / 1.68 + 0.5) * count)
    above = torch.where(ring, (r - base) / 0.64, (floor - s.y) / (0.92 + 0.5 * floor))  # 1 is full height
    index = across.floor()
    place = (index + 0.5) / count
    # the ring shows the spectrum twice, mirrored, so that it closes
    band = torch.where(ring, 1 - (2 * place - 1).abs(), place).clamp(0, 1)

    a, b, c = (s.uniform(0, TAU) for _ in range(3))
    dance = torch.sin(5 * band + 2.6 * s.t + a) + torch.sin(11 * band - 3.4 * s.t + b)
    dance = 0.5 + 0.2 * (dance + torch.sin(23 * band + 4.3 * s.t + c)) + 0.2 * torch.sin(7.1 * index + 1.3 * s.t + a)
    jag = 0.16 * s.tension * torch.sin(12.9 * index * index + 3.1 * s.t + c)
    sound = 0.4 * s.bass * bump(band, 0.35) + 0.3 * s.mid * bump(band - 0.5, 0.25) + 0.4 * s.treble * bump(band - 1, 0.35)
    height = (0.1 + (0.36 + 0.18 * s.energy) * dance + sound + jag + 0.15 * s.onset).clamp(0.06, 0.98)

    steps = torch.where(ring, torch.full_like(count, 9), torch.full_like(count, 14))
    up = above.abs() * torch.where(above < 0, torch.where(ring, 1.5, 1.7), 1.0)  # the reflection is shorter
    segment = (up * steps).floor()
    part = up * steps - segment
    lit = step(-0.3, 0.3, height * steps - segment - 0.5)
    width = torch.where(ring, TAU * r / count, 1.68 / count)  # of a bar, in the plane
    gap = 0.5 - (across - index - 0.5).abs()
    soft = 2.5 / s.size[0]
    column = step(0.0, 2 * soft, (gap - 0.13) * width)
    cell = step(0.06, 0.2, part) * step(0.98, 0.84, part)
    on_row = torch.where(ring, torch.ones_like(x), step(0, 0.01, 0.84 - x.abs()))
    level = (segment + 0.5) / steps
    peak = (height + 0.1 + 0.05 * torch.sin(1.9 * s.t + 5 * band + b)) * steps
    cap = step(0.42, 0.2, (up * steps - peak - 0.5).abs())
    mirror = torch.where(above < 0, 0.42 * torch.exp(-2.4 * up), torch.ones_like(up))
    bars = column * cell * lit * on_row * mirror
    caps = column * cap * on_row * mirror * (0.4 + 0.5 * s.treble)
    ghost = column * cell * on_row * step(1.02, 0.98, up) * (above > 0) * 0.025

    seam = bump(above, 0.012) * torch.where(ring, torch.ones_like(x), step(0.98, 0.8, x.abs()))
    haze = torch.exp(-1.6 * (up - height).clamp(min=0)) * on_row * mirror
    heart = torch.where(ring, halo(r, 0.12 + 0.1 * s.bass) ** 2 * (0.4 + 0.5 * s.onset), torch.zeros_like(r))
    tone = 0.12 + 0.05 * s.y + bars.clamp(max=1).sqrt() * (0.42 + 0.44 * level.clamp(0, 1))
    tone = tone + caps.clamp(0, 1) * (0.95 - tone) + 0.3 * heart + 0.4 * seam * (1 - bars)
    light = 0.02 + (0.62 + 0.25 * level) * bars * (1.2 - 0.1 * s.energy + 0.2 * s.onset) + 0.9 * caps
    light = light + ghost + 0.04 * haze + (0.2 + 0.25 * s.energy) * seam + 0.5 * heart
    return Picture(tone, light, 0.35 * caps * s.treble + 0.2 * bars * s.onset * level)
