"""Warp speed: stars drawn out to sharp streaks that run from a vanishing point over black."""

from __future__ import annotations

import torch

from ..fields import TAU, Picture, Stage, bump, halo, length, step

LAYERS = 3
SECTORS = 36


def draw(s: Stage) -> Picture:
    x = s.x - s.uniform(-0.4, 0.4) - 0.05 * torch.sin(0.4 * s.t)
    y = s.y - s.uniform(-0.35, 0.35) - 0.04 * torch.sin(0.33 * s.t)
    r = length(x, y)
    angle = torch.atan2(y, x) + s.sign() * (0.06 * s.t + 0.12 * s.tension * torch.sin(2.5 * r - 0.8 * s.t))
    tone = 0.03 + 0.25 * halo(r, 0.3)
    light = torch.zeros_like(x)
    spark = torch.zeros_like(x)
    for k in range(LAYERS):
        count = SECTORS + 10 * k
        place, phase, hue, strength = s.uniform(0, 1, 4, count).unbind(1)
        around = (angle / TAU + 0.5 + 0.37 * k) * count
        cell = around.floor()
        index = cell.long().remainder(count).flatten(1)
        off = (around - cell - 0.3 - 0.4 * place.gather(1, index).view_as(x)) * (TAU / count) * r
        own = phase.gather(1, index).view_as(x)
        # A star flies at even speed in depth, 1 / r: it creeps at the middle and shoots by at the rim.
        depth = 0.5 / r + (0.2 + 0.05 * k) * s.t + own
        behind = depth - depth.floor()  # 0 at the star's head, growing towards the middle
        reach = 0.3 + 0.3 * s.bass + 0.12 * s.energy + 0.15 * s.onset
        tail = (1 - behind / reach).clamp(min=0) * step(0.0, 0.05, behind)
        thin = (0.008 + 0.014 * r) * (0.8 + 0.4 * s.bass)
        power = strength.gather(1, index).view_as(x)
        lit = step(0.0, 0.25, power - 0.5 + 0.5 * s.energy + 0.1 * s.treble - 0.12 * k)
        fade = step(0.16, 0.7, r) * lit * (0.45 + 0.7 * r.clamp(max=1.4))
        line = tail * bump(off, thin * (0.3 + 0.7 * tail)) * fade
        point = line * tail.square() * tail  # the star at the head of its streak
        tone = tone + line * (0.4 + 0.55 * hue.gather(1, index).view_as(x))
        light = light + line * (1.5 + 0.5 * s.mid)
        spark = spark + point * (0.3 + 0.8 * s.treble)
    core = bump(r, 0.05 + 0.05 * s.bass) + (0.2 + 0.4 * s.onset) * halo(r, 0.1 + 0.1 * s.bass + 0.1 * s.onset)
    return Picture(tone + 0.6 * core, light + 0.9 * core + 0.006, spark + 0.25 * core)
