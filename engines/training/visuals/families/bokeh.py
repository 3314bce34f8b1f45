"""Lights out of focus: soft discs with bright rims at several depths, drifting."""

from __future__ import annotations

import torch

from ..fields import TAU, Picture, Stage, length, sample, step

LIGHTS = 20


def draw(s: Stage) -> Picture:
    px, py = s.uniform(-1.2, 1.2, LIGHTS), s.uniform(-1.1, 1.1, LIGHTS)
    size, hue, phase = s.uniform(0, 1, LIGHTS), s.uniform(0, 1, LIGHTS), s.uniform(0, TAU, LIGHTS)
    haze = sample(s.noise(1, modes=4, slope=2, speed=0.3), 0.2 * s.x, 0.2 * s.y)[:, 0]
    tone_sum = 0.04 * (0.3 + 0.1 * haze)
    light = 0.03 + 0.12 * torch.sigmoid(2 * haze - 0.5)
    weight = torch.full_like(s.x, 0.04)
    shake = 0.06 + 0.12 * s.tension
    for n in range(LIGHTS):
        p, big = phase[:, n, None, None], size[:, n, None, None]
        deep = n / LIGHTS  # far small lights first
        rise = (py[:, n, None, None] - (0.02 + 0.06 * deep) * s.t + 1.4).remainder(2.8) - 1.4
        d = length(
            s.x - px[:, n, None, None] - shake * torch.sin(0.5 * s.t + p) - 0.15 * s.onset * torch.cos(p),
            s.y - rise - shake * torch.cos(0.6 * s.t + 2 * p) - 0.15 * s.onset * torch.sin(p),
        )
        radius = (0.05 + (0.1 + 0.17 * deep) * big) * (0.7 + 0.8 * s.bass)
        soft = 0.02 + 0.05 * abs(deep - 0.55)
        disc = step(radius + soft, radius - soft, d)
        rim = (0.45 + 0.55 * (d / radius).clamp(max=1) ** 4) * (1 - 0.35 * s.mid) + 0.35 * s.mid
        beat = 0.55 + 0.45 * torch.sin((0.8 + 1.4 * deep) * s.t + 3 * p)
        glint = 0.7 + 0.5 * torch.sin(4.2 * s.t + 5 * p) * s.treble
        power = (
            disc
            * rim
            * (0.15 + 1.0 * (1 - 0.55 * deep) * beat * glint)
            * step(-1.4, -1.1, rise)
            * step(1.4, 1.1, rise)
        )
        light = light + power
        weight = weight + power
        tone_sum = tone_sum + power * (0.3 + 0.65 * hue[:, n, None, None])
    tone = tone_sum / weight
    return Picture(tone, 1.25 * light, 0.35 * (light - 0.75).clamp(min=0))
