"""Points of light gathered into a picture: for families drawn by many moving points, not by fields."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from .fields import Field, Stage

ROWS = 300  # of the raster, whatever the picture's size, so that strokes keep their weight
REACH = 1.25  # half the raster's height: the camera may look past the frame


def splat(s: Stage, x: torch.Tensor, y: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """The raster (B, C, rows, columns) of summed values (B, C, N) at points x, y (B, N), each shared by 4 pixels."""
    columns = round(ROWS * s.size[1] / s.size[0])
    across = x * (ROWS / 2 / REACH) + (columns - 1) / 2
    down = y * (ROWS / 2 / REACH) + (ROWS - 1) / 2
    inside = (across > 0) & (across < columns - 1) & (down > 0) & (down < ROWS - 1)
    across, down = torch.where(inside, across, 0.0), torch.where(inside, down, 0.0)
    left, top = across.floor(), down.floor()
    right_share, low_share = across - left, down - top
    left_share, top_share = inside * (1 - right_share), inside * (1 - low_share)
    right_share, low_share = right_share * inside, low_share * inside
    index = (top * columns + left).long()
    raster = torch.zeros((s.batch, values.shape[1], ROWS * columns), device=s.device)
    shares = (left_share * top_share, right_share * top_share, left_share * low_share, right_share * low_share)
    for offset, share in zip((0, 1, columns, columns + 1), shares, strict=True):
        raster.scatter_add_(2, (index + offset).unsqueeze(1).expand(values.shape), values * share.unsqueeze(1))
    return raster.view(s.batch, -1, ROWS, columns)


def soften(raster: torch.Tensor, side: int) -> torch.Tensor:
    """A box blur of odd `side` pixels."""
    rows = F.avg_pool2d(raster, (side, 1), 1, (side // 2, 0))
    return F.avg_pool2d(rows, (1, side), 1, (0, side // 2))


def view(s: Stage, raster: torch.Tensor) -> Field:
    """The raster as the stage's camera sees it: (B, C, H, W)."""
    grid = torch.stack([s.x * (s.size[0] / s.size[1]), s.y], -1) / REACH
    return F.grid_sample(raster, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
