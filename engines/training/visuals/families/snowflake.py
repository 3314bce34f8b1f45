"""Ice crystals: one large six-armed dendrite of thin luminous branches, small ones falling around it."""

from __future__ import annotations

import math

import torch

from ..fields import TAU, Field, Picture, Stage, bump, halo, length, rotate, sparkle, step

TWIGS = 8
SQUARES = 6  # of small flakes a side, then they repeat
SIN60 = math.sqrt(0.75)


def _flake(
    s: Stage, x: Field, y: Field, twigs: torch.Tensor, count: torch.Tensor, fine: torch.Tensor | None
) -> tuple[Field, Field]:
    """Distance to the nearest branch of a flake of radius 1, and place along its arm; no fine: bare twigs."""
    r, angle = length(x, y), torch.atan2(y, x)
    fold = (angle - TAU / 6 * (angle * (6 / TAU)).round()).abs()
    px, py = r * torch.cos(fold), r * torch.sin(fold)
    # On axes at sixty degrees every twig of an arm lies on a line of constant `along`.
    side = py / SIN60
    along = px - 0.5 * side
    arm = torch.maximum(py, px - 1)
    number = (along * count).round().clamp(min=1).minimum(count - 1)
    reach = twigs.gather(1, (number.long() - 1).clamp(0, TWIGS - 1).flatten(1)).view(x.shape)
    base = number / count
    reach = reach * torch.minimum(0.85 * base, 1.15 * (1 - base) + 0.1)
    twig = torch.maximum((along - base).abs() * SIN60, side - reach)
    near = torch.minimum(arm, twig)
    if fine is None:
        return near, px
    # On the twigs the same again, towards the tip of the arm.
    knot = (side * 2 * count).round().clamp(min=1) / (2 * count)
    bud = (0.4 * fine * (reach - knot)).clamp(min=0).minimum(0.42 / count)
    ahead = along - base
    leaf = torch.maximum((side - knot).abs() * SIN60, torch.maximum(ahead - bud, -ahead))
    leaf = leaf + 0.2 * step(0.02, 0.0, bud)
    hexagon = (px * SIN60 + 0.5 * py - 0.16).abs()
    return torch.minimum(near, torch.minimum(leaf, hexagon)), px


def _drifting(s: Stage) -> tuple[Field, Field]:
    """Small flakes falling, one at most in each square of a grid: light, and place along their arms."""
    tables = s.uniform(0, 1, 2, SQUARES * SQUARES)
    x, y = rotate(s.x, s.y - 0.22 * s.t, s.uniform(-0.5, 0.5))
    u, v = x / 0.62 + s.uniform(0, 20) + 0.06 * torch.sin(0.9 * s.t + 3 * s.y), y / 0.62 + s.uniform(0, 20)
    column, row = u.floor(), v.floor()
    index = (column.remainder(SQUARES) + SQUARES * row.remainder(SQUARES)).long().clamp(0, SQUARES**2 - 1)
    place, own = (table.gather(1, index.flatten(1)).view(u.shape) for table in tables.unbind(1))
    size = (0.2 + 0.13 * own) * (0.9 + 0.15 * s.bass + 0.15 * s.onset)
    du, dv = u - column - 0.38 - 0.24 * place, v - row - 0.38 - 0.24 * (7 * place).frac()
    phase = TAU * (5 * own).frac()
    du, dv = rotate(du / size, dv / size, phase + (0.4 + 0.5 * place) * s.t)
    d, px = _flake(s, du, dv, s.uniform(0.6, 1, TWIGS), s.whole(3, 4), None)
    shown = ((0.45 + 0.4 * s.energy - (11 * own).frac()) * 5).clamp(0, 1)
    return bump(d.clamp(min=0), 0.07) * (0.12 + 0.4 * place) * shown, px


def draw(s: Stage) -> Picture:
    backdrop = torch.exp(-1.2 * length(s.x - s.uniform(-0.6, 0.6), s.y - s.uniform(-0.6, 0.6)).square())
    bend = (0.01 + 0.03 * s.tension) * torch.sin(4 * s.y + 1.3 * s.t + s.uniform(0, TAU))
    curl = 0.03 * s.tension * torch.sin(5 * s.x - 1.1 * s.t)
    size = s.uniform(0.72, 0.92) * (0.84 + 0.12 * s.bass + 0.06 * s.onset)
    turn = s.uniform(0, TAU) + s.sign() * s.uniform(0.12, 0.22) * s.t
    x, y = s.x - s.uniform(-0.22, 0.22) + bend, s.y - s.uniform(-0.2, 0.2) + curl
    x, y = rotate(x / size, y / size, turn)
    twigs = (s.uniform(0.35, 1, TWIGS) * (0.75 + 0.5 * s.mid.view(-1, 1))).clamp(max=1.1)
    d, px = _flake(s, x, y, twigs, s.whole(5, 7), 0.2 + 0.9 * s.treble)
    near = d.clamp(min=0)
    line = bump(near, 0.014 + 0.003 * s.energy + 0.01 * (1 - px).clamp(0, 1))
    wave = 0.5 + 0.5 * torch.sin(5 * px - 1.8 * s.t)
    r = length(x, y)
    glow = halo(near, 0.04) * step(1.3, 0.4, r) * (0.08 + 0.1 * s.energy + 0.05 * s.onset)
    heart = bump(r, 0.09 + 0.08 * s.onset)

    small, along = _drifting(s)
    small = small * (1 - line) * (0.55 + 0.45 * step(0.6, 1.1, r))
    glitter = sparkle(s, 0.5 * s.x + 0.02 * s.t, 0.5 * s.y - 0.06 * s.t, 9, 0.14, 0.08 + 0.6 * s.treble, 0.8)
    tone = 0.16 + 0.2 * backdrop + small * (0.5 - 0.15 * along) + 0.3 * glow + line * (0.4 + 0.3 * wave - 0.1 * px)
    light = (0.02 + 0.1 * backdrop * (0.6 + 0.6 * s.mid)) * (1 - line) + small + glow
    light = light + line * (0.42 + 0.46 * wave + 0.1 * s.onset)
    return Picture(tone + 0.3 * glitter, light + 0.3 * glitter, 0.35 * line * wave**3 + 0.3 * heart + 0.8 * glitter)
