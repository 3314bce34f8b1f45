"""What the model paints, to look at: a sheet of running streams, and clips of real shows.

``python -m benchmarks.showreel sheet OUT.png [--model FOLDER]``: eight prompts, eight moments of each stream.
``python -m benchmarks.showreel looks OUT.png``: eight moments of each look that ships, with the demo track's loudness.
``python -m benchmarks.showreel clips MUSIC OUT [--model FOLDER]``: five videos, each another stretch of MUSIC, preset and
prompt, by the offline render.
"""

from __future__ import annotations

import argparse
import textwrap
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from tqdm import tqdm

from engines.model import inspect
from engines.training.evaluation.streams import Frames, Player, Take, frame_at
from engines.training.visuals.sounds import music
from visualizer.offline import RenderSettings, open_painter, read_sound, render
from visualizer.output.recorder import Recorder
from visualizer.preset import find_preset, load_preset
from visualizer.resources import demo_track, embedded_model, presets_folder, user_folder
from visualizer.snapshots import SAMPLE_RATE, FloatArray, Picture

PROMPTS = (
    "blazing orange flames", "northern lights, emerald", "neon kaleidoscope mandala", "a spiral galaxy in cosmic colours",
    "moonlit sea at night, deep blue", "glowing jellyfish, turquoise and pink", "city skyline, synthwave pink",
    "ink in water, crimson",
)  # fmt: skip
MOMENTS_S = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
SEED = 7
CELL, GAP, MARGIN, SIDE, HEAD = 192, 8, 28, 210, 72
BACK, INK, FAINT = (14, 14, 18), (232, 232, 238), (140, 140, 152)

LOOK_CELL, CURVE, CURVE_INK = 224, 36, (86, 118, 200)
LOOKS_FPS = 24

CLIP_S = 20.0
CLIP_FPS = 30.0


@dataclass(frozen=True)
class Look:
    """A clip: a preset, and a prompt in place of its own ("" keeps it)."""

    name: str
    preset: str
    prompt: str = ""


LOOKS = (
    Look("nebula", "nebula"),
    Look("flames", "flames"),
    Look("mandala", "mandala"),
    Look("synthwave", "synthwave"),
    Look("jellyfish", "nebula", "glowing jellyfish in turquoise and pink"),
)


def paint(model: Path, prompts: tuple[str, ...]) -> list[Frames]:
    """The frames (moments, H, W, 3) of each prompt's stream."""
    player = Player(model, user_folder("engines"))
    keep = tuple(frame_at(second) for second in MOMENTS_S)
    sound = music(MOMENTS_S[-1] + 1, SEED)
    takes = [Take(((0.0, prompt),), sound, keep, seed=SEED + number) for number, prompt in enumerate(prompts)]
    return [player.play(take) for take in tqdm(takes, unit="stream")]


def compose(prompts: tuple[str, ...], rows: list[Frames], title: str) -> Image.Image:
    """The sheet: a row a prompt, a column a moment."""
    pitch = CELL + GAP
    width = MARGIN + SIDE + len(MOMENTS_S) * pitch - GAP + MARGIN
    sheet = Image.new("RGB", (width, MARGIN + HEAD + len(rows) * pitch - GAP + MARGIN), BACK)
    pen = ImageDraw.Draw(sheet)
    large, middle, small = (ImageFont.load_default(size) for size in (24, 17, 15))
    pen.text((MARGIN, MARGIN - 6), title, fill=INK, font=large)
    for column, second in enumerate(MOMENTS_S):
        place = MARGIN + SIDE + column * pitch, MARGIN + HEAD - 24
        pen.text(place, f"{second:g} s", fill=FAINT, font=small)
    for number, (prompt, frames) in enumerate(zip(prompts, rows, strict=True)):
        top = MARGIN + HEAD + number * pitch
        text = "\n".join(textwrap.wrap(prompt, 20))
        pen.multiline_text((MARGIN, top + CELL / 2), text, fill=INK, font=middle, spacing=6, anchor="lm")
        for column, frame in enumerate(frames):
            picture = Image.fromarray(frame).resize((CELL, CELL), Image.Resampling.LANCZOS)
            sheet.paste(picture, (MARGIN + SIDE + column * pitch, top))
    return sheet


