"""A large butterfly: four patterned wings that glow and flap, a dark body with feelers."""

from __future__ import annotations

import torch

from ..fields import TAU, Field, Picture, Stage, bump, halo, length, mix, rotate, saw, sparkle, step


def _wing(s: Stage, r: Field, bearing: Field, reach: torch.Tensor, lower: bool) -> tuple[Field, Field]:
    """Place across a fan-shaped wing (0 at the root, 1 at the edge) and along its edge (-1..1)."""
    across = (bearing / (0.95 if lower else 0.8)).clamp(-1, 1)
    edge = reach * (1 - across * across).clamp(min=1e-3).sqrt()
    scallop = 0.03 + 0.05 * s.tension
    if lower:
        edge = edge * (1 + scallop * torch.cos(9 * across + 0.5) - 0.15 * across)
    else:
        # the fore wing is drawn out to a tip
        edge = edge * (0.96 + 0.2 * across + 0.6 * scallop * torch.cos(7 * across))
    return r / edge, across


def draw(s: Stage) -> Picture:
    turn = s.uniform(-0.45, 0.45) + 0.08 * torch.sin(0.9 * s.t + s.uniform(0, TAU))
    size = s.uniform(0.86, 1.0) * (0.94 + 0.05 * s.bass + 0.05 * s.onset)
    cx = s.uniform(-0.12, 0.12) + 0.05 * torch.sin(0.8 * s.t)
    cy = s.uniform(-0.05, 0.1) + 0.05 * torch.cos(1.1 * s.t)
    x, y = rotate((s.x - cx) / size, (s.y - cy) / size, turn)
    beat = torch.sin(3.6 * s.t + s.uniform(0, TAU))
    flap = 0.82 + 0.18 * beat + 0.05 * s.tension * torch.sin(11 * s.t)
    side = (x.abs() - 0.02) / flap
    tone = 0.15 + 0.12 * halo(length(x, y), 0.7)
    light = 0.02 + 0.1 * halo(length(x, y), 0.45) * (0.5 + 0.5 * s.energy)
    spark = torch.zeros_like(x)
    cover = torch.zeros_like(x)
    veins, spots = s.whole(4, 6), s.whole(3, 5)
    border, hue, bands = s.uniform(0.72, 0.82), s.uniform(-0.15, 0.15), s.uniform(7, 13)
    r, around = length(side, y - 0.03), torch.atan2(0.03 - y, side)
    for lower in (True, False):
        lift = s.uniform(-0.88, -0.72) if lower else s.uniform(0.52, 0.64)
        reach = s.uniform(0.62, 0.74) if lower else s.uniform(0.88, 1.0)
        q, across = _wing(s, r, around - lift - 0.05 * beat, reach, lower)
        inside = step(1.015, 0.985, q)
        vein = bump(saw(across * veins * 0.5 + 0.25), 0.055 + 0.02 / (q + 0.2)) * step(0.15, 0.4, q)
        field = step(border + 0.05, border - 0.05, q + 0.05 * torch.cos(2 * TAU * across)) * (1 - 0.85 * vein)
        ripple = 0.5 + 0.5 * torch.sin(bands * q - 1.6 * s.t + 2 * hue * across)
        # light travels out from the body through the panels of the wing
        panel = 0.3 + 0.3 * s.energy + (0.25 + 0.5 * s.mid) * ripple * (0.4 + 0.6 * s.energy)
        dot_x, dot_y = saw(across * spots * 0.5 * 1.2) / (0.6 * spots) * q, q - 0.5 - 0.5 * border
        dots = step(0.055, 0.035, length(dot_x, dot_y)) * step(0.9, 0.75, across.abs())
        eye = length((across + 0.05) * r / reach * 0.85, r / reach - 0.52)
        pupil, iris = step(0.07, 0.05, eye), step(0.16, 0.13, eye)
        gleam = 0.25 + 0.45 * s.energy + 0.5 * s.treble + 0.4 * s.onset
        wing_tone = 0.34 + 0.1 * lower + hue + 0.42 * q * field + 0.1 * ripple
        wing_tone = mix(wing_tone, 0.9, torch.maximum(dots, iris * (1 - pupil)))
        wing_light = 0.03 + field * panel * (0.55 + 0.6 * q)
        wing_light = mix(wing_light, 0.12 + 0.8 * gleam, dots)
        wing_light = mix(wing_light, (0.25 + 0.7 * gleam) * (1 - 0.95 * pupil), iris)
        rim = bump(q - 0.985, 0.018) * (0.22 + 0.3 * s.energy + 0.6 * s.onset)
        wing_light = (wing_light + rim) * (0.72 + 0.28 * flap)
        aura = halo((q - 1).clamp(min=0), 0.1) * (0.06 + 0.1 * s.energy + 0.4 * s.onset)
        light = mix(light + aura * (1 - cover), wing_light, inside)
        tone = mix(tone + 0.3 * aura, wing_tone, inside)
        spark = spark * (1 - inside) + inside * 0.4 * dots * gleam
        cover = torch.maximum(cover, inside)
    thorax = length(x / 0.055, (y - 0.02) / 0.2)
    tail = length(x / 0.038, (y - 0.26) / 0.27)
    head = length(x / 0.05, (y + 0.2) / 0.05)
    body = torch.minimum(torch.minimum(thorax, tail), head)
    solid = step(1.1, 0.9, body)
    feeler_y = -0.22 - y
    feeler = (x.abs() - 0.03 - 0.55 * feeler_y.clamp(min=0) ** 1.4 - 0.04 * torch.sin(2.4 * s.t) * feeler_y).abs()
    feeler = bump(feeler, 0.014) * step(0.0, 0.04, feeler_y) * step(0.42, 0.4, feeler_y)
    club = bump(length(x.abs() - 0.03 - 0.55 * 0.4**1.4 - 0.016 * torch.sin(2.4 * s.t), y + 0.62), 0.03)
    fibre = torch.maximum(feeler, club)
    stripe = 0.5 + 0.5 * torch.sin(60 * y)
    light = mix(light, 0.5 + 0.3 * s.energy, fibre)
    light = mix(light, 0.03 + 0.3 * bump(x, 0.02) * (0.5 + 0.5 * stripe), solid)
    dust = sparkle(s, 0.5 * s.x + 0.03 * s.t, 0.5 * s.y - 0.05 * s.t, 8, 0.13, 0.15 + 0.6 * s.treble)
    return Picture(mix(tone, 0.75, fibre), light, spark + 0.7 * dust * (1 - cover) * (1 - solid))
