"""Drops on still water: two to four clear sets of rings run out and cross, lit from the side as a relief."""

from __future__ import annotations

import torch

from ..fields import TAU, Picture, Stage, bump, length, sample, step

DROPS = 4


def draw(s: Stage) -> Picture:
    count = s.whole(2, 4)
    tilt = s.uniform(0.0, 0.45)  # the water seen from above or leaning away
    y = s.y * (1 + tilt) + 0.2 * tilt
    drift = sample(s.noise(1, modes=5, slope=1.5), 0.2 * s.x, 0.2 * y)[:, 0] * (0.005 + 0.02 * s.tension)
    rise_x, rise_y = torch.zeros_like(s.x), torch.zeros_like(s.x)
    height, drop = torch.zeros_like(s.x), torch.zeros_like(s.x)
    turn, spread = s.uniform(0, TAU), s.uniform(0.5, 0.8)
    first = s.uniform(0.2, 0.27) * (0.85 + 0.3 * s.bass)  # wavelength
    for k in range(DROPS):
        shown = step(k - 0.5, k + 0.5, count - 0.5)
        angle = turn + TAU * k / count + s.uniform(-0.4, 0.4)
        reach = spread if k else 0.45 * spread
        dx = s.x - reach * torch.cos(angle) - 0.03 * torch.sin(0.5 * s.t + k)
        dy = y - reach * torch.sin(angle) - 0.03 * torch.cos(0.4 * s.t + k)
        r = length(dx, dy) + drift
        wave = TAU / first * s.uniform(0.85, 1.15)
        phase = wave * r - 3.0 * s.t + s.uniform(0, TAU) - 1.2 * s.onset
        # A fresh drop starts a train of rings every few seconds; between trains the water calms a little.
        train = 0.7 + 0.3 * torch.cos(2.3 * r - 1.15 * s.t + s.uniform(0, TAU))
        near = (1.1 if k == 0 else 0.5 + 0.3 * s.mid) * shown
        power = (
            near * torch.exp(-r * ((2.2 if k == 0 else 3.6) - 0.7 * s.bass - 0.3 * s.onset)) * train * step(0.0, 0.08, r)
        )
        crest = torch.sin(phase) + 0.3 * torch.sin(2 * phase + 0.6)  # sharp crests, wide troughs
        face = torch.cos(phase) + 0.6 * torch.cos(2 * phase + 0.6)
        height = height + power * crest
        rise_x, rise_y = rise_x + power * face * dx / r, rise_y + power * face * dy / r
        drop = drop + near * bump(r, 0.035 + 0.03 * s.bass + 0.03 * s.onset) * (0.6 + 0.4 * torch.sin(3.0 * s.t + k))
    fine = sample(s.noise(2, modes=24, slope=0.5, speed=1.6), 0.3 * s.x, 0.4 * y) * (0.05 * s.treble).unsqueeze(1)
    lamp = s.sign() * 0.6
    facing = (1.5 + 0.5 * s.mid + 0.6 * s.energy) * (lamp * (rise_x + fine[:, 0]) - 0.8 * (rise_y + fine[:, 1]))
    bright = torch.sigmoid(3.0 * facing - 1.4)
    shine = step(0.55, 1.5, facing)
    pool = 0.5 + 0.5 * torch.tanh(-1.3 * s.y + lamp * s.x)  # sky in the water, brighter to one side
    tone = 0.1 + 0.16 * pool + 0.52 * bright + 0.1 * torch.tanh(height) + 0.3 * drop
    light = 0.02 + 0.12 * pool + 0.85 * (bright - 0.12).clamp(min=0) + 0.5 * drop
    return Picture(tone, light, shine * (0.12 + 0.45 * s.treble + 0.3 * s.onset) + 0.5 * drop)
