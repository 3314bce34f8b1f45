"""A glowing grid plain running to the horizon under a banded sun."""

from __future__ import annotations

import torch

from ..fields import TAU, Picture, Stage, bump, halo, length, mix, sample, saw, sparkle, step


def draw(s: Stage) -> Picture:
    horizon = s.uniform(-0.1, 0.25)
    x = s.x - s.uniform(-0.25, 0.25)
    below = s.y - horizon
    depth = 0.42 / (below.clamp(min=0) + 0.035)
    swell = 0.08 * s.tension * torch.sin(1.5 * depth + 2 * s.t) * torch.sin(2.1 * x * depth)
    across = (1.15 - 0.3 * s.bass) * x * depth * 2.2
    along = (1.15 - 0.3 * s.bass) * depth * 1.9 + 0.8 * s.t + swell
    thick = 0.05 + 0.035 * s.energy + 0.03 * s.onset
    far = step(0.02, 0.45, below)
    rails = bump(saw(across), thick * (0.6 + 0.42 * depth))
    lines = torch.maximum(rails, bump(saw(along), thick * (0.6 + 0.5 * depth)))
    pulse = 0.6 + 0.4 * torch.sin(TAU * 0.25 * along - 2 * s.t) * (0.4 + 0.6 * s.mid)
    beads = bump(saw(2 * across + 0.5 * s.t), 0.2) * s.treble
    plain = lines * far * (pulse + 0.9 * beads) + 0.1 * (1 - far)

    radius = 0.3 + 0.28 * s.bass + 0.06 * s.onset
    sun_x, sun_y = x - s.uniform(-0.3, 0.3), s.y - horizon + s.uniform(0.02, 0.28) + 0.25 * s.bass
    distance = length(sun_x, sun_y)
    height = -sun_y / radius
    slit = step(-0.12, 0.12, torch.sin(15 * height + 0.8 * s.t) + 0.55 + 1.5 * height)
    sun = step(0.012, -0.012, distance - radius) * slit
    ridge = sample(s.noise(1, modes=10, slope=1.3, speed=0.05), 0.25 * s.x + s.uniform(), s.uniform())[:, 0]
    hill = step(-0.012, 0.012, below + 0.02 + (0.06 + 0.1 * s.mid) * (1 + ridge) * step(0.1, 0.8, x.abs()))
    sky = torch.exp(-2.2 * (-below).clamp(min=0))
    stars = sparkle(s, 0.5 * s.x, 0.5 * s.y, 8, 0.15, 0.15 + 0.6 * s.treble)
    above = step(0.006, -0.006, below)
    sky_tone = mix(0.22 + 0.25 * sky, 0.62 + 0.33 * height.clamp(-1, 1), sun)
    sky_light = 0.05 + 0.22 * sky + 0.25 * halo(distance, 0.8 * radius) + 0.95 * sun
    sky_light = sky_light * (1 - 0.93 * hill)
    rim = bump(below, 0.025) * (0.4 + 0.7 * s.energy)
    tone = mix(0.5 + 0.2 * lines - 0.12 * far, sky_tone, above) + 0.2 * rim
    reflection = 0.28 * torch.exp(-((x / (0.25 + 0.5 * below.clamp(min=0))) ** 2)) * (1 - far * 0.6)
    light = mix(0.03 + 1.15 * plain + reflection, sky_light, above) + rim
    return Picture(tone, light, stars * above * (1 - sun) * (1 - hill) * step(0.0, 0.5, -below))
