"""A city at night: dark towers at three depths with lit windows, before a glowing sky, over water or haze."""

from __future__ import annotations

import torch

from ..fields import TAU, Field, Picture, Stage, bump, halo, length, mix, sample, sparkle, step

BLOCKS = 24  # towers of a layer, then they repeat
PANES = 1024


def _towers(s: Stage, x: Field, up: Field, pitch: float, tall: torch.Tensor, pane: float) -> tuple[Field, Field, Field]:
    """Cover of one row of towers, its lit windows, and the windows' own tone."""
    blocks, panes = s.uniform(0, 1, 2, BLOCKS), s.uniform(0, 1, PANES)
    u = x / pitch
    block = u.floor()
    index = block.remainder(BLOCKS).long().flatten(1)
    high, own = (b.gather(1, index).view(x.shape) for b in blocks.unbind(1))
    wide, kind = (7 * own).frac(), (5 * high + 3 * own).frac()
    aside = (u - block - 0.5).abs() * pitch
    half = (0.28 + 0.19 * wide) * pitch
    top = tall * (0.3 + 0.7 * high**1.5)
    shoulder = torch.where(kind > 0.4, 0.62 + 0.25 * own, torch.ones_like(own))
    wall = torch.minimum(half - aside, shoulder * top - up)
    wall = torch.maximum(wall, torch.minimum(0.55 * half - aside, top - up))
    mast = 0.2 * tall * (kind > 0.75)
    edge = torch.maximum(wall, torch.minimum(0.009 - aside, top + mast - up))
    cover = step(-0.007, 0.007, edge)

    px, py = (u - block - 0.5) * pitch / pane, up / (1.15 * pane)
    column, floor = (px + 0.5).floor(), py.floor()
    at = (column * 17 + floor * 61 + block * 131).remainder(PANES).long().clamp(0, PANES - 1).flatten(1)
    chance = panes.gather(1, at).view(x.shape)
    share = 0.2 + 0.45 * s.energy + 0.3 * s.onset + 0.25 * (own - 0.5)
    lit = ((chance - 1 + share) * 5).clamp(0, 1)
    twinkle = torch.sin((0.8 + 2 * (9 * chance).frac()) * s.t + 40 * chance)
    lit = lit * (0.8 + (0.15 + 0.35 * s.treble) * twinkle) * (0.45 + 0.9 * (5 * chance).frac())
    frame = step(0.46, 0.24, (px - column).abs()) * step(0.46, 0.22, (py - floor - 0.5).abs())
    glass = lit * frame * step(0.2 * pane, 0.7 * pane, wall)
    return cover, glass, 0.52 + 0.45 * (0.5 * own + 0.5 * (3 * chance).frac())


def draw(s: Stage) -> Picture:
    # Bent towers are soon no towers: of tension's bending only half is let through, for the moon none.
    calm_x, calm_y = s.x.mean(1, keepdim=True), s.y.mean(2, keepdim=True)
    shore = s.uniform(0.3, 0.85)
    below = 0.5 * (s.y + calm_y) - shore
    water = step(-0.004, 0.008, below)
    swell = torch.sin(20 * below.clamp(min=0).sqrt() - 2.2 * s.t) + 0.5 * torch.sin(34 * below + 3 * s.x + 3.1 * s.t)
    x = 0.5 * (s.x + calm_x) + 0.011 * water * swell * (1 + 2 * below) * (1 + s.tension)
    up = below.abs() * (1 + 0.15 * water)

    haze = sample(s.noise(1, modes=5, slope=1.8, speed=0.4), 0.22 * x + 0.02 * s.t, 0.22 * up)[:, 0]
    centre = s.uniform(-0.5, 0.5)
    dome = torch.exp(-up / (0.55 + 0.2 * s.bass)) * (0.45 + 0.6 * bump(s.x - centre, 0.9))
    glow = dome * (1 + 0.3 * s.mid * haze)
    tone, light = 0.14 + 0.5 * glow + 0.04 * haze, 0.04 + 0.85 * glow
    moon = length(calm_x - s.uniform(-0.7, 0.7), calm_y + s.uniform(0.55, 0.75))
    up_there = (s.uniform() < 0.65) * (1 - water)
    disc = step(0.015, -0.015, moon - 0.13) * up_there
    tone, light = mix(tone, 0.9, disc), light + 0.75 * disc + 0.14 * halo(moon, 0.2) * up_there
    for _ in range(3):
        foot, lean = s.x - s.uniform(-0.9, 0.9), 0.5 * torch.sin(s.uniform(0.3, 0.7) * s.t + s.uniform(0, TAU))
        beam = bump(foot - lean * up, 0.025 + 0.07 * up) * torch.exp(-0.8 * up) * step(0.05, 0.6, up)
        tone, light = tone + 0.25 * beam, light + beam * (0.05 + 0.65 * s.mid)
    stars = sparkle(s, 0.5 * s.x, 0.5 * s.y, 9, 0.13, 0.1 + 0.6 * s.treble) * step(0.3, 0.9, up) * (1 - disc)

    spark = 0.6 * stars * (1 - water)
    drift, swell_up = s.sign() * s.t, 0.8 + 0.35 * s.bass + 0.08 * s.onset
    rows = ((0.19, 1.1, 0.045, 0.03, 0.3), (0.31, 0.95, 0.062, 0.05, 0.1), (0.5, 0.7, 0.085, 0.1, 0.0))
    for pitch, tall, pane, rate, air in rows:
        place = x + s.uniform(0, 20) + rate * drift
        cover, glass, own = _towers(s, place, up, pitch, s.uniform(0.85, 1.15) * tall * swell_up, pane)
        front = light * air * 1.1 + 0.008
        tone = mix(tone, mix(0.12 + 0.6 * tone * air, own, glass.clamp(max=1)), cover)
        light = mix(light, front + glass * (1.25 - air), cover)
        spark = spark * (1 - cover) + 0.35 * cover * glass * (glass - 0.6).clamp(min=0)
        fog = torch.exp(-7 * up) * (0.75 + 0.25 * haze)
        tone, light = tone + 0.04 * fog, light + 0.07 * fog
    quay = bump(below, 0.014)
    dim = 1 - water * (0.4 + 0.25 * below.clamp(min=0))
    return Picture(tone + 0.2 * quay, light * dim + 0.35 * quay, spark * dim)
