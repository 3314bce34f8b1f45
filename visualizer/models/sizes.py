"""Sizes of pictures that are worth offering for a model."""

from __future__ import annotations

from engines.model import ModelInfo

SHARES = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
"""Sides offered, as shares of the side that the model was made for."""

SHAPES = ((1, 1), (16, 9), (9, 16))
LARGEST_SIDE = 2048


def sizes_of(info: ModelInfo) -> list[tuple[int, int]]:
    """(width, height) of squares, wide and tall pictures, near the model's own number of pixels and around it, the smallest
    first.
    """
    side = (info.native_size[0] * info.native_size[1]) ** 0.5
    found = {info.native_size}
    for share in SHARES:
        for across, down in SHAPES:
            stretch = (across / down) ** 0.5
            width, height = (_rounded(side * share * s, info.multiple) for s in (stretch, 1 / stretch))
            if max(width, height) <= LARGEST_SIDE:
                found.add((width, height))
    return sorted(found, key=lambda size: (size[0] * size[1], size))


def _rounded(side: float, multiple: int) -> int:
    return max(multiple, round(side / multiple) * multiple)
