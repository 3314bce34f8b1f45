"""Glowing jellyfish: a translucent pulsing bell trailing long wavy tentacles in dark water, small ones behind."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from ..fields import TAU, Field, Picture, Stage, bump, halo, length, sparkle, step


def _jelly(s: Stage, x: Field, y: Field, strands: int) -> tuple[Field, Field, Field]:
    """Tone, light and cover of the bell of a jellyfish of bell radius about 1; y as (B, H, 1) is cheap."""
    phase = s.uniform(0, TAU)
    beat = torch.sin(2.4 * s.t + phase)
    wide = 1.0 + 0.12 * beat + 0.14 * s.bass + 0.12 * s.onset
    tall = 0.95 - 0.1 * beat + 0.1 * s.bass
    down = y.clamp(min=0)  # below the rim
    # all that hangs sways by one slow wave, so that rim and strands stay together
    sway = 0.16 * torch.sin(1.5 * y - 1.6 * s.t + phase) * down.clamp(max=3) ** 0.8
    hang = torch.zeros_like(x + y)
    reach = s.uniform(2.1, 2.9) + 0.5 * s.bass
    for k in range(strands):
        foot = (2 * (k + 0.5) / strands - 1) * 0.86 * wide
        own = s.uniform(0, TAU)
        curl = (0.06 + 0.12 * s.tension) * torch.sin((2.6 + 0.5 * (k % 3)) * y - 2.3 * s.t + own)
        curl = curl + 0.07 * s.tension * torch.sin(8 * y - 3 * s.t + own)
        line = x - (foot * (1 + 0.09 * down) + sway + curl * down.clamp(max=1.5))
        ends = reach * (0.65 + 0.35 * torch.cos(own).abs())
        beads = 0.75 + (0.25 + 0.6 * s.treble) * torch.sin(9 * y - 4 * s.t + own)
        beads = beads * step(-0.1, 0.08, y) * step(ends, 0.3 * ends, y)
        hang = torch.maximum(hang, bump(line, 0.05 - 0.012 * down.clamp(max=3)) * beads)
    frill = 0.16 * torch.sin(6 * y - 2.5 * s.t + phase) * (0.5 + 0.5 * s.mid)
    arms = bump((x - 1.1 * sway).abs() - 0.17 - frill, 0.13) * step(-0.15, 0.1, y) * step(1.5, 0.2, y)

    scallop = 0.07 * torch.cos(9 * x / wide) * (0.7 + 0.8 * s.mid) + 0.12 * (x / wide).square()
    r = length(x / wide, y.clamp(max=0) / tall)
    under = step(0.05, -0.05, y - 0.16 + scallop)
    bell = step(1.03, 0.95, r) * under
    rim = bump(r - 0.93, 0.11) * bell
    hem = bump(y - 0.08 + scallop, 0.07) * step(1.02, 0.92, r)
    slant = x / wide / (1.05 - 0.8 * y.clamp(-1, 0) ** 2)
    ribs = 0.5 + 0.5 * torch.cos(9 * slant)
    heart = halo(length(x, y + 0.42), 0.3 + 0.12 * s.bass) ** 2
    body = bell * (0.16 + 0.2 * ribs * (0.4 + 0.6 * s.mid) + 0.2 * r**3 + 0.75 * heart)
    light = body + 0.62 * rim + (0.6 + 0.3 * s.treble) * hem
    light = light + (0.5 + 0.35 * s.energy) * hang * (1 - 0.7 * bell) + (0.35 + 0.3 * s.mid) * arms * (1 - 0.6 * bell)
    tone = 0.34 + bell * (0.12 + 0.14 * r) + 0.4 * heart * bell + 0.32 * torch.maximum(rim, hem) + 0.24 * arms
    tone = tone + hang * (1 - bell) * (0.4 - 0.12 * down)
    return tone, light, torch.maximum(bell, 0.8 * hang)


def draw(s: Stage) -> Picture:
    shaft = torch.exp(-1.1 * (s.y + 1)) * (0.75 + 0.25 * torch.sin(4 * s.x + 1.5 * s.y + 0.5 * s.t))
    tone = 0.14 + 0.2 * shaft
    light = 0.025 + 0.13 * shaft
    drift, lean = 0.8 * s.t + s.uniform(0, TAU), 0.08 * torch.sin(0.7 * s.t)
    for front in (False, True):
        x, y = s.x, s.y[:, :, :1]
        if front:
            size, aside, high = s.uniform(0.42, 0.54), s.uniform(-0.3, 0.3), s.uniform(-0.4, -0.15)
        else:  # two small ones in one pass, told apart by their side; at half size, as they are out of focus
            x, y = s.x[:, ::2, ::2], s.y[:, ::2, ::2]
            left = x < 0
            size = torch.where(left, s.uniform(0.12, 0.18), s.uniform(0.1, 0.16))
            aside = torch.where(left, s.uniform(-0.85, -0.55), s.uniform(0.55, 0.85))
            high = torch.where(left, s.uniform(-0.75, 0.0), s.uniform(-0.1, 0.5))
        size = size * (0.97 + 0.1 * s.bass)
        cx = aside + 0.07 * torch.sin(0.75 * drift + 3 * aside)
        cy = high + 0.08 * torch.sin(drift + 5 * aside)
        v = (y - cy) / size
        u = (x - cx) / size - (s.uniform(-0.25, 0.25) + lean) * v
        fields = _jelly(s, u, v, 7 if front else 3)
        if not front:
            small = F.interpolate(torch.stack(fields, 1), size=s.size, mode="bilinear", align_corners=False)
            fields = (small[:, 0], small[:, 1], small[:, 2])
        own_tone, own_light, cover = fields
        light = light * (1 - 0.6 * cover) + own_light * (1.0 if front else 0.45)
        tone = tone + (own_light * 2.5).clamp(0, 1) * (own_tone - tone)
    glow = halo(u * u + (v + 0.2) * (v + 0.2), 2.2) * (0.14 + 0.16 * s.energy + 0.25 * s.onset)
    light, tone = light + glow, tone + 0.1 * glow
    motes = sparkle(s, 0.5 * s.x, 0.5 * s.y - 0.05 * s.t, 7, 0.1, 0.1 + 0.6 * s.treble)
    return Picture(tone, light, 0.6 * motes + 0.3 * (light - 0.9).clamp(min=0))
