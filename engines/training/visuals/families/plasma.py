"""A lava lamp: round glossy blobs rise, sink and melt into one another over a pool, rims alight."""

from __future__ import annotations

import torch

from ..fields import TAU, Picture, Stage, step

BLOBS = 9


def draw(s: Stage) -> Picture:
    # A metaball field and its gradient; f = (radius / distance)**2 of one ball makes a true sphere below.
    f = torch.zeros_like(s.x)
    gx, gy, tones = f.clone(), f.clone(), f.clone()
    swell = 0.85 + 0.3 * s.bass + 0.12 * s.onset
    for k in range(BLOBS):
        phase, turn = s.uniform(0, TAU), s.uniform(0.35, 0.6)
        radius = s.uniform(0.13, 0.3) if k > 2 else s.uniform(0.26, 0.38)
        shown = step(0.12 * k - 0.6, 0.12 * k - 0.3, s.energy) if k > 3 else 1.0
        wobble = 0.05 + 0.06 * s.tension
        px = s.uniform(-0.85, 0.85) + wobble * torch.sin(0.9 * s.t + 3 * phase)
        py = s.uniform(-0.35, 0.25) + s.uniform(0.35, 0.75) * torch.sin(turn * s.t + phase)
        stretch = 1 + 0.22 * torch.cos(turn * s.t + phase)  # long while it travels, round where it turns
        dx, dy = (s.x - px) * stretch.sqrt(), (s.y - py) / stretch.sqrt()
        inverse = 1 / (dx * dx + dy * dy + 1e-3)
        own = (radius * swell * shown).square() * inverse
        own = own * own  # steeper than a plain metaball: blobs stay round until they touch
        pull = own * inverse
        f = f + own
        gx, gy = gx + pull * dx, gy + pull * dy
        tones = tones + own * s.uniform(-0.16, 0.16)
    pool = (0.17 / (1.3 - s.y + 0.04 * torch.sin(2 * s.x + 0.7 * s.t)).clamp(min=0.05)).square().square() * 3
    f, gy = f + pool, gy - 2 * pool
    inside = step(0.9, 1.12, f)
    lean = (1 / f.clamp(min=1)).sqrt().sqrt()  # sine of the surface's tilt away from the eye
    facing = (1 - lean * lean).clamp(min=0).sqrt()
    steep = (gx * gx + gy * gy + 1e-6).rsqrt() * lean
    nx, ny = gx * steep, gy * steep
    side = s.sign()
    lamp = (0.45 * side * nx - 0.62 * ny + 0.64 * facing).clamp(min=0)
    below = (0.95 * ny).clamp(min=0)  # the bulb under the lamp
    fresnel = lean.square() * lean.square()
    gloss = step(0.9, 0.985, lamp)
    fringe = 0.5 + 0.5 * torch.sin(24 * facing + 6 * s.y - 2 * s.t)  # a thin sheen
    tone = 0.34 + 0.3 * lamp + 0.24 * fresnel + 0.14 * s.y + tones / (f + 0.1)
    body = 0.1 + 0.5 * lamp + (0.35 + 0.45 * s.mid) * fresnel * (0.35 + below) + 0.3 * below
    body = body + 0.16 * s.treble * fringe * fresnel
    glass = 0.05 + 0.16 * step(-1.2, 1.3, s.y) ** 2 + 0.3 * (f * f).clamp(max=1) * (0.5 + 0.5 * s.onset)
    tone = tone * inside + (0.22 + 0.12 * s.y + 0.3 * f.clamp(max=1)) * (1 - inside)
    return Picture(tone, body * inside + glass * (1 - inside), gloss * inside * (0.3 + 0.4 * s.treble + 0.4 * s.onset))
