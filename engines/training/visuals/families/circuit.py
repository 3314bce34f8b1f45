"""A printed circuit board: a chip with straight and 45-degree traces to round pads, light running along."""

from __future__ import annotations

import torch

from ..fields import TAU, Field, Picture, Stage, bump, halo, length, mix, rotate, saw, step

TRACES = 4
LINES = 64


def _bus(s: Stage, x: Field, y: Field) -> tuple[Field, Field]:
    """Parallel traces that bend together, each of its own length, with a ring at both ends; and their glints."""
    path = torch.zeros_like(x)
    for _ in range(3):
        path = path + s.sign() * (x - s.uniform(-1.2, 0.8)).clamp(min=0).minimum(s.uniform(0.15, 0.4))
    lane = (y - path) / 0.14
    index = lane.round().remainder(LINES).long().flatten(1)
    begin = s.uniform(-1.6, 1.4, LINES).gather(1, index).view(x.shape)
    half = 0.2 + 0.5 * (7 * begin).frac().abs()
    off = saw(lane) * 0.14
    past = (x - begin - half).abs() - half
    ring = (length(past, off) - 0.032).abs()
    wire = torch.where(past < -0.02, off - 0.004, torch.full_like(off, 9.0))
    return step(0.014, 0.004, torch.minimum(wire, ring)), bump(saw(0.6 * x - 0.4 * s.t + 3 * begin), 0.12)


def draw(s: Stage) -> Picture:
    zoom = s.uniform(0.85, 1.1) * (1 - 0.04 * s.onset)
    turn = s.whole(0, 3) * (TAU / 8) + 0.04 * torch.sin(0.6 * s.t)
    x = s.x - s.uniform(-0.4, 0.4) + 0.04 * torch.sin(0.7 * s.t)
    x, y = rotate(x * zoom, (s.y - s.uniform(-0.4, 0.4)) * zoom, turn)

    # in each quarter of the plane the traces leave the chip outwards (u) and fan out sideways (v)
    upright = y.abs() > x.abs()
    u, side = torch.where(upright, y, x), torch.where(upright, x, y)
    octant = upright.long() * 4 + (u > 0).long() * 2 + (side > 0).long()
    u, v = u.abs(), side.abs()
    chip = s.uniform(0.24, 0.32)
    pitch, spread = chip / TRACES, s.uniform(1.5, 2.3)
    rise = u - 1.25 * chip - 0.02
    d, axis, number = torch.full_like(u, 9.0), torch.zeros_like(u), torch.zeros_like(u)
    for k in range(TRACES):
        start = (k + 0.5) * pitch
        shift = start * spread + 0.12 * k * spread * pitch
        # the outer traces bend first, so that none crosses another
        away = (v - start - (rise - (TRACES - 1 - k) * pitch * 1.1).clamp(min=0).minimum(shift)).abs()
        nearer = away < d
        d, axis = torch.where(nearer, away, d), torch.where(nearer, start + shift, axis)
        number = torch.where(nearer, float(k), number)
    index = (octant * TRACES + number.long()).flatten(1)
    phase = s.uniform(0, 1, 8 * TRACES).gather(1, index).view(u.shape)
    reach, lit = (7 * phase).frac(), (13 * phase).frac()
    end = chip + 0.3 + 0.16 * (TRACES - 1 - number) + 0.6 * reach
    thick = 0.014 + 0.005 * s.energy
    d_end = length(u - end, v - axis)
    wire = step(thick + 0.01, thick - 0.002, d) * (u < end)
    pad = step(0.066, 0.054, d_end)
    hole = step(0.034, 0.022, d_end)
    run = (u - 0.6 * s.t) / 0.9 + phase
    run = run - run.floor()
    tail = run**4 * step(1.0, 0.95, run) * 1.15 + bump(saw(2.5 * u - 1.6 * s.t + phase), 0.1) * s.treble
    jitter = 1 - s.tension * step(0.2, 0.8, torch.sin(7 * s.t + 40 * phase))
    tail = tail * (step(0.7 - 0.95 * s.energy, 0.9 - 0.85 * s.energy, lit) * jitter + 0.5 * s.onset)
    copper = torch.maximum(wire, pad)
    pulse = torch.maximum(wire, 0.7 * pad) * tail
    skirt = halo(d, 0.045) * tail * step(0.06, -0.02, u - end)

    # further buses, dim, where the chip's own traces leave room
    bus, glint = _bus(s, x, y)
    square = torch.maximum(u, v)
    nearest = torch.minimum(torch.where(u < end, d, torch.full_like(d, 9.0)), d_end - 0.06)
    free = step(0.03, 0.07, nearest) * step(0.1, 0.2, square - chip)
    body = step(0.006, -0.006, square - chip)
    core = step(0.006, -0.006, square - 0.55 * chip)
    rim = bump(square - chip + 0.02, 0.012) + 0.8 * bump(square - 0.55 * chip, 0.012)
    beat = 0.35 + 0.35 * s.energy + 0.2 * s.bass + 0.25 * torch.sin(2.2 * s.t)
    shine = halo(length(u, v), 0.5)
    tone = mix(0.14 + 0.3 * bus, 0.36 + 0.22 * phase + 0.36 * pulse, torch.maximum(copper, 0.6 * skirt))
    tone = mix(tone + 0.15 * pad, 0.5 + 0.45 * core * shine, body)
    light = 0.03 + 0.12 * shine * (0.3 + s.energy) + bus * free * (0.2 + 0.2 * s.mid + 0.6 * glint)
    light = (light + copper * (0.24 + 0.12 * s.mid) + 1.1 * pulse + 0.35 * skirt) * (1 - 0.85 * hole)
    light = mix(light, 0.02 + rim * (0.35 + 0.5 * beat) + core * (0.1 + 0.8 * beat * shine**2 + 0.3 * s.onset), body)
    return Picture(tone, light, 0.5 * step(0.6, 1.0, pulse) * (1 - body) + 0.3 * core * s.onset)
