"""A large eye: radial fibres in a bright iris, a dark pupil that widens with the bass, lids and lashes in the dark."""

from __future__ import annotations

import torch

from ..fields import TAU, Picture, Stage, bump, halo, length, rotate, sample, saw, step


def draw(s: Stage) -> Picture:
    maps = s.noise(2, modes=16, slope=1.0, speed=0.25)
    x, y = rotate(s.x - s.uniform(-0.12, 0.12), s.y - s.uniform(-0.1, 0.14), s.uniform(-0.22, 0.22))
    size = s.uniform(0.5, 0.62) * (1 + 0.04 * s.bass)
    wide = s.uniform(0.98, 1.12)
    # the almond: two arcs that meet in the corners
    blink = 1 - 0.22 * (0.5 + 0.5 * torch.sin(1.1 * s.t + s.uniform(0, TAU))) ** 4
    arch = 1 - (x / wide).square()
    jag = 0.015 * s.tension * torch.sin(13 * x + 2 * s.t)
    upper = -(s.uniform(0.5, 0.6) + 0.06 * s.energy + 0.06 * s.onset) * blink * arch + jag
    lower = s.uniform(0.38, 0.48) * arch + jag
    open_ = torch.minimum(y - upper, lower - y)
    inside = step(-0.012, 0.02, open_)

    gaze = s.uniform(0, TAU)
    ix = x - 0.16 * torch.sin(0.9 * s.t + gaze)
    iy = y - 0.06 * torch.sin(1.3 * s.t + 2 * gaze) + 0.04
    r = length(ix, iy) / size
    angle = torch.atan2(iy, ix) / TAU
    pupil = 0.24 + 0.3 * s.bass + 0.08 * s.onset + 0.03 * torch.sin(1.9 * s.t + gaze)
    along = (r - pupil) / (1 - pupil).clamp(min=0.1)  # 0 at the pupil, 1 at the edge of the iris
    twist = 0.07 * s.tension * torch.sin(5 * along - 1.5 * s.t)
    fibre = sample(maps[:, :1], 2 * angle + twist, 0.1 * along + 0.01 * s.t)[:, 0]
    hair = sample(maps[:, 1:], 4 * angle + twist, 0.08 * along - 0.01 * s.t)[:, 0]
    fibre = torch.sigmoid(1.5 * fibre + (0.3 + 1.3 * s.treble) * hair)
    iris = step(1.0, 0.95, r)
    hole = step(0.02, -0.02, r - pupil)
    collar = bump(along - 0.22 - 0.12 * fibre, 0.12)
    limbus = step(0.68, 1.0, along)
    iris_tone = 0.36 + 0.32 * fibre + 0.3 * collar - 0.25 * limbus
    iris_light = (0.1 + (0.75 + 0.35 * s.mid) * fibre**1.5 + 0.5 * collar + 0.3 * s.onset * fibre) * (1 - 0.85 * limbus)

    shade = step(0.0, 0.34, open_)  # the lids shade the ball
    tone = 0.16 + 0.12 * shade
    light = (0.05 + 0.17 * shade) * (1 - 0.45 * x.square())
    tone = tone + iris * (iris_tone - tone)
    light = light + iris * (iris_light * (0.35 + 0.65 * shade) - light)
    light = light * (1 - hole)
    tone = tone * (1 - 0.6 * hole)

    brow = -y + upper  # above the upper lid
    skin = 0.05 * torch.exp(-2.2 * length(x, y)) + (0.09 + 0.08 * s.mid) * bump(brow - 0.2 - 0.05 * arch, 0.07) * step(
        0, 0.5, arch
    )
    comb = saw(s.whole(7, 10) * x / (1 + 0.9 * brow.clamp(0, 0.6)) / wide + 0.04 * torch.sin(1.5 * s.t))
    reach = (0.2 + 0.1 * s.energy + 0.1 * s.onset) * step(-0.1, 0.6, arch)
    lash = bump(comb, 0.15 - 0.3 * brow.clamp(0, 0.35)) * step(0.0, 0.02, brow) * step(0, 0.15, arch)
    lash = lash * step(reach + 0.02, 0.4 * reach, brow) * (0.4 + 0.4 * s.treble)
    line = bump(open_, 0.03) * step(-0.1, 0.25, arch + 0.1)
    edge = bump(y - upper, 0.035) + 0.5 * bump(y - lower, 0.025)
    out_light = skin + 0.6 * lash
    light = out_light + inside * (light - out_light)
    tone = 0.3 + 0.4 * lash + inside * (tone - 0.3 - 0.4 * lash)
    rim = edge * step(-0.02, 0.12, arch) + 0.1 * line
    tone = tone + rim.clamp(0, 1) * (0.8 - tone)
    light = light + (0.42 + 0.2 * s.energy) * rim
    glint = step(0.13, 0.09, length(ix + 0.28 * size, iy + 0.3 * size) / (0.8 + 0.25 * s.treble))
    small = halo(length(ix - 0.3 * size, iy - 0.28 * size), 0.035 + 0.02 * s.treble) ** 2
    return Picture(tone, light, (0.95 * glint + 0.4 * small) * inside)
