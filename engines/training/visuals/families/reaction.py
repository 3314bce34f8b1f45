"""Turing patterns of a reaction and its diffusion: a brain-coral labyrinth and leopard spots, lit as a relief."""

from __future__ import annotations

import torch

from ..fields import TAU, Picture, Stage, bump, length, rotate, sample, step

SIDE, PERIODS = 128, 9


def _react(s: Stage, pattern: torch.Tensor, spots: torch.Tensor) -> torch.Tensor:
    """Mere noise made stripes or spots by rounds of saturation and growth at one wavelength; its slopes with it."""
    k = torch.fft.fftfreq(SIDE, 1 / SIDE, device=s.device)
    down, across = k.view(-1, 1), k[: SIDE // 2 + 1].abs().view(1, -1)
    band = 1.5 * torch.exp(-(((torch.hypot(down, across) - PERIODS) / 1.4) ** 2))
    for _ in range(10):
        pattern = torch.tanh(2.0 * pattern + spots * (pattern * pattern - 0.5))
        waves = torch.fft.rfft2(pattern) * band
        pattern = torch.fft.irfft2(waves, s=(SIDE, SIDE))
    per_wave = 1j / PERIODS
    waves = torch.cat([waves, waves * across * per_wave, waves * down * per_wave], 1)
    return torch.fft.irfft2(waves, s=(SIDE, SIDE))


def draw(s: Stage) -> Picture:
    seed = s.noise(1, modes=PERIODS + 2, slope=-3.0, speed=0.2)
    large = s.noise(3, modes=3, slope=1.4, speed=0.3)
    spots = (s.uniform(-0.4, 0.4) + 2.4 * (s.mid - 0.4)).unsqueeze(1)
    pattern = _react(s, seed, spots)
    zoom = s.uniform(0.27, 0.36) * (1.1 - 0.2 * s.bass)
    x, y = rotate(s.x, s.y, s.uniform(0, TAU) + 0.04 * s.t)
    warp_x, warp_y, mood = sample(large, 0.3 * x, 0.3 * y).unbind(1)
    bend = 0.01 + 0.035 * s.tension
    u, v = zoom * x + 0.02 * s.t + s.uniform(), zoom * y + s.uniform()
    height, gx, gy = sample(pattern, u + bend * warp_x, v + bend * warp_y).unbind(1)

    height = height + 0.25 * s.bass + 0.25 * s.onset - 0.1
    ridge = step(-0.55, 0.75, height)
    lamp = s.uniform(0, TAU) + 0.5 * s.t
    bright_x, bright_y = 0.4 * torch.cos(lamp), 0.4 * torch.sin(0.8 * lamp)
    away = length(s.x - bright_x, s.y - bright_y)
    pool = bump(away, 0.75 + 0.6 * s.energy)
    turn = s.uniform(0, TAU) + 0.3 * s.t
    gx, gy = 1.1 * gx, 1.1 * gy
    upright = (1 + gx * gx + gy * gy).rsqrt()
    facing = (0.62 - 0.55 * (gx * torch.cos(turn) + gy * torch.sin(turn))) * upright
    gloss = facing.clamp(min=0) ** 10 * ridge
    rim = bump(height, 0.16) * (0.25 + 0.6 * s.treble)
    tone = 0.1 + 0.45 * ridge + 0.12 * torch.tanh(mood) + 0.25 * facing * ridge + 0.12 * pool
    light = (0.12 + pool) * (0.05 + ridge * (0.1 + 0.85 * facing.clamp(min=0)) + 0.3 * rim)
    return Picture(tone, light, pool * gloss * (0.35 + 0.8 * s.treble + 0.5 * s.onset))
