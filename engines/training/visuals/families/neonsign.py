"""A neon sign: one bold symbol in nested glowing tubes on a dark brick wall."""

from __future__ import annotations

import torch

from ..fields import TAU, Field, Picture, Stage, bump, halo, length, mix, rotate, saw, step

TUBES = 3
BRICKS = 24


def _symbol(x: Field, y: Field, kind: torch.Tensor) -> Field:
    """Signed distance to the outline of symbol number `kind`, negative inside."""
    ax, ay = x.abs(), y.abs()
    triangle = torch.maximum(0.87 * ax - 0.5 * (y - 0.15), y - 0.15) - 0.4
    diamond = 0.83 * ax + 0.56 * ay - 0.5
    fold = saw(torch.atan2(x, -y) * (5 / TAU)) * (TAU / 5)
    r = length(x, y)
    star = 0.59 * (r * torch.cos(fold) - 0.92) + 0.81 * r * torch.sin(fold)
    along, across = (ax - (y - 0.2)) * 0.707, (ax + (y - 0.2)) * 0.707
    lobe = torch.where(along > 0.36, length(along - 0.36, across), across.abs())
    heart = torch.maximum(-along, lobe) - 0.36
    head = torch.maximum(-0.02 - x, 0.66 * x + 0.75 * ay - 0.52)
    arrow = torch.minimum(head, torch.maximum(ay - 0.24, (x + 0.28).abs() - 0.5))
    chosen = r - 0.66
    for number, form in enumerate((triangle, heart, star, diamond, arrow), start=1):
        chosen = torch.where(kind == number, form, chosen)
    return chosen


def draw(s: Stage) -> Picture:
    kind, lean = s.whole(0, 5), s.uniform(-0.14, 0.14)
    # an arrow may point anywhere; the other symbols stand upright, as signs do
    lean = lean + torch.where(kind == 5, s.whole(0, 7) * (TAU / 8), torch.zeros_like(lean))
    size = s.uniform(0.8, 0.94) * (0.96 + 0.05 * s.bass + 0.05 * s.onset + 0.025 * torch.sin(1.1 * s.t))
    px, py = s.x - s.uniform(-0.12, 0.12), s.y - s.uniform(-0.1, 0.1)
    px, py = rotate(px / size, py / size, lean + 0.05 * torch.sin(0.8 * s.t))
    d = _symbol(px, py, kind)

    row = (s.y * s.uniform(3.6, 4.6) + s.uniform()).expand_as(s.x)
    line = row.floor()
    column = s.x * 1.9 + 0.5 * line + s.uniform()
    index = ((column.floor() * 7 + line * 5).remainder(BRICKS)).long().flatten(1)
    shade = s.uniform(0, 1, BRICKS).gather(1, index).view(d.shape)
    joint = torch.minimum(saw(column) / 1.9, saw(row) / 4.0)
    brick = step(0.008, 0.035, joint) * (0.55 + 0.45 * shade) + 0.2 * bump(joint - 0.035, 0.012)

    gap, turn = s.uniform(0.14, 0.17), s.sign()
    tone, light, spark, glow = 0.12 + 0.16 * shade, torch.zeros_like(d), torch.zeros_like(d), torch.zeros_like(d)
    chase = s.uniform(0, TAU)
    beads = 0.22 + 0.55 * s.treble * step(0.2, 0.8, torch.sin(22 * px + 3 * s.t) * torch.sin(22 * py - 2 * s.t))
    for n in range(TUBES):
        apart = (d + n * gap).abs()
        wave = 0.5 + 0.5 * torch.sin(4.0 * s.t - turn * 1.6 * n + chase)
        buzz = 1 - 0.6 * s.tension * step(0.4, 0.9, torch.sin(11 * s.t + 2.1 * n) * torch.sin(7.3 * s.t + n))
        # the outer tube never goes out, so that the symbol can be read in silence
        on = (1.0 if n == 0 else 0.0) + step(0.35 * n - 0.35, 0.35 * n + 0.05, s.energy)
        on = (0.1 + 0.95 * on.clamp(max=1) * (0.2 + 0.8 * wave)) * buzz + 0.3 * s.onset
        tube = bump(apart, 0.038)
        tone = mix(tone, 0.92 - 0.24 * n, step(0.09, 0.03, apart))
        light = light + tube * on * 1.15
        spark = spark + bump(apart, 0.013) * on * beads
        glow = glow + halo(apart, 0.13) * on * (0.2 + 0.1 * s.mid)
    ring = bump(d - 0.12 - 0.1 * s.onset, 0.05) * s.onset
    wall = brick * (0.04 + 0.07 * s.mid + 1.25 * glow + 0.5 * ring)
    return Picture(tone + 0.45 * glow * step(0.03, 0.1, d), light + wall, spark)