def clip(look: Look, model: Path, sound: FloatArray, out: Path) -> None:
    """One video of ``sound`` (n, 2) by the offline render. Raises RuntimeError when it cannot be written."""
    preset, info = find_preset(look.preset), inspect(model)
    if look.prompt:
        preset = replace(preset, values={**preset.values, "picture/prompt": look.prompt})
    settings = RenderSettings(preset, model, info.native_size, CLIP_FPS, user_folder("engines"))
    painter = open_painter(settings)
    with tqdm(desc=look.name, unit="frame") as bar, Recorder(out, settings.size, CLIP_FPS, drop=False) as recorder:

        def each(done: int, total: int, picture: Picture) -> None:
            bar.total = total
            bar.update()

        render(sound, painter, settings, recorder, each)
    if recorder.error:
        raise RuntimeError(recorder.error)


def looks(model: Path, music_file: Path) -> Image.Image:
    """A sheet: a row a preset that ships, eight moments spread evenly, and the music's loudness with them marked."""
    sound, info = read_sound(music_file), inspect(model)
    presets = [load_preset(path) for path in sorted(presets_folder().glob("*.toml"))]
    frames = len(sound) * LOOKS_FPS // SAMPLE_RATE
    moments = [frames * (2 * number + 1) // 16 for number in range(8)]
    pitch = LOOK_CELL + 6
    width, height = 8 * pitch - 6, LOOK_CELL + 4 + CURVE + 18
    sheet = Image.new("RGB", (width, len(presets) * height - 18), BACK)
    pen = ImageDraw.Draw(sheet)
    strips = np.abs(sound[: len(sound) // width * width]).mean(1).reshape(width, -1)
    level = np.sqrt((strips**2).mean(1))
    for row, preset in enumerate(presets):
        settings = RenderSettings(preset, model, info.native_size, float(LOOKS_FPS), user_folder("engines"))
        top = row * height
        with tqdm(desc=preset.name, total=frames, unit="frame") as bar:

            def each(done: int, total: int, picture: Picture, bar: tqdm = bar, top: int = top) -> None:
                bar.update()
                if done - 1 in moments:
                    cell = Image.fromarray(picture).resize((LOOK_CELL, LOOK_CELL), Image.Resampling.LANCZOS)
                    sheet.paste(cell, (moments.index(done - 1) * pitch, top))

            render(sound, open_painter(settings), settings, None, each)
        base = top + LOOK_CELL + 4 + CURVE
        for x, value in enumerate(level / level.max()):
            pen.line((x, base, x, base - round(float(value) * CURVE)), fill=CURVE_INK)
        for moment in moments:
            x = width * moment // frames
            pen.line((x, base, x, base - CURVE), fill=INK, width=2)
    return sheet


def clips(music_file: Path, model: Path, out: Path, seconds: float) -> None:
    """Five videos in the folder ``out``, of stretches spread evenly over the music."""
    out.mkdir(parents=True, exist_ok=True)
    sound = read_sound(music_file)
    length = int(seconds * SAMPLE_RATE)
    for number, look in enumerate(LOOKS):
        start = max(0, len(sound) - length) * number // (len(LOOKS) - 1)
        clip(look, model, sound[start : start + length], out / f"{look.name}.mp4")


def main() -> None:
    """Make one of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    sheet = commands.add_parser("sheet", help="eight prompts, eight moments")
    sheet.add_argument("out", type=Path)
    sheet.add_argument("--title", default="Running streams on made-up music, by time since the prompt")
    ours = commands.add_parser("looks", help="the looks that ship, on the demo track")
    ours.add_argument("out", type=Path)
    videos = commands.add_parser("clips", help="five videos")
    videos.add_argument("music", type=Path)
    videos.add_argument("out", type=Path)
    videos.add_argument("--seconds", type=float, default=CLIP_S)
    for command in (sheet, ours, videos):
        command.add_argument("--model", type=Path, default=embedded_model())
    options = parser.parse_args()
    if options.command == "clips":
        clips(options.music, options.model, options.out, options.seconds)
        return
    options.out.parent.mkdir(parents=True, exist_ok=True)
    if options.command == "looks":
        looks(options.model, demo_track()).save(options.out)
        return
    compose(PROMPTS, paint(options.model, PROMPTS), options.title).save(options.out)


if __name__ == "__main__":
    main()
