"""Ribbons of silk: translucent sheets with a bright hem, folding over each other."""

from __future__ import annotations

import torch

from ..fields import TAU, Picture, Stage, bump, rotate, step


def draw(s: Stage) -> Picture:
    x, y = rotate(s.x, s.y, s.uniform(-0.6, 0.6) + 0.05 * torch.sin(0.3 * s.t))
    tone, light = torch.full_like(x, 0.1), 0.03 * torch.ones_like(x)
    hem_light = torch.zeros_like(x)
    swell = 0.12 + 0.3 * s.bass + 0.12 * s.onset
    base, f = s.uniform(-0.35, 0.35), s.uniform(0.9, 1.8)
    phase = s.uniform(0, TAU)
    for k in range(8):
        drift = 0.35 * s.t + 0.34 * k
        curve = torch.sin(f * x + phase + drift) + 0.45 * torch.sin(
            2.3 * f * x - 0.8 * drift + s.uniform(0, 1.2)
        )
        rough = (0.25 * s.mid + 0.3 * s.tension) * torch.sin(5 * x + 1.7 * k - 0.9 * s.t)
        d = y - base - 0.17 * (k - 3.5) * (0.7 + 0.6 * s.bass) - swell * (curve + 0.4 * rough)
        wide = s.uniform(0.2, 0.5)
        pleat = 0.75 + 0.25 * torch.sin(9 * d / wide + 2 * curve) * s.treble
        sheet = step(-0.012, 0.03, d) * torch.exp(-d.clamp(min=0) / wide) * pleat
        hem = bump(d, 0.022 + 0.012 * s.energy) * (0.45 + 0.55 * torch.sin(1.5 * x + drift + k))
        tone = tone * (1 - 0.55 * sheet) + sheet * (0.25 + 0.075 * k + 0.12 * curve)
        light = light * (1 - 0.5 * sheet) + sheet * (0.42 + 0.12 * curve)
        hem_light = hem_light * (1 - 0.5 * sheet) + hem.clamp(min=0)
    return Picture(tone + 0.3 * hem_light, light + 0.75 * hem_light, 0.3 * hem_light * (0.2 + s.treble))
