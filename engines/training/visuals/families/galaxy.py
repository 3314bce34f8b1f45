"""A tilted spiral galaxy: logarithmic arms of clotted dust about a brilliant heart."""

from __future__ import annotations

import torch

from ..fields import TAU, Picture, Stage, bump, halo, length, rotate, sample, sparkle, step


def draw(s: Stage) -> Picture:
    x, y = rotate(s.x - s.uniform(-0.3, 0.3), s.y - s.uniform(-0.25, 0.25), s.uniform(0, TAU))
    size = 1.35 - 0.6 * s.bass - 0.1 * s.onset
    x, y = x * size, y * size * s.uniform(1.0, 1.9)
    r = length(x, y)
    hand = s.sign()
    turn = hand * 0.25 * s.t
    maps = s.noise(3, modes=18, slope=1.7, speed=0.3)
    sx, sy = rotate(x, y, -turn)
    clot, dust, knot = sample(maps, 0.4 * sx + 0.5, 0.4 * sy + 0.5).unbind(1)
    wind = s.uniform(2.2, 3.4) + 0.8 * s.mid
    angle = torch.atan2(y, x) - turn + hand * wind * torch.log(r + 0.08) + (0.3 + 0.5 * s.tension) * dust
    arm = 0.5 + 0.5 * torch.cos(s.whole(2, 3) * angle)
    disc = torch.exp(-1.7 * r * r)
    lit = arm.square() * disc * torch.sigmoid(1.8 * clot + 0.6)
    lane = step(-0.6, 0.8, dust + 1.2 * arm)
    core = bump(r, 0.14 + 0.16 * s.bass)
    bulge = halo(r, 0.2 + 0.15 * s.bass)
    knots = step(0.9, 2.0, knot) * arm * disc * (0.3 + s.treble)
    stars = sparkle(s, 0.5 * s.x, 0.5 * s.y, 9, 0.15, 0.2 + 0.5 * s.treble) * (1 - 0.7 * disc)
    tone = 0.16 + 0.5 * lit + 0.4 * bulge + 0.18 * knots + 0.12 * torch.tanh(clot) * disc
    light = 0.012 + lane * (1.0 * lit + 0.5 * bulge * disc) + 0.95 * core + 0.7 * knots
    return Picture(tone, light, 1.2 * stars + 0.35 * core * (0.4 + s.energy + s.onset))
