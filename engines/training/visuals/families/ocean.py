"""A night sea: a moon over the horizon and its broken path of light on the waves."""

from __future__ import annotations

import torch

from ..fields import Picture, Stage, halo, length, mix, sample, sparkle, step


def draw(s: Stage) -> Picture:
    horizon = s.uniform(-0.3, 0.1)
    below = s.y - horizon
    far = 1 / (below.clamp(min=0) + 0.06)
    maps = s.noise(3, modes=14, slope=1.5, speed=1.1)
    swell = 0.05 + 0.35 * s.bass + 0.15 * s.onset
    rows = far.log()
    u, v = 0.14 * s.x * far.sqrt() + s.uniform(), 0.75 * rows + s.uniform() + 0.05 * s.t
    chop = sample(maps[:, :1], u + 0.02 * s.t, v)[:, 0]
    roll = torch.sin((17 - 5 * s.bass) * rows + 1.6 * s.t + 1.5 * chop)
    wave = (0.55 * roll * (0.3 + s.bass) + chop * (0.7 + 0.6 * s.tension)) * (0.55 + swell)

    moon_x = s.x - s.uniform(-0.5, 0.5)
    moon_y = below + s.uniform(0.22, 0.5)
    radius = 0.13 + 0.1 * s.bass + 0.03 * s.onset
    distance = length(moon_x, moon_y)
    moon = step(0.014, -0.014, distance - radius)
    glow = halo(distance, 1.6 * radius)
    cloud = sample(maps[:, 1:2], 0.18 * s.x + 0.01 * s.t, 0.55 * s.y)[:, 0]
    bank = torch.sigmoid(1.6 * cloud + 2.0 * below.clamp(max=0) + 0.2)

    width = 0.1 + 0.55 * below.clamp(min=0) + 0.12 * s.bass
    path = torch.exp(-(((moon_x + 0.12 * wave) / width) ** 2))
    glitter = torch.sigmoid((3 + 3 * s.treble) * (wave - 0.25 + 0.9 * path))
    facet = torch.sigmoid(2.5 * wave - 0.6)
    sky_light = (
        0.05 + 0.14 * torch.exp(2.5 * below.clamp(max=0)) + glow * (0.35 + 0.3 * bank) + 0.12 * bank * s.mid
    )
    stars = sparkle(s, 0.5 * s.x, 0.5 * s.y, 8, 0.15, 0.15 + 0.6 * s.treble) * (1 - glow) * (1 - bank)
    sea_light = 0.02 + facet * (0.12 + 0.16 * s.mid) + 1.15 * path * glitter + 0.1 * path
    sea = step(-0.006, 0.006, below)
    tone = mix(0.28 + 0.2 * glow + 0.1 * bank + 0.5 * moon, 0.24 + 0.16 * facet + 0.5 * path * glitter, sea)
    light = mix(sky_light * (1 - moon) + 1.25 * moon, sea_light, sea)
    return Picture(tone, light, mix(stars, 0.3 * path * glitter * (0.3 + s.treble), sea))
