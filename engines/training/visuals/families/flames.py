"""Tongues of fire that grow with the bass, over embers, with sparks rising."""

from __future__ import annotations

import torch

from ..fields import TAU, Picture, Stage, sample, sparkle, step


def draw(s: Stage) -> Picture:
    maps = s.noise(4, modes=14, slope=1.8, speed=0.7)
    up = 1 - s.y  # 0 at the foot, 2 at the top
    sway = 0.07 * torch.sin(1.3 * s.t + 1.5 * up + s.uniform(0, TAU)) * up
    wide = 0.6 * (1.2 - 0.45 * s.bass)
    u, v = wide * (s.x + sway) + s.uniform(), 0.3 * up + s.uniform()
    lick = sample(maps[:, :1], u, v - 0.34 * s.t)[:, 0]
    u = u + (0.025 + 0.03 * s.mid + 0.05 * s.tension) * lick * (0.3 + up)
    body = sample(maps[:, 1:2], u, v - 0.5 * s.t)[:, 0]
    tongue = sample(maps[:, 2:3], 1.6 * u, 0.1 * up - 0.2 * s.t)[:, 0]
    fine = sample(maps[:, 3:], 1.8 * u, 1.6 * v - 0.9 * s.t)[:, 0] * s.treble

    height = 0.75 + 0.75 * s.bass + 0.3 * s.onset + (0.2 + 0.14 * up) * tongue
    heat = 1 - up / height.clamp(min=0.25) + (0.26 + 0.1 * up) * body + 0.1 * fine
    flame = step(-0.12, 0.42, heat)
    glow = step(0.0, 1.5, heat + 0.2 * lick)
    tone = 0.18 + 0.25 * flame + 0.62 * glow
    light = flame * (0.16 + 1.15 * glow) * step(2.2, 1.2, up) + 0.05 * torch.exp(-up)
    sparks = sparkle(
        s, 0.5 * s.x + 0.05 * torch.sin(2 * up + s.t), 0.5 * s.y + 0.22 * s.t, 7, 0.15, 0.1 + 0.6 * s.treble
    )
    return Picture(tone, light, 1.8 * sparks * step(1.9, 0.6, up) * (1 - flame))
