"""Flight through stars: layers of points growing from a vanishing point, in faint coloured dust."""

from __future__ import annotations

import torch

from ..fields import TAU, Picture, Stage, bump, length, rotate, sample, sparkle, step

LAYERS = 4


def draw(s: Stage) -> Picture:
    x = s.x - s.uniform(-0.35, 0.35) - 0.06 * torch.sin(0.4 * s.t)
    y = s.y - s.uniform(-0.3, 0.3)
    r = length(x, y)
    turn = s.sign() * 0.05 * s.t + 0.5 * s.tension * torch.exp(-r)
    x, y = rotate(x, y, turn)
    stars = torch.zeros_like(x)
    start = s.uniform()
    for k in range(LAYERS):
        travel = start + 0.16 * s.t + k / LAYERS
        near = travel - travel.floor()
        shown = step(0, 0.3, near) * step(1, 0.75, near)
        scale = 0.62 * torch.exp(-1.7 * near) * (1.2 - 0.3 * s.bass)
        shift = travel.floor() * 0.37 + 0.23 * k
        size = 0.1 + 0.08 * s.bass + 0.04 * s.energy
        points = sparkle(
            s,
            x * scale + shift,
            y * scale + 1.7 * shift,
            6,
            size * (1 - 0.4 * near),
            0.45 + 0.5 * s.treble,
            0.3,
        )
        stars = stars + shown * (0.6 + 0.9 * near) * points
    dust, veil = sample(s.noise(2, modes=8, slope=1.8), 0.25 * x - 0.02 * s.t, 0.25 * y).unbind(1)
    fog = torch.sigmoid(1.5 * dust - 0.3) * torch.exp(-0.9 * r * r)
    core = bump(r, 0.1 + 0.22 * s.bass + 0.15 * s.onset)
    spokes = torch.sin(torch.atan2(y, x) * s.whole(5, 9) + 2 * veil).clamp(min=0) * torch.exp(-1.6 * r)
    tone = 0.22 + 0.45 * fog + 0.12 * torch.tanh(veil) + 0.45 * core + 0.3 * stars
    light = 0.02 + 0.42 * fog * fog * (0.4 + s.mid) + 0.75 * core + (0.12 + 0.5 * s.onset) * spokes
    return Picture(tone, light + 0.9 * stars, 1.3 * stars * stars + TAU * 0.03 * core)
