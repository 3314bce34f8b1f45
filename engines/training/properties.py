"""One measurable property of a picture for each sound factor, in the order of visuals.FACTORS.

    energy      luminance: the mean light
    bass        swelling: the mean logarithm of wavelength, by amplitude, from 4 to 100 periods a side
    mid         local contrast: standard deviation of lightness within a neighbourhood over its mean
    treble      fine detail: share of the spectrum's energy above 1/8 of the sampling rate at 256 pixels
    onset       peak light: the 99th percentile of luminance
    brightness  lightness: the mean of perceptual lightness, which dark ground weighs as much as lights
    tension     distortion: how fast the curvature of contours changes along them, by their steepness

Each rises with its factor while the rest of the sound is held, in most scenes of bass and tension and in nearly all
of the others; several share a cause (a flash lifts the mean as well), so compare like with like: one scene, one
moment, one factor changed.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

SIDE = 256  # pictures are measured at this size
_LUMA = (0.2126, 0.7152, 0.0722)


def _blur(field: torch.Tensor, side: int) -> torch.Tensor:
    """Three box means of an odd side, near a bell; the border counts what lies inside only."""
    for _ in range(3):
        field = F.avg_pool2d(field, (side, 1), 1, (side // 2, 0), count_include_pad=False)
        field = F.avg_pool2d(field, (1, side), 1, (0, side // 2), count_include_pad=False)
    return field


def _wriggle(lightness: torch.Tensor) -> torch.Tensor:
    """Mean change of the contours' curvature along them (0 for lines and circles), by steepness: (B,)."""
    smooth = _blur(lightness, 7)[:, 0]
    gx, gy = _across(smooth), _down(smooth)
    steep = (gx * gx + gy * gy + 1e-8).sqrt()
    nx, ny = gx / steep, gy / steep
    curvature = _across(nx) + _down(ny)
    nx, ny, steep = nx[:, 2:-2, 2:-2], ny[:, 2:-2, 2:-2], steep[:, 2:-2, 2:-2]
    change = (_down(curvature) * nx - _across(curvature) * ny).abs().clamp(max=0.003)  # corners count once
    return (change * steep).sum((1, 2)) / steep.sum((1, 2))


def _across(field: torch.Tensor) -> torch.Tensor:
    """Central difference by columns, inner pixels."""
    return (field[:, 1:-1, 2:] - field[:, 1:-1, :-2]) / 2


def _down(field: torch.Tensor) -> torch.Tensor:
    """Central difference by rows, inner pixels."""
    return (field[:, 2:, 1:-1] - field[:, :-2, 1:-1]) / 2


@torch.no_grad()
def measure(pictures: torch.Tensor) -> torch.Tensor:
    """Properties (B, 7) of pictures (B, 3, H, W) in [0, 1], whatever their size."""
    pictures = pictures.float()
    if pictures.shape[2:] != (SIDE, SIDE):
        pictures = F.interpolate(pictures, size=(SIDE, SIDE), mode="bilinear", align_corners=False, antialias=True)
    luma = torch.tensor(_LUMA, device=pictures.device).view(1, 3, 1, 1)
    lightness = (pictures * luma).sum(1, keepdim=True)  # gamma encoded: near to perceptual
    luminance = (pictures.square() * luma).sum((1, 2, 3)) / (SIDE * SIDE)
    peak = torch.quantile((pictures.square() * luma).sum(1).flatten(1), 0.99, dim=1)

    mean = _blur(lightness, 9)
    deviation = (_blur(lightness.square(), 9) - mean.square()).clamp(min=0).sqrt()
    contrast = (deviation / (mean + 0.02)).mean((1, 2, 3))

    window = torch.hann_window(SIDE, periodic=False, device=pictures.device)
    centred = lightness[:, 0] - lightness.mean((1, 2, 3))[:, None, None]
    power = torch.fft.rfft2(centred * window[:, None] * window).abs().square()
    down = torch.fft.fftfreq(SIDE, 1 / SIDE, device=pictures.device).view(-1, 1)
    across = torch.arange(SIDE // 2 + 1, device=pictures.device).view(1, -1)
    periods = torch.hypot(down, across.float())
    twice = torch.full_like(periods, 2.0)  # each column but the first and the last stands for two
    twice[:, 0] = twice[:, -1] = 1
    total = (power * twice).sum((1, 2)) + 1e-9
    detail = (power * twice * (periods > SIDE / 8)).sum((1, 2)) / total
    amplitude = power.sqrt() * twice * ((periods >= 4) & (periods <= 100))
    swelling = -(amplitude * periods.clamp(min=1).log()).sum((1, 2)) / (amplitude.sum((1, 2)) + 1e-9)
    swelling = swelling + math.log(SIDE)

    return torch.stack([luminance, swelling, contrast, detail, peak, lightness.mean((1, 2, 3)), _wriggle(lightness)], 1)
