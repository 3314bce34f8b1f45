"""Fireworks: big radial bursts of drooping streaks with bright tips, opening and fading over a night skyline."""

from __future__ import annotations

import torch

from ..fields import TAU, Field, Picture, Stage, bump, halo, length, mix, sparkle, step

BURSTS = 3
RAYS = 38
HOUSES = 16


def _dot(distance: Field, width: float | torch.Tensor) -> Field:
    """A soft bell of finite reach, cheaper than bump."""
    return (1 - (distance / width).square()).clamp(min=0).square()


def draw(s: Stage) -> Picture:
    tone = 0.14 + 0.05 * (s.y + 1)
    light = 0.025 + 0.05 * step(-0.4, 1.0, s.y)
    spark, sky = torch.zeros_like(s.x), torch.zeros_like(s.x)
    first, pace = s.uniform(), s.uniform(2.6, 3.4)
    for k in range(BURSTS):
        cycle = s.t / pace + first + k / BURSTS
        p = cycle - cycle.floor()
        # every shell of a launcher bursts elsewhere: six places taken in turn
        turn = cycle.floor().remainder(6).long().view(-1, 1)
        place = s.uniform(-1, 1, 4, 6).gather(2, turn.unsqueeze(1).expand(-1, 4, 1)).unsqueeze(-1)
        cx, cy = (k - 1) * 0.5 + 0.24 * place[:, 0], -0.3 + 0.26 * place[:, 1]
        big = (0.6 + 0.12 * place[:, 2]) * (0.94 + 0.1 * s.bass + 0.14 * s.onset)
        hue = 0.5 + 0.36 * place[:, 3]
        # the last shell is only bright when there is energy
        shown = 1.0 if k < 2 else 0.2 + 0.8 * step(0.1, 0.5, s.energy)
        age = ((p - 0.12) / 0.88).clamp(min=0)
        opened = 1 - torch.exp(-5 * age)
        fade = step(0.0, 0.04, age) * step(1.0, 0.5, age) * shown

        dx, dy = s.x - cx, s.y - cy
        # undo the fall: the further out, the longer a spark has been falling, so the streaks droop
        drop = 0.5 * age * age + 0.06 * age
        far = (length(dx, dy - drop) / big).clamp(max=1.2)
        fallen = dy - drop * (0.25 + 0.75 * far * far)
        out = length(dx, fallen) / big
        around = torch.atan2(fallen, dx) * (RAYS / TAU)
        ray = around.round()
        index = ray.remainder(RAYS).long().flatten(1)
        # of a ball of streaks seen flat: every other one points at us and looks short
        reaches = s.uniform(0.82, 1.0, RAYS)
        reaches[:, ::2] *= 0.62
        reach = reaches.gather(1, index).view(out.shape) * opened.clamp(min=1e-3)
        off = (around - ray).abs() * (TAU / RAYS) * out * big
        q = out / reach
        thick = 0.02 + 0.008 * s.energy
        ash = q.clamp(0, 1)
        streak = _dot(off, thick * (0.4 + 0.75 * ash)) * step(1.04, 0.97, q) * (0.2 + 0.8 * ash) * step(age, 1, 0.4 + ash)
        tip = _dot(length(off, 0.7 * (q - 0.96) * reach * big), 0.032)
        glitter = 1 - (0.3 + 0.6 * s.treble) * (0.5 + 0.5 * torch.sin(13 * s.t + 40 * reach / opened.clamp(min=1e-3)))
        glow = fade * (streak * (0.9 + 0.4 * s.mid) + 1.3 * tip * glitter)
        tone = mix(tone, hue + 0.32 * ash - 0.3 * age, glow.clamp(max=1))
        light = light + glow
        spark = spark + 0.6 * fade * tip * glitter * (0.5 + s.treble)
        distance = length(dx, dy)
        flash = torch.exp(-((age / 0.12) ** 2)) * step(0.0, 0.03, age) * shown * bump(distance, 0.13)
        light, spark = light + 0.6 * flash, spark + 0.7 * flash
        sky = sky + halo(distance, 0.7 * big) * fade * (0.5 + 0.9 * s.onset)
        # the rocket on its way up, before it bursts
        head = mix(torch.ones_like(p), cy, (p / 0.14).clamp(max=1))
        shaft = _dot(dx, 0.022) * step(0.35, 0.0, s.y - head) * step(-0.01, 0.02, s.y - head)
        light = light + 0.7 * shaft * step(0.0, 0.02, p) * step(0.17, 0.12, p) * shown
    block = ((s.x + 2) * s.uniform(3.5, 5.0)).floor().remainder(HOUSES).long().flatten(1)
    roof = 0.92 - 0.24 * s.uniform(0, 1, HOUSES).gather(1, block).view(s.x.shape)
    town = step(-0.006, 0.006, s.y - roof)
    windows = sparkle(s, 0.9 * s.x, 0.9 * s.y, 24, 0.2, 0.1 + 0.3 * s.treble)
    tone = mix(tone + 0.1 * sky, 0.05 + 0.7 * windows.clamp(max=1), town)
    light = mix(light + 0.12 * sky, 0.008 + 0.5 * windows, town)
    return Picture(tone, light, spark * (1 - town))
