"""The judge: a small classifier that says which family and palette a picture shows, and gives its features.

It learns from the picture generator alone and shares nothing with what the UNet was trained by, so it is independent.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .. import checkpoint
from ..visuals import FAMILIES, PALETTES
from .pool import shrink

FEATURES = 128
WIDTHS = (64, 96, 128)
STEM, STRIDE = 7, 4
FILE = "judge.pt"

FloatArray = npt.NDArray[np.float32]


def _convolution(inside: int, outside: int, side: int = 3, stride: int = 1) -> nn.Sequential:
    layer = nn.Conv2d(inside, outside, side, stride, side // 2, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(outside))


class _Block(nn.Module):
    """Two convolutions beside a short cut, at 1/``stride`` of the resolution."""

    def __init__(self, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        self.first = _convolution(inside, outside, 3, stride)
        self.second = _convolution(outside, outside)
        self.short = nn.Sequential(nn.AvgPool2d(stride), nn.Conv2d(inside, outside, 1, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.second(F.relu(self.first(x))) + self.short(x))


class JudgeNetwork(nn.Module):
    """Pictures (N, 3, 128, 128) in [0, 1] → features (N, 128), family logits (N, families), palette logits (N, palettes).

    Beside the colours it sees the lightness alone, brought to mean 0 and deviation 1: forms are then the same in every
    palette and light, and are learnt several times as fast.
    """

    def __init__(self, families: int, palettes: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(_convolution(4, WIDTHS[0], STEM, STRIDE), nn.ReLU())
        self.blocks = nn.ModuleList(_Block(a, b, 2) for a, b in pairwise(WIDTHS))
        self.blocks.append(_Block(WIDTHS[-1], WIDTHS[-1], 1))
        pooled = sum(WIDTHS) + 2 * WIDTHS[-1]
        self.feature = nn.Sequential(nn.Linear(pooled, FEATURES), nn.BatchNorm1d(FEATURES))
        self.family = nn.Linear(FEATURES, families)
        self.palette = nn.Linear(FEATURES, palettes)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        lightness = pictures.mean(1, keepdim=True).sqrt()
        middle, width = lightness.mean((2, 3), keepdim=True), lightness.std((2, 3), keepdim=True)
        seen = torch.cat([pictures * 4 - 1.5, (lightness - middle) / (width + 0.02)], 1)
        x = self.stem(seen.contiguous(memory_format=torch.channels_last))
        pooled = [x.mean((2, 3))]  # colours are told by early means, forms by late ones
        for block in self.blocks:
            x = block(x)
            pooled.append(x.mean((2, 3)))
        feature = self.feature(torch.cat([*pooled, x.amax((2, 3))], 1))
        bent = F.relu(feature)
        return feature, self.family(bent), self.palette(bent)


@dataclass(frozen=True, slots=True)
class Readings:
    """What the judge says of N pictures: features (N, 128), probabilities (N, families) and (N, palettes)."""

    features: FloatArray
    families: FloatArray
    palettes: FloatArray


class Judge:
    """A trained judge, for reading only; it knows exactly the generator's present families and palettes."""

    def __init__(self, network: JudgeNetwork) -> None:
        self._network = network.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @classmethod
    def load(cls, folder: Path) -> Judge:
        """The judge of a run folder; FileNotFoundError where there is none, ValueError if the generator has changed."""
        kept = checkpoint.load(folder / FILE)
        if kept["families"] != list(FAMILIES) or kept["palettes"] != list(PALETTES):
            raise ValueError(f"{folder / FILE} knows other families or palettes: delete it and run the stage 'judge'")
        network = JudgeNetwork(len(FAMILIES), len(PALETTES))
        network.load_state_dict(kept["average"])
        return cls(network)

    @torch.no_grad()
    def read(self, pictures: Tensor) -> Readings:
        """Read pictures (N, 3, H, W): floats in [0, 1], or uint8; of any size."""
        parts = []
        for part in pictures.split(64):
            values = part.float().div(255) if part.dtype == torch.uint8 else part
            feature, family, palette = self._network(shrink(values))
            parts.append((feature, family.softmax(1), palette.softmax(1)))
        return Readings(*(torch.cat(column).numpy() for column in zip(*parts, strict=True)))


def as_pictures(frames: npt.NDArray[np.uint8]) -> Tensor:
    """Frames (N, H, W, 3) of a stream as pictures (N, 3, H, W), uint8."""
    return torch.from_numpy(np.ascontiguousarray(frames.transpose(0, 3, 1, 2)))
