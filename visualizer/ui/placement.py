"""Where a picture lies on a screen of another shape."""

from __future__ import annotations

from typing import Literal

Mode = Literal["fit", "fill"]
"""fit: all of the picture, black beside it. fill: all of the screen, what hangs over is cut evenly on both sides."""


def place(picture: tuple[int, int], room: tuple[int, int], mode: Mode) -> tuple[int, int, int, int]:
    """(left, top, width, height) of a picture of (width, height) in a room of (width, height), all in pixels.

    The picture keeps its aspect to the pixel and lies in the middle; filling, left and top may be below 0.
    """
    across, down = room[0] / picture[0], room[1] / picture[1]
    scale = min(across, down) if mode == "fit" else max(across, down)
    width, height = max(1, round(picture[0] * scale)), max(1, round(picture[1] * scale))
    return (room[0] - width) // 2, (room[1] - height) // 2, width, height
