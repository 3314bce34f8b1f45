"""Lights out of focus: discs with bright rims, small and sharp far off, large and faint close by, drifting."""

from __future__ import annotations

import torch

from ..fields import TAU, Picture, Stage, length, step

LIGHTS = 16


def draw(s: Stage) -> Picture:
    px, py = s.uniform(-1.4, 1.4, LIGHTS), s.uniform(-1.35, 1.35, LIGHTS)
    size, hue, phase = s.uniform(0, 1, LIGHTS), s.uniform(0, 1, LIGHTS), s.uniform(0, TAU, LIGHTS)
    wind = s.sign() * 0.06
    tones = 0.05 * (0.2 - 0.1 * s.y)
    light = 0.025 + 0.05 * (1 + s.y)
    weight = torch.full_like(s.x, 0.05)
    spark = torch.zeros_like(s.x)
    shake = 0.04 + 0.1 * s.tension
    for n in range(LIGHTS):
        p, big, colour = (q[:, n, None, None] for q in (phase, size, hue))
        near = n / (LIGHTS - 1)  # far lights first, near ones drift faster
        across = (px[:, n, None, None] + wind * (0.4 + near) * s.t + 1.4).remainder(2.8) - 1.4
        rise = (py[:, n, None, None] - (0.04 + 0.12 * near) * s.t + 1.35).remainder(2.7) - 1.35
        d = length(
            s.x - across - shake * torch.sin(0.7 * s.t + p) - 0.1 * s.onset * torch.cos(p),
            s.y - rise - shake * torch.cos(0.8 * s.t + 2 * p) - 0.1 * s.onset * torch.sin(p),
        )
        radius = (0.08 + 0.1 * big + (0.02 + 0.24 * big) * near * near) * (0.8 + 0.45 * s.bass)
        soft = 0.012 + 0.035 * near
        q = d / radius
        disc = step(radius + soft, radius - soft, d)
        rim = (1 - ((q - 0.9) / (0.09 + 0.08 * near + soft)).square()).clamp(min=0).square()
        edge = (3.2 * p / TAU).frac().clamp(min=0.3)
        beat = 0.72 + 0.28 * torch.sin((0.9 + 1.3 * (1 - near)) * s.t + 3 * p)
        glint = 1 + 0.45 * torch.sin(4.2 * s.t + 5 * p) * s.treble
        gone = step(1.35, 1.15, rise.abs()) * step(1.4, 1.2, across.abs())
        lit = step(-0.5, 0.15, s.energy - 0.55 + 0.4 * (7 * p / TAU).frac())
        power = (1.2 - 0.72 * near) * beat * glint * gone * (0.6 + 0.4 * lit)
        face = disc * (0.42 + 0.3 * q.clamp(max=1).square()) * power
        ring = disc * rim * edge * power * (0.4 + 0.6 * s.mid)
        light = light + face + 0.8 * ring
        weight = weight + face + ring
        tones = tones + face * (0.22 + 0.6 * colour) + ring * (0.42 + 0.55 * colour)
        spark = spark + 0.35 * ring * (0.3 + s.treble + 0.6 * s.onset)
    return Picture(tones / weight, 1.3 * light, spark)
