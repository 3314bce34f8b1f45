"""Flight through a tunnel of luminous panels and rings, towards a light round the bend."""

from __future__ import annotations

import torch

from ..fields import TAU, Picture, Stage, bump, length, saw, step


def draw(s: Stage) -> Picture:
    bend = 0.2 + 0.25 * s.tension
    x = s.x - s.uniform(-0.3, 0.3) - bend * 0.6 * torch.sin(0.6 * s.t + s.uniform(0, TAU)) * 0.5
    y = s.y - s.uniform(-0.25, 0.25) - bend * 0.4 * torch.cos(0.47 * s.t) * 0.5
    square = s.uniform(0, 0.9)
    corner = torch.maximum(x.abs(), y.abs()) + 1e-3
    r = length(x, y) * (1 - square) + corner * square
    depth = (1.1 - 0.4 * s.bass) / r.clamp(min=0.04)
    near = step(0.16, 0.55, r)
    along = depth + 0.6 * s.t + 0.3 * s.onset
    panels = 2 * s.whole(3, 5)  # even, for the chequers to meet
    twist = s.uniform(-0.25, 0.25) + 0.25 * s.tension * s.sign()
    around = torch.atan2(y, x) / TAU * panels + 0.35 * twist * depth + s.sign() * 0.1 * s.t
    ring = bump(saw(along), (0.07 + 0.04 * s.energy) * (0.8 + 0.35 / (r + 0.15)).clamp(max=2.2))
    rib = bump(saw(around), 0.1 + 0.06 * s.energy)
    pulse = 0.5 + 0.5 * torch.sin(
        TAU * 0.5 * along + 2 * torch.sin(TAU * around / panels + s.uniform(0, TAU))
    )
    checker = torch.sigmoid(9 * torch.sin(torch.pi * along) * torch.sin(torch.pi * around))
    panel = checker * pulse * (0.35 + 0.65 * s.mid)
    inner = bump(saw(2 * along + 0.5), 0.16) * bump(saw(around + 0.5), 0.16)
    end = bump(r, 0.14 + 0.2 * s.bass) * (0.5 + 0.6 * s.energy)
    tone = 0.15 + 0.3 * panel + 0.4 * ring + 0.22 * pulse + 0.5 * end
    light = near * (0.8 * panel + 0.9 * ring + 0.6 * rib * (0.3 + 0.7 * pulse) + 0.8 * inner * s.treble)
    light = light * (0.3 + 0.8 * step(0.1, 1.0, r)) * (1 - 0.75 * step(0.9, 1.7, r)) + 1.1 * end
    return Picture(tone, light, 0.5 * end * s.onset)
