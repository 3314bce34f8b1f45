"""Gas clouds in space: doubly warped noise with dark dust, a glowing heart and stars."""

from __future__ import annotations

import torch

from ..fields import Picture, Stage, halo, length, mix, sample, sparkle, step


def draw(s: Stage) -> Picture:
    maps = s.noise(4, modes=20, slope=2.1, speed=0.35)
    zoom = 0.34 - 0.14 * s.bass
    u, v = zoom * s.x + 0.012 * s.t + s.uniform(), zoom * s.y + s.uniform()
    warp = sample(maps[:, :2], u, v) * (0.09 + 0.08 * s.mid + 0.1 * s.tension).unsqueeze(1)
    gas, dust = sample(maps[:, 2:], u + warp[:, 0], v + warp[:, 1]).unbind(1)

    heart_x = s.x - s.uniform(-0.55, 0.55) - 0.05 * torch.sin(0.5 * s.t)
    heart_y = s.y - s.uniform(-0.4, 0.4)
    heart = halo(length(heart_x, heart_y), 0.2 + 0.28 * s.bass + 0.12 * s.onset)
    density = torch.sigmoid(2.0 * gas + 1.5 * heart - 0.5)
    dark = step(-0.9, 1.4, dust + 0.5 * heart + 0.4 * gas)
    stars = sparkle(s, 0.5 * s.x + 0.5 - 0.004 * s.t, 0.5 * s.y, 9, 0.16, 0.12 + 0.5 * s.treble)
    stars = stars + sparkle(s, 0.5 * s.x - 0.008 * s.t, 0.5 * s.y, 4, 0.16, 0.2 + 0.5 * s.treble)
    tone = 0.1 + 0.62 * density + 0.14 * warp[:, 0] / 0.2 + 0.22 * heart * dark
    light = density * density * mix(0.12 * dark, 1.2, dark * (0.45 + 0.55 * heart))
    return Picture(tone, light + 0.3 * heart * heart * dark, 1.5 * stars * (1 - 0.6 * density))
