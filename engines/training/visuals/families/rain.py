"""Rain on a dark window: round drops as lenses with bright rims, some running down, blurred lights behind."""

from __future__ import annotations

import torch

from ..fields import TAU, Field, Picture, Stage, bump, length, sample, step

RUNNERS = 7


def _beads(
    s: Stage, x: Field, y: Field, cells: int, swell: torch.Tensor, share: torch.Tensor
) -> tuple[Field, Field, Field]:
    """Resting drops, one at most in each of cells x cells squares: place in the drop across and down, height."""
    own = s.uniform(0, 1, 4, cells * cells)
    x = x + 0.5 * (y * cells).floor().remainder(2) / cells  # rows take turns, so that no grid shows
    ix, iy = (x * cells).floor(), (y * cells).floor()
    index = (ix.remainder(cells) + cells * iy.remainder(cells)).long().clamp(0, cells * cells - 1).flatten(1)
    px, py, size, chance = (o.gather(1, index).view(x.shape) for o in own.unbind(1))
    grown = ((share - chance) * 4).clamp(0, 1)
    radius = (0.16 + 0.2 * size * size) * swell * grown + 1e-3
    room = 0.5 - 0.37
    dx = (x * cells - ix - 0.5 - 2 * room * (px - 0.5)) / radius
    dy = (y * cells - iy - 0.5 - 2 * room * (py - 0.5)) / radius
    return dx, dy, (1 - dx * dx - dy * dy) * grown


def draw(s: Stage) -> Picture:
    shiver = 0.012 * s.tension
    wave = torch.sin(9 * s.y + 4 * torch.sin(3 * s.x) + 2.1 * s.t)
    x, y = s.x + shiver * wave, s.y + shiver * torch.sin(11 * s.x - 1.7 * s.t)
    swell = 0.85 + 0.15 * s.bass
    nx, ny, high = torch.zeros_like(x), torch.zeros_like(x), torch.zeros_like(x)
    beads = (
        _beads(s, 0.5 * x + s.uniform(), 0.5 * y + s.uniform(), 8, swell, 0.2 + 0.75 * s.treble),
        _beads(s, 0.5 * x + s.uniform(), 0.5 * y + s.uniform(), 4, swell, 0.5 + 0.4 * s.energy),
    )
    for dx, dy, h in beads:
        above = h > high
        nx, ny, high = torch.where(above, dx, nx), torch.where(above, dy, ny), torch.maximum(high, h)
    wind_s, wind_c, bead_s, bead_c = (3.3 * y).sin(), (3.3 * y).cos(), (26 * y).sin(), (26 * y).cos()
    for n in range(RUNNERS):
        phase, radius = s.uniform(0, TAU), s.uniform(0.085, 0.17) * (0.85 + 0.25 * s.bass + 0.1 * s.onset)
        fall = (0.618 * n + s.uniform(0, 0.3)) * 3.1 + s.uniform(0.16, 0.3) * s.t + 0.12 * torch.sin(0.9 * s.t + phase)
        head = fall.remainder(3.1) - 1.45
        home = (n + s.uniform(0.1, 0.9)) * (2.6 / RUNNERS) - 1.3
        home = home * (s.size[1] / s.size[0])  # all across a wide screen too
        cp, sp, wide = torch.cos(phase), torch.sin(phase), 0.045 + 0.03 * s.tension
        path = home + wide * (cp * wind_s + sp * wind_c)
        bead = cp * bead_s + sp * bead_c
        behind = (head - y).clamp(min=0)
        dx, dy = (x - home - wide * torch.sin(3.3 * head + phase)) / radius, (y - head) / radius
        dy = torch.where(dy < 0, dy / 1.35, dy)
        h = (1 - dx * dx - dy * dy) * 1.5
        thin = radius * (0.4 * torch.exp(-1.3 * behind) + 0.09 * bead) * step(1.6, 0.6, behind) * step(1.55, 1.0, head)
        tx = (x - path) / thin.clamp(min=1e-3)
        trail = (1 - tx * tx) * step(0.0, 0.03, behind) * step(0.004, 0.02, thin)
        for ax, ay, a in ((tx, 0.4 * bead, trail), (dx, dy, h)):
            above = a > high
            nx, ny, high = torch.where(above, ax, nx), torch.where(above, ay, ny), torch.maximum(high, a)

    drop = step(0.0, 0.2, high)
    r = length(nx, ny)
    # A drop turns the view behind it upside down and makes it small.
    bend = drop * (0.35 + 0.3 * r * r)
    maps = s.noise(2, modes=4, slope=1.0, speed=0.5)
    seen = sample(maps, 0.3 * s.x - bend * nx + 0.04 * s.t, 0.3 * s.y - bend * ny)
    power = ((0.9 + 0.7 * s.mid) * (seen[:, 0] - 1.7 + 0.5 * s.onset)).exp()
    lamps, hue = power / (0.8 + 0.7 * power), seen[:, 1]
    pane = lamps * (0.4 + 0.2 * s.energy) + 0.02
    lower = (0.5 + 0.5 * ny).clamp(0, 1)
    rim = step(0.45, 0.8, r) * step(1.05, 0.86, r)
    lens = (0.12 + 0.75 * lamps) * (0.35 + 0.65 * lower) * (1 - 0.75 * step(0.4, 1.0, r) * (1 - lower))
    lens = lens + rim * lower**1.5 * (0.8 + 0.4 * s.energy)
    tone = 0.16 + 0.34 * lamps + 0.14 * hue * lamps + drop * (0.12 + 0.3 * rim * lower + 0.15 * lower)
    light = pane * (1 - drop) + drop * lens
    glint = bump(length(nx + 0.33, ny + 0.4), 0.24) * drop * step(0.1, 0.5, high)
    return Picture(tone + 0.3 * glint, light + 0.4 * glint, glint * (0.45 + 0.6 * s.onset + 0.3 * s.treble))
