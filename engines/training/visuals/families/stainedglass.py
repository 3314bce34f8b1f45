"""A stained glass window: coloured panes between thick black leads, in a round or pointed window."""

from __future__ import annotations

import torch

from ..fields import TAU, Field, Picture, Stage, bump, halo, length, mix, sample, saw, step

PANES = 64


def _pane(s: Stage, table: torch.Tensor, number: Field) -> Field:
    """Each pane's own value."""
    return table.gather(1, number.remainder(PANES).long().clamp(0, PANES - 1).flatten(1)).view(s.x.shape)


def _rose(r: Field, angle: Field, n: torch.Tensor, core: torch.Tensor) -> tuple[Field, Field, Field]:
    """Distance to the leads, pane number and place in the symmetric pattern, of petals around a core; rim at 1."""
    turned = angle * n / TAU
    q = r + 0.07 * torch.cos(turned * TAU) * bump(r - 0.62, 0.2)
    lead = torch.full_like(r, 9.0)
    ring = torch.zeros_like(r)
    for edge in (core, 0.7 + 0.0 * core, 1.0 + 0.0 * core):
        lead = torch.minimum(lead, (q - edge).abs())
        ring = ring + (q > edge).float()
    # each ring is cut half a pane on from the one inside it, the outer one twice as often
    panes = n * torch.where(ring == 2, 2.0, 1.0)
    cut = angle * panes / TAU + 0.5 * (ring == 1).float()
    seam = saw(cut) * r * TAU / panes
    lead = torch.minimum(lead, torch.where(ring == 0, 9.0, seam))
    place = torch.where(ring == 0, 0.0, cut.floor().remainder(panes))
    return lead, 3 + place + 17 * ring, ring + 4 * place.remainder(2)


def draw(s: Stage) -> Picture:
    arched = s.whole(0, 2) > 0
    sway = 0.03 * torch.sin(0.9 * s.t + s.uniform(0, TAU))
    x = (s.x - s.uniform(-0.1, 0.1)) + sway
    y = s.y * (1 - 0.03 * s.onset)
    width, border = s.uniform(0.66, 0.76), s.uniform(0.09, 0.12)

    n, core = s.whole(3, 4) * 2 + torch.where(arched, 0.0, 2.0), s.uniform(0.2, 0.3) + 0.06 * s.bass
    middle = torch.where(arched, s.uniform(-0.2, -0.1), torch.zeros_like(core))
    # in an arch the rose touches the border on both sides
    touching = 1.7 * width - border - length(0.7 * width, 0.25 - middle)
    radius = torch.where(arched, touching, torch.full_like(core, 0.86))
    u, v = x / radius, (y - middle) / radius
    r, angle = length(u, v), torch.atan2(v, u) + s.uniform(0, TAU) + 0.1 * s.sign() * s.t
    rose_lead, rose_pane, rose_kind = _rose(r, angle, n, core)
    rose_lead = rose_lead * radius

    # the rest of an arched window: lozenges inside a border of long panes
    above = (0.25 - y).clamp(min=0)
    inside = torch.minimum(1.7 * width - length(x.abs() + 0.7 * width, above), 0.92 - y)
    pitch = s.uniform(2.0, 2.7)
    p, q = pitch * (x + 0.62 * y), pitch * (x - 0.62 * y)
    lozenge = torch.minimum(saw(p), saw(q)) * 0.8 / pitch
    lozenge_pane = p.floor() * 5 + q.floor() * 11 + 640
    edged = inside < border
    long = torch.minimum((inside - border).abs(), torch.where(edged, saw(2.6 * y) / 2.6, 9.0))
    arch_lead = torch.where(edged, long, torch.minimum(lozenge, long))
    arch_pane = torch.where(edged, (2.6 * y).floor() + 700 + 9 * (x > 0).float(), lozenge_pane)

    in_rose = r < 1
    lead = torch.where(in_rose | ~arched, rose_lead, torch.minimum(arch_lead, rose_lead))
    pane = torch.where(in_rose | ~arched, rose_pane, arch_pane)
    inside = torch.where(arched, inside, (1 - r) * radius)
    own, lit = _pane(s, s.uniform(0, 1, PANES), pane), _pane(s, s.uniform(0, 1, PANES), pane * 3)
    pattern = _pane(s, s.uniform(0, 1, PANES), rose_kind)
    own = torch.where(in_rose | ~arched, 0.75 * pattern + 0.25 * own, own)
    sun_x, sun_y = 0.5 * torch.sin(0.7 * s.t + s.uniform(0, TAU)), 0.5 * torch.cos(0.9 * s.t + s.uniform(0, TAU))
    sun = halo(length(x - sun_x, y - sun_y), 0.5 + 0.2 * s.energy)
    glimmer = 0.5 + 0.5 * torch.sin(TAU * lit + 2.2 * s.t)
    own = 0.4 * own + 0.6 * step(0.1, 0.9, own)  # clear contrasts from pane to pane
    streak = sample(s.noise(1, modes=14, slope=0.9, speed=0.2), 0.7 * x + 0.3 * own, 0.25 * y + own)[:, 0]
    shine = (
        step(1.25 - 1.5 * s.energy, 1.45 - 1.3 * s.energy, lit) * 0.4
        + 0.22
        + 0.42 * glimmer * (1 + 0.8 * s.tension * torch.sin(9 * lit + 5 * s.t))
    )
    shine = shine * (0.45 + 0.95 * sun) * (1 + 0.16 * (0.4 + s.mid) * streak) + 0.25 * s.onset * own
    thick = 0.014 + 0.008 * s.mid
    glass = step(thick, thick + 0.022, lead) * step(0.02, 0.045, inside)
    shine = shine * (0.7 + 0.3 * step(thick, 0.12, lead)) + 0.25 * s.treble * step(0.5, 1.7, streak)
    frame = bump(inside + 0.035, 0.02) * (0.12 + 0.3 * sun)
    outside = step(0.0, -0.03, inside)
    tone = mix(0.26 + 0.68 * own + 0.08 * streak, 0.3, outside)
    stone = 0.14 * torch.exp(-3 * (-inside).clamp(min=0)) * (0.4 + sun + 0.5 * s.energy)
    light = glass * shine * 1.25 + outside * stone + frame
    return Picture(tone, light, glass * bump(length(x - sun_x, y - sun_y), 0.3) * (0.08 + 0.3 * s.onset))
