"""A sheet of looks that paint over one video: ``python tools/painted_over.py OUT.jpg [LOOK …]``.

The video, a walker in the light, is drawn here. Its moments stand in the top row, each look's in a row below.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import cv2
import numpy as np

from engines.backends import Build, open_networks
from engines.model import inspect
from engines.stream import Stream
from visualizer.preset import Preset, find_preset
from visualizer.resources import embedded_model, user_folder
from visualizer.snapshots import Picture

SIDE, SMALL, GAP = 256, 160, 4
FPS, FRAMES, MOMENTS = 24, 72, 6
LOOKS = ("flames", "lagoon", "nebula", "silk")
SKY, EARTH, INK = (0, 30, 85), (165, 135, 105), (241, 243, 231)
LOUD = {"light/gain": 1.2, "sound/energy": 0.7}
"""What routes make of loud music."""


def walker(time: float) -> Picture:
    """A bright walker who crosses the picture, at ``time`` s."""
    down = np.linspace(0, 1, SIDE)[:, None, None]
    picture = np.ascontiguousarray(np.broadcast_to((1 - down) * SKY + down * EARTH, (SIDE, SIDE, 3)).astype(np.uint8))
    x, swing = 50.0 + 52.0 * time, math.sin(2 * math.pi * time / 1.2)

    def limb(start: tuple[float, float], angle: float, length: float, thick: int) -> tuple[float, float]:
        end = start[0] + length * math.sin(angle), start[1] + length * math.cos(angle)
        cv2.line(picture, _place(start), _place(end), INK, thick, cv2.LINE_AA)
        return end

    shoulder = limb((x, 160.0), math.pi, 62, 34)
    cv2.circle(picture, _place((x, shoulder[1] - 34)), 20, INK, -1, cv2.LINE_AA)
    for side in (1, -1):
        limb(limb((x, 160.0), 0.6 * side * swing, 42, 20), 0.6 * side * swing - 0.25, 42, 16)
        limb(limb(shoulder, -0.8 * side * swing, 32, 14), -0.8 * side * swing + 0.5, 28, 12)
    return picture


def _place(point: tuple[float, float]) -> tuple[int, int]:
    return round(point[0]), round(point[1])


def painted(look: Preset, cache: Path) -> list[Picture]:
    """The frames of a look over the video."""
    info = inspect(embedded_model())
    stream = Stream(info, open_networks(info, (SIDE, SIDE), "", cache, Build(sees=True)))
    stream.set_prompt(*look.prompts)
    knobs = look.on(info).numbers() | LOUD
    return [stream.paint(knobs, None, number / FPS, walker(number / FPS)) for number in range(FRAMES)]


def main() -> None:
    """Write the sheet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("looks", nargs="*", default=LOOKS)
    arguments = parser.parse_args()
    rows = [[walker(number / FPS) for number in range(FRAMES)]]
    rows += [painted(find_preset(look), user_folder("engines")) for look in arguments.looks]
    sheet = np.full((len(rows) * (SMALL + GAP) - GAP, MOMENTS * (SMALL + GAP) - GAP, 3), 16, np.uint8)
    for line, frames in enumerate(rows):
        for moment in range(MOMENTS):
            picture = frames[FRAMES * (moment + 1) // MOMENTS - 1]
            top, left = line * (SMALL + GAP), moment * (SMALL + GAP)
            small = cv2.resize(picture, (SMALL, SMALL), interpolation=cv2.INTER_AREA)
            sheet[top : top + SMALL, left : left + SMALL] = small[..., ::-1]
    cv2.imwrite(str(arguments.out), sheet, [cv2.IMWRITE_JPEG_QUALITY, 88])


if __name__ == "__main__":
    main()
