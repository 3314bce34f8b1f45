"""Contact sheets of the families: `python -m engines.training.visuals.contact OUT.png [--strip FAMILY]`.

Without --strip: a row a family, pictures with varied palettes and factors. With it: eight moments of a scene
over two seconds, while the bass swells and falls and an onset strikes in the middle.
"""

from __future__ import annotations

import argparse
import math
import random
from pathlib import Path

import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw

from . import FACTORS, FAMILIES, PALETTES, Scene, render, sample_factors, sample_scene

LABEL_PX = 74
GAP_PX = 2


def _sheet(rows: list[tuple[str, torch.Tensor]], side: int) -> Image.Image:
    """Rows of labelled pictures, each (B, 3, side, side)."""
    columns = max(pictures.shape[0] for _, pictures in rows)
    pitch = side + GAP_PX
    sheet = Image.new("RGB", (LABEL_PX + columns * pitch, len(rows) * pitch), (24, 24, 28))
    pen = ImageDraw.Draw(sheet)
    for row, (label, pictures) in enumerate(rows):
        pen.text((4, row * pitch + 4), label, fill=(230, 230, 230))
        pixels = (pictures * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
        for column, picture in enumerate(pixels):
            sheet.paste(Image.fromarray(picture), (LABEL_PX + column * pitch, row * pitch))
    return sheet


def _shrink(pictures: torch.Tensor, side: int) -> torch.Tensor:
    return F.interpolate(pictures, size=(side, side), mode="area")


def contact(families: list[str], columns: int, side: int, seed: int) -> Image.Image:
    """A row a family: palettes in turn, factors free, moments free."""
    rng = random.Random(seed)
    rows = []
    for number, family in enumerate(families):
        scene = sample_scene(columns, rng, family)
        palettes = torch.tensor([(number * 7 + 3 * k) % len(PALETTES) for k in range(columns)])
        scene = Scene(family, palettes, scene.seed)
        time = torch.tensor([rng.uniform(0, 60) for _ in range(columns)])
        pictures = render(scene, time, sample_factors(columns, rng))
        rows.append((family, _shrink(pictures, side)))
    return _sheet(rows, side)


def strip(family: str, side: int, seed: int, moments: int = 8, seconds: float = 2.0) -> Image.Image:
    """One scene over time, in three palettes a row each; bass swells, an onset strikes half way."""
    rng = random.Random(seed)
    rows = []
    for _ in range(3):
        scene = sample_scene(1, rng, family)
        scene = Scene(family, scene.palettes.expand(moments).clone(), scene.seed)
        frames = []
        for k in range(moments):
            factors = torch.full((1, len(FACTORS)), 0.5)
            factors[0, 1] = 0.5 - 0.5 * math.cos(2 * math.pi * k / (moments - 1))
            factors[0, 4] = 1.0 if k == moments // 2 else 0.0
            one = Scene(family, scene.palettes[:1], scene.seed)
            frames.append(render(one, torch.tensor([10 + seconds * k / (moments - 1)]), factors))
        rows.append((PALETTES[int(scene.palettes[0])], _shrink(torch.cat(frames), side)))
    return _sheet(rows, side)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--strip", metavar="FAMILY", choices=FAMILIES)
    parser.add_argument("--families", nargs="*", choices=FAMILIES, default=list(FAMILIES))
    parser.add_argument("--columns", type=int, default=6)
    parser.add_argument("--side", type=int, default=160)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.strip:
        image = strip(options.strip, options.side, options.seed)
    else:
        image = contact(options.families, options.columns, options.side, options.seed)
    image.save(options.out)


if __name__ == "__main__":
    main()
