"""Streamlines of a flow field: hundreds of fine curved traces with bright comets running along them."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from ..fields import TAU, Picture, Stage, sample, step
from ..splat import soften, splat, view

LINES, STEPS, BETWEEN = 340, 42, 3


def draw(s: Stage) -> Picture:
    stream = s.noise(1, modes=4, slope=2.2, speed=0.25)
    speed_x = (stream.roll(-1, 2) - stream.roll(1, 2)) * 6
    speed_y = (stream.roll(1, 3) - stream.roll(-1, 3)) * 6
    speeds = torch.cat([speed_x, speed_y], 1)
    start_x, start_y, phase, own, hue = s.uniform(0, 1, 5, LINES).unbind(1)
    t, tension, energy = (v.view(-1, 1) for v in (s.t, s.tension, s.energy))
    x, y = (2.6 * start_x - 1.3) * (s.size[1] / s.size[0]), 2.6 * start_y - 1.3
    heading = s.uniform(0, TAU, 1) + 0.1 * torch.sin(0.4 * t)
    drift_x, drift_y = 0.7 * torch.cos(heading), 0.7 * torch.sin(heading)
    eye_x, eye_y = s.uniform(-0.5, 0.5, 2).unsqueeze(2).unbind(1)
    whirl = s.sign().view(-1, 1) * s.uniform(0.3, 1.6, 1)
    scale = 0.33 - 0.12 * s.bass.view(-1, 1)
    path_x, path_y = [x], [y]
    for n in range(STEPS):
        push_x, push_y = sample(speeds, (scale * x).unsqueeze(1), (scale * y).unsqueeze(1))[:, :, 0].unbind(1)
        rx, ry = x - eye_x, y - eye_y
        ring = whirl / (0.15 + rx * rx + ry * ry).sqrt()
        jag = 0.6 * tension.square() * torch.sin(0.45 * n + TAU * own + 2 * t)
        vx, vy = push_x + drift_x - ring * ry, push_y + drift_y + ring * rx
        vx, vy = vx - jag * vy, vy + jag * vx
        pace = 0.026 / (vx * vx + vy * vy + 0.05).sqrt()
        x, y = x + vx * pace, y + vy * pace
        path_x.append(x)
        path_y.append(y)
    xs, ys = (
        F.interpolate(torch.stack(p, 2), size=STEPS * BETWEEN, mode="linear", align_corners=True) for p in (path_x, path_y)
    )
    age = (0.22 * t + phase).frac().unsqueeze(2)
    along = torch.linspace(0, 1, STEPS * BETWEEN, device=s.device).view(1, 1, -1)
    behind = 1.35 * age - 0.1 - along
    trail = torch.exp(-behind.clamp(min=0) / (0.14 + 0.16 * s.energy)) * torch.sigmoid(behind * 90)
    head = torch.exp(-((behind - 0.03) / 0.03).square())
    life = torch.sin(torch.pi * age) * torch.sin(torch.pi * along).clamp(min=0).sqrt()
    shown = ((0.6 * energy + 0.6 - own) * 6).clamp(0, 1)
    run = torch.cat([xs[:, :, 1:] - xs[:, :, :-1], xs[:, :, -1:] - xs[:, :, -2:-1]], 2)
    rise = torch.cat([ys[:, :, 1:] - ys[:, :, :-1], ys[:, :, -1:] - ys[:, :, -2:-1]], 2)
    moving = step(0.0, 0.006, (run * run + rise * rise).sqrt())  # where the flow stands, points would pile up
    vigour = ((0.35 + 0.65 * own) * shown).unsqueeze(2)
    faint = 0.06 + 0.15 * s.mid
    light = life * moving * vigour * (faint + (0.8 + 0.5 * s.onset) * trail + (1.2 + 2 * s.onset) * head)
    tone = 0.2 + 0.4 * hue.unsqueeze(2) + 0.3 * trail + 0.1 * head
    points = torch.stack([light, light * tone], 2).transpose(1, 2).flatten(2)
    near = soften(splat(s, xs.flatten(1), ys.flatten(1), points), 3)
    wide = soften(soften(F.avg_pool2d(near, 4), 3), 3)
    (lit, toned), (haze, _) = view(s, near).unbind(1), view(s, wide).unbind(1)
    tone = toned / (lit + 0.02) + 0.1
    return Picture(tone, 2.0 * lit + 0.5 * haze, (0.3 + 0.9 * s.treble) * (lit - 0.7).clamp(min=0))
