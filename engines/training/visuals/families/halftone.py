"""Pop-art halftone: a turned grid of round dots whose size follows one large moving ball, heart or wave."""

from __future__ import annotations

import torch

from ..fields import TAU, Field, Picture, Stage, length, rotate, step


def _form(s: Stage, x: Field, y: Field) -> Field:
    """How big the dots are, 0..1, by place: a lit ball, a heart or a rolling wave, by seed."""
    kind, phase = s.whole(0, 2), s.uniform(0, TAU)
    cx, cy = 0.2 * torch.sin(1.1 * s.t + phase), 0.14 * torch.cos(0.9 * s.t + phase)
    beat = 0.14 * s.bass + 0.14 * s.onset + 0.05 * torch.sin(2.4 * s.t + phase)
    size = torch.where(kind == 0, 0.74, 0.7) + beat
    wobble = 0.1 * s.tension * torch.sin(6 * y + 2.2 * s.t)
    u, v = (x - cx + wobble) / size, (y - cy) / size
    r = length(u, v)
    spin = 1.2 * s.t + phase
    depth = (1 - r * r).clamp(min=0).sqrt()
    lit = 0.16 + 0.62 * depth + 0.5 * (u * torch.cos(spin) + v * torch.sin(spin))
    ball = step(1.06, 0.92, r) * lit.clamp(0.12, 1)
    # a heart is a disc pushed up by the root of |u|
    inner = length(u, v + 0.72 * (u.abs() + 0.01).sqrt() - 0.32)
    heart = step(1.08, 0.9, inner) * (0.72 + 0.28 * torch.sin(3.2 * inner - 3 * s.t))
    run = rotate(x, y, phase)[0]
    wave = 0.5 + 0.5 * torch.sin(3.4 * run + 0.9 * torch.sin(1.6 * y + phase + wobble) - 1.9 * s.t)
    return torch.where(kind == 0, ball, torch.where(kind == 1, heart, wave**1.4))


def draw(s: Stage) -> Picture:
    pitch = 2 / s.whole(12, 15)
    turn = s.uniform(0.25, 1.3) + 0.05 * torch.sin(0.5 * s.t)
    x, y = rotate(s.x, s.y, turn)
    gx, gy = x / pitch, y / pitch
    px, py = gx.round(), gy.round()
    # the form is read at each dot's centre, so that dots stay round
    cx, cy = rotate(px * pitch, py * pitch, -turn)
    value = _form(s, cx, cy) * (0.8 + 0.2 * s.energy)
    jitter = s.treble * 0.14 * torch.sin(5 * s.t + 2.4 * px + 4.1 * py) * value
    radius = 0.1 + 0.34 * (value + jitter).clamp(0, 1).sqrt()
    d = length(gx - px, gy - py)
    soft = 1 / (s.size[0] * pitch) + 0.015
    dot = step(radius + soft, radius - soft, d)
    shine = 1 - (d / radius).clamp(max=1)
    tone = 0.36 + 0.52 * value + 0.1 * torch.sin(1.5 * cx + 1.2 * cy + 0.8 * s.t) + 0.06 * shine
    bright = (0.16 + (0.55 + 0.2 * s.mid) * value) * (0.8 + 0.3 * shine)
    ground = (0.03 + 0.03 * s.mid) * (1 + value)
    light = ground + dot * (bright - ground)
    ground_tone = 0.14 + 0.08 * s.y + 0.1 * value
    spark = dot * shine * (value - 0.6).clamp(min=0) * (0.2 + 0.5 * s.treble + 0.4 * s.onset)
    return Picture(ground_tone + dot * (tone - ground_tone), light, spark)
