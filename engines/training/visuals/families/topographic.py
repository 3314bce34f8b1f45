"""A topographic map: thin contour lines of dark hills, every fifth one bold, the summits aglow."""

from __future__ import annotations

import torch

from ..fields import TAU, Picture, Stage, bump, length, rotate, sample, saw, slope, step


def draw(s: Stage) -> Picture:
    maps = s.noise(3, modes=6, slope=2.2, speed=0.3)
    rough = s.noise(1, modes=14, slope=1.2, speed=0.4)
    x, y = rotate(s.x, s.y, s.uniform(0, TAU))
    zoom = s.uniform(0.26, 0.4) * (1.1 - 0.15 * s.bass)
    u, v = zoom * x + 0.025 * s.t + s.uniform(), zoom * y + s.uniform()
    bent = sample(maps[:, 1:], u, v)
    bend = 0.015 + 0.03 * s.tension
    height = sample(maps[:, :1], u + bend * bent[:, 0], v + bend * bent[:, 1])[:, 0]
    height = height + 0.12 * s.tension * sample(rough, u, v)[:, 0]
    px, py = s.x - s.uniform(-0.5, 0.5), s.y - s.uniform(-0.5, 0.5)
    far = length(px, py)
    height = 0.8 * height + (1.0 + 0.35 * s.bass) * bump(far, s.uniform(0.45, 0.7)) - 0.2 * far
    level = s.uniform(5.5, 7.5) * height - 0.8 * s.t
    gx, gy = slope(level)
    steep = (gx * gx + gy * gy + 1).sqrt()
    # Lines are of one width on the paper, and give way where they would run together or lie in a flat.
    room = step(40, 14, steep)
    thin = bump(saw(level) / steep, 0.011) * room * step(1, 3, steep)
    bold = bump(5 * saw(level / 5) / steep, 0.019) * step(1, 2.5, steep)
    half = bump(0.5 * saw(2 * level) / steep, 0.007) * step(20, 7, steep) * step(1, 4, steep) * s.treble

    turn = s.uniform(0, TAU)
    shade = ((gx * torch.cos(turn) + gy * torch.sin(turn)) / 16).tanh()
    high = step(-0.9, 1.9, height)
    summit = step(0.9, 2.3, height)
    climb = (0.5 * s.t + s.uniform()).frac()
    wave = bump(height - 2.4 * climb + 0.4, 0.3) * torch.sin(torch.pi * climb) * (0.2 + 1.1 * s.onset)
    lines = thin * (0.28 + 0.4 * s.mid) + bold * (0.85 + 0.3 * s.energy) + 0.4 * half
    tone = 0.08 + 0.62 * high + 0.2 * bold + 0.1 * summit
    ground = 0.02 + 0.1 * high * (1 + 0.9 * shade) + 0.35 * summit * (0.4 + 0.6 * s.energy)
    light = ground + lines * (0.35 + 0.75 * high + wave) + 0.15 * wave
    return Picture(tone, light, summit * (0.3 + 0.5 * s.onset) * lines)
