"""Peacock plumes: a curved bright quill, barbs sweeping out of it, an eye spot near the tip."""

from __future__ import annotations

import torch

from ..fields import TAU, Field, Picture, Stage, bump, length, rotate, step


def _plume(s: Stage, u: Field, v: Field) -> tuple[Field, Field, Field]:
    """Cover, tone and light of one plume: u runs from 0 at the foot to 1 at the tip, v across."""
    inside = u.clamp(0.001, 0.999)
    swell = inside * inside * (1 - inside)  # slender at the foot, round at the tip
    wide = (0.72 + 0.1 * s.bass + 0.1 * s.onset) * swell.sqrt()
    side = v.abs()
    q = u - 0.75 * side + 0.5 * side * side  # constant along a barb, which leans towards the tip
    seed = s.uniform(0, TAU)
    clump = torch.sin(31 * q + seed + 2 * v.sign()) + torch.sin(53 * q + 2 * seed + v.sign())
    barb = 0.5 + 0.5 * torch.cos(s.whole(15, 19) * TAU * q + 0.8 * clump)
    ragged = 0.74 + 0.16 * barb + (0.06 + 0.05 * s.tension) * clump  # each barb ends by itself
    across = side / wide.clamp(min=0.004)
    cover = step(1.06, 0.86, across / ragged) * step(0.0, 0.06, u) * step(1.0, 0.97, u)
    wave = 0.5 + 0.5 * torch.sin(9 * q - 2.6 * s.t + seed)  # shimmer that runs up the barbs
    # the eye spot: nested ovals
    ex, ey = v / 0.74, u - 0.74
    spot = length(ex, ey) / (0.14 + 0.025 * s.bass + 0.03 * s.onset)
    rings = step(1.0, 0.93, spot)
    core = step(0.5, 0.42, length(ex, ey - 0.02) / (0.14 + 0.025 * s.bass))
    iris = step(0.76, 0.7, spot)
    tone = 0.3 + 0.24 * across.clamp(0, 1) + 0.22 * wave * (0.5 + 0.5 * s.mid)
    light = (0.1 + (0.36 + 0.26 * s.energy) * barb * barb) * (0.55 + 0.6 * wave) * (0.7 + 0.45 * across.clamp(0, 1))
    light = light + s.treble * 0.45 * barb**4 * across.clamp(0, 1) ** 2
    tone = tone + rings * (0.92 - tone)
    tone = tone + iris * (0.56 - tone)
    tone = tone + core * (0.14 - tone)
    light = light + rings * (0.72 + 0.12 * barb + 0.5 * s.onset - light)
    light = light + iris * (0.62 + 0.15 * s.mid - light)
    light = light + core * (0.1 - light)
    quill = bump(v, 0.008 + 0.012 * (1 - inside)) * step(-0.35, -0.1, u) * step(0.66, 0.58, u)
    return torch.maximum(cover, quill), tone + quill * (0.9 - tone), light + quill * (0.95 - light)


def draw(s: Stage) -> Picture:
    tone = 0.16 + 0.1 * s.x
    light = 0.02 + 0.07 * torch.exp(-(s.x * s.x + s.y * s.y))
    count, one_side = s.whole(1, 3), s.sign()
    lean = s.uniform(-0.35, 0.35)
    foot_x, foot_y = s.x + 0.75 * torch.sin(lean), s.y - 0.92
    for front in (False, True):
        turn = lean + 0.07 * torch.sin(0.9 * s.t + s.uniform(0, TAU))
        size = (1.8 if front else 1.65) * s.uniform(0.92, 1.05)
        bend = (s.sign() if front else 1.0) * s.uniform(0.1, 0.26) + 0.06 * torch.sin(1.3 * s.t + s.uniform(0, TAU))
        fan = s.uniform(0.62, 0.82)
        x, y = rotate(foot_x, foot_y, -turn)
        shown = torch.ones_like(count)
        if not front:  # two plumes in one pass: what is left of the front plume's axis is a mirrored right
            side = x.sign()
            shown = torch.where(count == 3, 1.0, torch.where(count == 2, (side == one_side).float(), 0.0))
            x, y = rotate(x.abs(), y, -(fan + 0.12 * side * torch.sin(1.1 * s.t + 9 * fan)))
        u, v = -y / size, x / size
        v = v - bend * u * u + bend * 0.45 * u + 0.025 * s.tension * torch.sin(9 * u - 2 * s.t) * u
        cover, own_tone, own_light = _plume(s, u, v)
        if front:
            light = light * (1 - 0.5 * bump(v, 0.3) * step(0.0, 0.3, u))  # its shadow
        cover = cover * shown
        tone = tone + cover * (own_tone - tone)
        light = light + cover * (own_light * (1.0 if front else 0.5) - light)
    return Picture(tone, light, 0.35 * (light - 0.75).clamp(min=0))
