"""Ridges behind ridges with mist drifting between, pale far off and dark in front, a sun or moon passing over."""

from __future__ import annotations

import torch

from ..fields import TAU, Picture, Stage, halo, length, mix, sample, saw, sparkle, step

RIDGES = 5


def draw(s: Stage) -> Picture:
    radius = 0.14 + 0.1 * s.bass + 0.04 * s.onset
    way = s.uniform(0, TAU) + 0.22 * s.t
    sun_x, sun_y = 0.75 * torch.sin(way), s.uniform(-0.5, -0.25) + 0.16 * torch.cos(2 * way)
    distance = length(s.x - sun_x, s.y - sun_y)
    disc = step(0.014, -0.014, distance - radius)
    glow = halo(distance, 2.2 * radius)
    drifts = s.noise(3, modes=8, slope=1.3, speed=0.4)
    cloud = sample(drifts[:, 2:], 0.16 * s.x + 0.03 * s.t, 0.7 * s.y)[:, 0]
    bars = step(0.3, 1.5, cloud) * step(0.1, -0.3, s.y)
    tone = 0.36 + 0.2 * s.y + 0.36 * glow + 0.28 * disc + 0.12 * bars
    light = 0.12 + 0.1 * (1 + s.y) + 0.45 * glow + (0.1 + 0.1 * s.mid) * bars
    light = mix(light, 1.15 - 0.35 * bars, disc)
    stars = sparkle(s, 0.5 * s.x, 0.5 * s.y, 8, 0.15, 0.1 + 0.6 * s.treble) * (1 - glow).square()
    clear = 1 - disc
    for k in range(RIDGES):
        near = k / (RIDGES - 1)
        # Parallax: what is near goes by faster, and stands wider and taller.
        along = (1.05 - 0.55 * near) * s.x + 9 * s.uniform() + (0.02 + 0.09 * near) * s.t
        rough = torch.sin(2.1 * along + k)
        along = along + 0.12 * rough
        # Straight flanks and pointed summits of three sizes.
        peaks = 1.15 * saw(along) + 0.55 * saw(2.3 * along + 0.3) + (0.12 + 0.3 * s.treble) * saw(6.1 * along)
        peaks = peaks * (1 + 0.3 * rough)
        tall = (0.5 + 0.14 * near) * (0.85 + 0.3 * s.mid + 0.3 * s.bass * (1 - near)) + 0.08 * s.onset
        top = 0.28 + 0.8 * near**1.1 - tall * peaks + 0.04 * s.tension * torch.sin(5 * s.x + 1.5 * s.t + k)
        under = (s.y - top).clamp(min=0)
        inside = step(-0.009, 0.009, s.y - top)
        clear = clear * (1 - inside)
        foot = (s.y - 0.16 - 0.78 * near).clamp(min=-0.3) + 0.3
        puff = sample(drifts[:, k % 2 : k % 2 + 1], 0.22 * s.x + 0.3 * k + (0.025 + 0.03 * near) * s.t, 0.45 * s.y)[:, 0]
        mist = (1 - torch.exp(-foot * foot * 9)) * torch.sigmoid(1.8 * puff + 0.5) * (1 - 0.72 * near)
        rim = torch.exp(-under / 0.025) * glow * (1 - near)
        face = 0.035 + 0.2 * (1 - near) ** 1.6 + 0.4 * mist * (0.45 + glow) + 0.5 * rim
        tone = mix(tone, 0.46 - 0.34 * near + 0.28 * mist + 0.3 * rim + 0.14 * glow * (1 - near), inside)
        light = mix(light, face - 0.03 * near, inside)
    return Picture(tone, light, 0.9 * stars * clear)
