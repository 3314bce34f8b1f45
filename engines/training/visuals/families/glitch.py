"""Digital glitch: a simple bold shape torn into displaced horizontal bars, with split copies, blocks, scan lines."""

from __future__ import annotations

import torch

from ..fields import TAU, Field, Picture, Stage, bump, length, rotate, step

BANDS = 64


def _bands(s: Stage, y: Field, rows: torch.Tensor) -> tuple[Field, Field]:
    """Two seeded numbers in 0..1 of the horizontal band of uneven height at y (B, H, 1)."""
    table = s.uniform(0, 1, 2, BANDS)
    uneven = 0.9 * torch.sin(3.1 * y + s.uniform(0, TAU)) + 0.7 * torch.sin(7.3 * y + s.uniform(0, TAU))
    index = (rows * (y + 1) + uneven).floor().remainder(BANDS).long().flatten(1)
    first, second = (table[:, k].gather(1, index).view(y.shape) for k in range(2))
    return first, second


def _reach(x: Field, y: Field, kind: torch.Tensor) -> Field:
    """How far out a place is in a disc, triangle, square or cross: 1 on the outline."""
    round_ = length(x, y)
    triangle = torch.maximum(1.35 * x.abs() - 0.78 * (y - 0.1), 1.56 * (y - 0.1)) + 0.05
    square = 1.15 * torch.maximum(x.abs(), y.abs())
    return torch.where(kind == 0, round_, torch.where(kind == 1, triangle, square))


def draw(s: Stage) -> Picture:
    # bars, blocks and lines belong to the screen: the frame's straight rows, cheap as (B, H, 1)
    y = s.frame_y[:, :, :1]
    one, two = _bands(s, y, s.uniform(3.5, 5.5))
    three, four = _bands(s, y, s.uniform(8, 11))
    # each band slips out by itself now and then: a wave that is near 0 most of the time
    slip = torch.sin(TAU * two + (0.9 + 1.5 * one) * s.t)
    fine = torch.sin(TAU * four + (1.5 + 2.5 * three) * s.t)
    tear = (0.2 + 0.25 * s.tension + 0.25 * s.onset) * slip**3 * (0.5 + one)
    tear = tear + (0.05 + 0.36 * s.tension + 0.2 * s.onset) * fine**5
    split = 0.05 + 0.05 * s.mid + 0.07 * s.onset + 0.08 * (slip * fine).abs() * (0.3 + s.tension)

    kind = s.whole(0, 2)
    size = s.uniform(0.62, 0.76) * (0.92 + 0.16 * s.bass + 0.12 * s.onset)
    turn = 0.25 * torch.sin(0.7 * s.t + s.uniform(0, TAU)) + s.uniform(-0.2, 0.2)
    px = (s.x - s.uniform(-0.15, 0.15) - 0.06 * torch.sin(0.8 * s.t) + tear) / size
    py = (s.y - s.uniform(-0.1, 0.1)) / size
    hollow = s.uniform(0.5, 0.62)
    copies = []
    for k in (-1, 0, 1):
        reach = _reach(*rotate(px + k * split / size, py, turn), kind)
        copies.append(step(1.02, 0.98, reach) * step(hollow - 0.02, hollow + 0.02, reach))
        if k == 0:
            inner = step(hollow, 0.5 * hollow, reach)
    left, middle, right = copies

    # slabs of light that run across in some bands, and coarse blocks in a few of them
    way = 2 * (two > 0.5).to(y) - 1
    sweep = torch.sin(2.2 * s.frame_x + TAU * four + way * 1.6 * s.t)
    lane = step(0.55, 0.7, three + 0.12 * s.onset) * step(0.0, 0.5, fine)
    slab = lane * step(0.1, 0.2, sweep) * (0.3 + 0.4 * s.energy)
    column = ((s.frame_x + 0.5 * tear) * 4 + 7 * three).floor()
    code = 43.7 * torch.sin(12.99 * column + 78.2 * three + 37.7 * one)
    busy = step(0.45, 0.55, two + 0.1 * s.treble)
    block = step(0.9, 0.98, torch.sin(TAU * code + 1.7 * s.t) - 0.06 + 0.06 * s.treble + 0.06 * s.onset) * busy
    scan = 0.5 + 0.5 * torch.cos(TAU * 16 * y - 3 * s.t)
    bar = bump((0.5 * y - 0.3 * s.t + s.uniform()).remainder(1) - 0.5, 0.08)

    only_left, only_right = left * (1 - middle), right * (1 - middle) * (1 - left)
    tone = 0.14 + 0.05 * s.y + 0.3 * slab + 0.1 * bar + 0.16 * inner
    tone = tone + middle * (0.64 + 0.14 * torch.sin(1.8 * s.y + 3 * one) - tone)
    tone = tone + only_left * (0.38 - tone) + only_right * (0.93 - tone)
    tone = tone + block * (0.85 - tone) * (1 - 0.6 * middle)
    light = 0.03 + 0.05 * bar + 0.09 * inner + 0.5 * slab * (1 - middle)
    light = light + 0.62 * middle + 0.5 * only_left + 0.6 * only_right + block * (0.45 - 0.85 * middle)
    light = light * (1 - (0.35 + 0.25 * s.mid) * scan) * (1 + 0.35 * bar)
    return Picture(tone, light, 0.25 * left * right * s.onset + 0.3 * block * s.treble * (1 - middle))
