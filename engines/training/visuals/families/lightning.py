"""Forked bolts over lit storm clouds; they flicker with time and strike with onsets."""

from __future__ import annotations

import torch

from ..fields import TAU, Picture, Stage, bump, halo, rotate, sample, step

BOLTS = 4


def draw(s: Stage) -> Picture:
    jag = s.noise(BOLTS, modes=26, slope=1.35, speed=0.55)
    cloud, veil = sample(
        s.noise(2, modes=12, slope=1.9, speed=0.25), 0.28 * s.x + 0.01 * s.t, 0.36 * s.y
    ).unbind(1)
    bolts = torch.zeros_like(s.x)
    glow = torch.zeros_like(s.x)
    for k in range(BOLTS):
        tilt = s.uniform(-0.45, 0.45) if k < 2 else s.uniform(-1.3, 1.3)
        x, y = rotate(s.x - s.uniform(-0.55, 0.55), s.y + 0.3 * (k % 2), tilt)
        along = 0.22 * y + s.uniform()
        swing = 0.16 + 0.1 * s.tension + 0.06 * s.onset
        bend = sample(jag[:, k : k + 1], along, s.uniform() + 0.02 * s.t)[:, 0] * swing
        d = x + bend
        flicker = 0.5 + 0.5 * torch.sin(2.1 * s.t + s.uniform(0, TAU)) * torch.sin(
            3.7 * s.t + s.uniform(0, TAU)
        )
        wanted = 0.75 if k == 0 else 0.15 + 0.5 * s.mid
        power = (wanted * (0.35 + 0.65 * flicker) + 0.6 * s.onset + 0.2 * s.energy).clamp(max=1.3)
        reach = step(1.15, 0.5, y.abs()) if k < 2 else step(-0.15, 0.1, y) * step(1.3, 0.4, y)
        wide = (0.014 + 0.022 * s.bass) * (1.2 if k == 0 else 0.8)
        bolts = bolts + power * reach * bump(d, wide)
        glow = glow + power * reach * halo(d, 0.05 + 0.12 * s.bass)
        fork = sample(jag[:, k : k + 1], 1.7 * along + 0.3, s.uniform() + 0.03 * s.t)[:, 0] * swing
        side = d + (0.5 * (y - 0.1) + 0.8 * fork) * s.sign()
        branch = power * step(0.05, 0.2, y) * step(1.0, 0.3, y) * (0.25 + 0.75 * s.treble)
        bolts = bolts + 0.7 * branch * bump(side, 0.75 * wide)
        glow = glow + 0.4 * branch * halo(side, 0.05)
    lit = torch.sigmoid(1.4 * cloud + 0.6 * veil - 0.5)
    tone = 0.2 + 0.22 * lit + 0.3 * glow.clamp(max=1) + 0.35 * bolts
    light = 0.03 + lit * (0.12 + 0.5 * glow) + 0.28 * glow * glow + 1.1 * bolts
    return Picture(tone, light, bolts * bolts * 0.6)
