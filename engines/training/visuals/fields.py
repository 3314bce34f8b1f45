"""What the families draw with: coordinates, seeded numbers, noise that moves, soft shapes, developing.

Pictures are built as fields (B, H, W). y runs from -1 (top) to 1 (bottom), x from -W/H to W/H. Random numbers
come from the CPU and depend on the seed and the batch alone, so a scene keeps its form at any size and time.
Time and factors only enter through continuous functions, and no factor multiplies time, so that neighbouring
moments are neighbouring pictures.

Besides what a family does with them, every factor drives one property of the picture in every family, the same
way (engines/training/properties.py measures them):

    energy      luminance       exposure
    bass        swelling        the camera nears: coordinates scaled from 1.12 (bass 0) to 0.84 (bass 1)
    mid         local contrast  light parted from shade, in the large and in the small
    treble      fine detail     a soft blur (treble 0) to an unsharp boost (treble 1)
    onset       flash           peaks flare and bloom
    brightness  lightness       tones lean to the palette's bright end, over a lifted ground
    tension     distortion      coordinates bent by a moving field of noise; colours lean to the accent
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F

from .palettes import lifts, lookup_tables

Field = torch.Tensor
TAU = 2 * math.pi
BEND = 0.028  # rms displacement at full tension, in half picture heights


class Picture(NamedTuple):
    """What a family draws: place in the palette (0..1), light (0 black, 1 full), and brilliant extra."""

    tone: Field
    light: Field
    spark: Field | None = None


class Stage:
    """Coordinates (B, H, W), time (s) and the factors (B, 1, 1), and the scene's random numbers."""

    def __init__(self, seed: int, time: torch.Tensor, factors: torch.Tensor, size: tuple[int, int]) -> None:
        self.device = factors.device
        self.batch = factors.shape[0]
        self.size = size
        self.t = time.to(factors).view(-1, 1, 1)
        columns = factors.clamp(0, 1).unbind(1)
        (self.energy, self.bass, self.mid, self.treble, self.onset, self.brightness, self.tension) = (
            c.view(-1, 1, 1) for c in columns
        )
        height, width = size
        rows = (torch.arange(height, device=self.device) + 0.5) * (2 / height) - 1
        across = ((torch.arange(width, device=self.device) + 0.5) * (2 / width) - 1) * (width / height)
        self._generator = torch.Generator().manual_seed(seed)
        self.frame_y = rows.view(1, -1, 1).expand(self.batch, height, width)
        self.frame_x = across.view(1, 1, -1).expand(self.batch, height, width)
        self.x, self.y = self._camera()

    def _camera(self) -> tuple[Field, Field]:
        """The frame's coordinates as bass nears them and tension bends them."""
        zoom = 1.12 - 0.28 * self.bass
        height, width = self.size
        rows = 64  # the field is smooth: read it coarsely
        y = ((torch.arange(rows, device=self.device) + 0.5) * (2 / rows) - 1).view(1, -1, 1)
        x = F.interpolate(self.frame_x[:1, :1], max(1, round(rows * width / height)), mode="area").view(1, 1, -1)
        bend = sample(self.noise(2, modes=12, slope=0.5, speed=0.8), (0.25 * x).expand(self.batch, -1, -1), 0.25 * y)
        bend = F.interpolate(bend, size=self.size, mode="bilinear", align_corners=False)
        bend = BEND * self.tension.unsqueeze(1) * bend
        return zoom * self.frame_x + bend[:, 0], zoom * self.frame_y + bend[:, 1]

    def uniform(self, low: float = 0.0, high: float = 1.0, *shape: int) -> torch.Tensor:
        """Seeded numbers in [low, high): (B, 1, 1), or (B, *shape)."""
        numbers = torch.rand((self.batch, *(shape or (1, 1))), generator=self._generator)
        return (low + (high - low) * numbers).to(self.device)

    def whole(self, low: int, high: int) -> torch.Tensor:
        """Seeded whole numbers low..high, (B, 1, 1), as floats."""
        return self.uniform(low, high + 1).floor().clamp(max=high)

    def sign(self) -> torch.Tensor:
        """Seeded -1 or 1, (B, 1, 1)."""
        return self.whole(0, 1) * 2 - 1

    def noise(self, channels: int = 1, modes: int = 16, slope: float = 2.0, speed: float = 0.5) -> torch.Tensor:
        """Periodic noise maps (B, channels, 128, 128), mean 0, variance 1, boiling at about `speed` rad/s.

        A sum of plane waves of up to `modes` periods a side, amplitude |k|**-slope, each turning at its own
        rate (spectral synthesis): the statistics stay the same at all times.
        """
        side = 128
        ky = torch.arange(-modes, modes + 1, device=self.device).view(-1, 1)
        kx = torch.arange(0, modes + 1, device=self.device).view(1, -1)
        k = torch.hypot(ky.float(), kx.float())
        amplitude = torch.where((k > 0) & (k <= modes), k.clamp(min=1) ** -slope, torch.zeros_like(k))
        variance = 2 * amplitude[:, 1:].square().sum() + 0.5 * amplitude[:, 0].square().sum()
        phase = self.uniform(0, TAU, channels, 2 * modes + 1, modes + 1)
        angle = phase + speed * k.sqrt() * torch.sin(5 * phase) * self.t.unsqueeze(1)
        waves = torch.polar((amplitude / variance.sqrt()).expand_as(angle).contiguous(), angle)
        spectrum = torch.zeros((self.batch, channels, side, side // 2 + 1), dtype=waves.dtype, device=self.device)
        spectrum[:, :, : modes + 1, : modes + 1] = waves[:, :, modes:]
        spectrum[:, :, -modes:, : modes + 1] = waves[:, :, :modes]
        maps: torch.Tensor = torch.fft.irfft2(spectrum, s=(side, side), norm="forward")
        return maps


def sample(maps: torch.Tensor, u: Field, v: Field) -> torch.Tensor:
    """Read periodic maps (B, C, P, P) at u across and v down, in periods: (B, C, H, W)."""
    wrapped = F.pad(maps, (0, 1, 0, 1), mode="circular")
    shape = [max(pair) for pair in zip(u.shape, v.shape, strict=True)]
    u, v = u.expand(shape), v.expand(shape)
    grid = torch.stack([u - u.floor(), v - v.floor()], -1) * 2 - 1
    return F.grid_sample(wrapped, grid, mode="bilinear", padding_mode="border", align_corners=True)


def rotate(x: Field, y: Field, angle: torch.Tensor) -> tuple[Field, Field]:
    """The plane turned by `angle` radians."""
    c, s = torch.cos(angle), torch.sin(angle)
    return x * c - y * s, x * s + y * c


def length(x: Field, y: Field) -> Field:
    """Distance from the origin, never quite zero."""
    return (x * x + y * y + 1e-6).sqrt()


def step(low: float | torch.Tensor, high: float | torch.Tensor, value: Field) -> Field:
    """Smoothstep: 0 below low, 1 above high."""
    q = ((value - low) / (high - low)).clamp(0, 1)
    return q * q * (3 - 2 * q)


def bump(distance: Field, width: float | torch.Tensor) -> Field:
    """A soft bell, 1 at distance 0."""
    return torch.exp(-((distance / width) ** 2).clamp(max=40))  # numbers below the normal range are slow


def halo(distance: Field, width: float | torch.Tensor) -> Field:
    """A glow with long skirts, 1 at distance 0."""
    q = distance / width
    return 1 / (1 + q * q)


def mix(a: Field, b: Field | float, share: Field) -> Field:
    """a where share is 0, b where it is 1."""
    return a + (b - a) * share


def saw(value: Field) -> Field:
    """Distance to the nearest whole number, 0..0.5."""
    return (value - value.round()).abs()


def slope(height: Field) -> tuple[Field, Field]:
    """Rise of a height field per unit of x and of y (forward differences)."""
    per_unit = height.shape[1] / 2
    gx = F.pad(height[:, :, 1:] - height[:, :, :-1], (0, 1, 0, 0), mode="replicate") * per_unit
    gy = F.pad(height[:, 1:] - height[:, :-1], (0, 0, 0, 1), mode="replicate") * per_unit
    return gx, gy


def sparkle(
    s: Stage,
    x: Field,
    y: Field,
    cells: int,
    radius: float | torch.Tensor,
    share: float | torch.Tensor,
    twinkle: float = 0.5,
) -> Field:
    """Soft points of light, one at most in each of cells x cells squares of the periodic unit square.

    radius in squares (at most 0.24), share the part of squares lit (fades in), twinkle the depth of flicker.
    """
    where_x, where_y, strength, phase = s.uniform(0, 1, 4, cells * cells).unbind(1)
    x, y = rotate(x, y, s.uniform(0, TAU))  # so that no rows show
    px, py = (x * cells).expand(s.batch, *s.size), (y * cells).expand(s.batch, *s.size)
    ix, iy = px.floor(), py.floor()
    index = (ix.remainder(cells) + cells * iy.remainder(cells)).long().clamp(0, cells * cells - 1).flatten(1)

    def per_square(values: torch.Tensor) -> Field:
        return values.gather(1, index).view(px.shape)

    dx = px - ix - per_square(0.24 + 0.52 * where_x)
    dy = py - iy - per_square(0.24 + 0.52 * where_y)
    share_flat = share.view(-1, 1) if isinstance(share, torch.Tensor) else share
    lit = ((strength - 1 + share_flat) * 6).clamp(0, 1) * (0.25 + 0.9 * (7 * phase).frac() ** 3)
    lit = lit * (1 - twinkle * (0.5 + 0.5 * torch.sin(TAU * phase + (1.5 + 3 * where_y) * s.t.view(-1, 1))))
    grown = radius * per_square(0.65 + 0.35 * (7 * phase).frac())
    return per_square(lit) * (1 - (dx * dx + dy * dy) / (grown * grown)).clamp(min=0).square()


def nearest_two(
    x: Field, y: Field, px: torch.Tensor, py: torch.Tensor, extra: torch.Tensor
) -> tuple[Field, Field, list[Field]]:
    """Distances to the nearest and second nearest of N points px, py (B, N), and the nearest's own values.

    extra (B, N, C): C values a point, returned as C fields.
    """
    first = torch.full_like(x, 1e3)
    second = first.clone()
    own = [torch.zeros_like(x) for _ in range(extra.shape[2])]
    for n in range(px.shape[1]):
        dx, dy = x - px[:, n, None, None], y - py[:, n, None, None]
        d = dx * dx + dy * dy
        closer = d < first
        second = torch.minimum(second, torch.maximum(first, d))
        first = torch.minimum(first, d)
        own = [torch.where(closer, extra[:, n, c, None, None], o) for c, o in enumerate(own)]
    return first.sqrt(), second.sqrt(), own


def _bias(value: Field, amount: torch.Tensor) -> Field:
    """Schlick's bias: keeps 0 and 1, sends 1/2 to `amount`."""
    return value / ((1 / amount - 2) * (1 - value) + 1)


def _bloom(light: torch.Tensor) -> torch.Tensor:
    """Wide glow of the brilliant parts, (B, 3, H, W)."""
    height, width = light.shape[2:]
    rows = 32
    small = F.interpolate(light, size=(rows, max(1, round(rows * width / height))), mode="area")
    small = small * small / (0.6 + small)
    near = F.avg_pool2d(small, 3, 1, 1, count_include_pad=False)
    far = F.avg_pool2d(F.avg_pool2d(near, 7, 1, 3, count_include_pad=False), 5, 1, 2, count_include_pad=False)
    return F.interpolate(near + 0.9 * far, size=(height, width), mode="bilinear", align_corners=False)


def _surroundings(pictures: torch.Tensor) -> torch.Tensor:
    """The mean about each place, over a tenth of the height."""
    height, width = pictures.shape[2:]
    small = F.interpolate(pictures, size=(32, max(1, round(32 * width / height))), mode="area")
    small = F.avg_pool2d(small, 3, 1, 1, count_include_pad=False)
    return F.interpolate(small, size=(height, width), mode="bilinear", align_corners=False)


def _soften(pictures: torch.Tensor) -> torch.Tensor:
    """A blur of about a hundredth of the height, the same at any size."""
    height, width = pictures.shape[2:]
    small = F.interpolate(pictures, size=(128, max(1, round(128 * width / height))), mode="area")
    for _ in range(2):
        small = F.avg_pool2d(small, 3, 1, 1, count_include_pad=False)
    return F.interpolate(small, size=(height, width), mode="bilinear", align_corners=False)


def develop(s: Stage, picture: Picture, palettes: torch.Tensor) -> torch.Tensor:
    """Colours from a picture's fields: (B, 3, H, W) in [0, 1].

    Light adds up in gamma 2 space; the tone curve bends the brightest channel only, so that highlights keep
    their hue.
    """
    jitter = s.uniform(0.9, 1.1, 5, 3)
    table = lookup_tables(palettes, s.tension.view(-1), jitter)
    tone = _bias(picture.tone.clamp(0, 1), 0.28 + 0.44 * s.brightness)
    tone = tone + 0.14 * s.brightness * (1 - tone)
    grid = torch.stack([tone * 2 - 1, torch.zeros_like(tone)], -1)
    colour = F.grid_sample(table.unsqueeze(2), grid, mode="bilinear", padding_mode="border", align_corners=True)

    corner_x, corner_y = s.frame_x * (s.size[0] / s.size[1]), s.frame_y
    vignette = 1 - 0.26 * (corner_x**2 + corner_y**2)
    light = picture.light.clamp(min=0)
    light = light * (1 + (1.1 * s.mid - 0.2) * (light - 0.55)).clamp(min=0.3)
    floor = lifts(palettes, s.device)
    floor = floor + 0.08 * s.brightness * (1 - floor)
    light = floor + (1 - floor) * light
    exposure = (0.5 + 0.7 * s.energy) * (1 + 0.2 * s.onset)
    rgb = colour * (light * vignette * exposure).unsqueeze(1)
    if picture.spark is not None:
        brilliant = 0.75 * table[:, :, -1, None, None] + 0.25
        rgb = rgb + brilliant * (picture.spark * vignette * exposure).unsqueeze(1)
    around = _surroundings(rgb)
    rgb = rgb + (0.85 * s.mid - 0.35).unsqueeze(1) * (rgb - around)
    soft = _soften(rgb)
    rgb = torch.lerp(soft, rgb, (0.3 + 1.9 * s.treble).unsqueeze(1)).clamp(min=0)
    rgb = rgb + (0.1 + 0.3 * s.energy + 0.45 * s.onset).unsqueeze(1) * _bloom(rgb)
    peak = rgb.amax(1, keepdim=True).clamp(min=1e-5)
    rgb = rgb * (1 + 0.7 * s.onset.unsqueeze(1) * peak.clamp(max=1))
    peak = peak * (1 + 0.7 * s.onset.unsqueeze(1) * peak.clamp(max=1))
    curve = 1 - torch.exp(-1.5 * peak)
    rgb = rgb * (curve * (0.6 + 0.4 * curve) / peak)
    rgb = rgb + (0.16 * (peak - 1.4)).clamp(0, 0.3) * (1 - rgb)
    return rgb.clamp(0, 1).sqrt()
