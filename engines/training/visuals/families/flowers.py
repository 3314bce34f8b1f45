"""Open blossoms with layered petals, one large and off centre, small ones behind it in the dark."""

from __future__ import annotations

import torch

from ..fields import TAU, Field, Picture, Stage, bump, length, step

BLOSSOMS = 5


def _blossom(
    s: Stage, x: Field, y: Field, petals: torch.Tensor, hue: torch.Tensor, rings: int
) -> tuple[Field, Field, Field]:
    """Cover, tone and light of one blossom of radius about 1."""
    r = length(x, y)
    angle = torch.atan2(y, x)
    cover, tone, light = torch.zeros_like(r), torch.zeros_like(r), torch.zeros_like(r)
    for ring in range(rings):
        reach = 1.0 - 0.8 * ring / rings
        around = 0.5 * petals * (angle + ring * torch.pi / petals + 0.07 * torch.sin(0.7 * s.t + ring))
        lobe = torch.cos(around).abs()
        edge = reach * (0.4 + 0.6 * lobe.sqrt())
        q = r / edge
        inside = step(1.02, 0.95, q)
        vein = 0.85 + 0.15 * torch.cos(10 * around) * s.treble
        shine = (0.14 + 0.75 * lobe**2.5 * q.clamp(max=1)) * vein * (0.65 + 0.18 * ring)
        rim = bump(q - 0.93, 0.06) * (0.15 + 0.35 * s.treble)
        tone = tone + inside * (0.22 + 0.14 * ring + 0.34 * q * lobe + 0.25 * hue - tone)
        light = light + inside * (shine + 0.5 * rim - light)
        cover = torch.maximum(cover, inside)
    heart = bump(r, 0.2)
    return cover, tone + 0.45 * heart, light + 0.8 * heart


def draw(s: Stage) -> Picture:
    tone = torch.full_like(s.x, 0.2)
    light = 0.03 + 0.05 * torch.exp(-length(s.x, s.y).square())
    bend = (0.03 + 0.12 * s.tension) * torch.sin(2.5 * s.y + 1.1 * s.t)
    for k in range(BLOSSOMS):
        last = k == BLOSSOMS - 1
        where = 0.4 if last else 1.0
        cx = s.uniform(-where, where) + 0.05 * torch.sin(0.5 * s.t + k)
        cy = s.uniform(-where, where) + 0.05 * torch.cos(0.4 * s.t + 2 * k)
        size = s.uniform(0.55, 0.7) if last else s.uniform(0.2, 0.42)
        size = size * (0.75 + 0.5 * s.bass + 0.15 * s.onset)
        turn = s.uniform(0, TAU) + s.sign() * 0.12 * s.t
        x, y = (s.x - cx + bend) / size, (s.y - cy) / size
        c, n = torch.cos(turn), torch.sin(turn)
        petals, hue, rings = s.whole(5, 9), s.uniform(-0.5, 0.8), 3 if last else 2
        cover, petal_tone, petal_light = _blossom(s, x * c - y * n, x * n + y * c, petals, hue, rings)
        shadow = 1 - 0.6 * torch.exp(-2.2 * (length(x, y) - 0.8).clamp(min=0))
        depth = 1.0 if last else 0.35 + 0.1 * k
        tone = tone + cover * (petal_tone - tone)
        light = light * shadow + cover * (petal_light * depth * (0.7 + 0.5 * s.mid) - light * shadow)
    return Picture(tone, light, 0.3 * (light - 0.8).clamp(min=0) * (0.5 + s.onset))
