"""Contact sheets and clips of the families: `python -m engines.training.visuals.contact OUT [--strip FAMILY]`.

Without options: a row a family, pictures with varied palettes and factors. With --strip: eight moments of a
scene over two seconds, while the bass swells and falls and an onset strikes in the middle. With --clip FAMILY:
a film (MP4) of a scene under six seconds of made-up music; with --clips: such a film of each family, in folder OUT.
"""

from __future__ import annotations

import argparse
import math
import random
from pathlib import Path

import av
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw

from . import FACTORS, FAMILIES, PALETTES, Scene, render, sample_factors, sample_scene
from .sounds import FPS, music

LABEL_PX = 74
GAP_PX = 2
CLIP_SECONDS, CLIP_SIDE = 6, 256


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


def clip(out: Path, family: str, seed: int) -> None:
    """A film (H.264) of one scene driven by made-up music."""
    scene, factors = sample_scene(1, random.Random(f"{family} {seed}"), family), torch.from_numpy(music(CLIP_SECONDS, seed))
    with av.open(str(out), "w") as film:
        stream = film.add_stream("libx264", rate=FPS, options={"crf": "18"})
        stream.width = stream.height = CLIP_SIDE
        stream.pix_fmt = "yuv420p"
        for number, row in enumerate(factors):
            picture = render(scene, torch.tensor([10 + number / FPS]), row[None], (CLIP_SIDE, CLIP_SIDE))[0]
            pixels = (picture * 255).round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
            film.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        film.mux(stream.encode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="the picture, the film, or with --clips the folder to write")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--strip", metavar="FAMILY", choices=FAMILIES)
    what.add_argument("--clip", metavar="FAMILY", choices=FAMILIES)
    what.add_argument("--clips", action="store_true")
    parser.add_argument("--families", nargs="*", choices=FAMILIES, default=list(FAMILIES))
    parser.add_argument("--columns", type=int, default=6)
    parser.add_argument("--side", type=int, default=160)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.clip:
        clip(options.out, options.clip, options.seed)
        return
    if options.clips:
        options.out.mkdir(parents=True, exist_ok=True)
        for family in options.families:
            clip(options.out / f"{family}.mp4", family, options.seed)
        return
    if options.strip:
        image = strip(options.strip, options.side, options.seed)
    else:
        image = contact(options.families, options.columns, options.side, options.seed)
    image.save(options.out)


if __name__ == "__main__":
    main()
