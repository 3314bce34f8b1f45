"""What the model paints, to look at: a sheet of running streams, and clips of real shows.

``python -m benchmarks.showreel sheet OUT.png [--model FOLDER]``: eight prompts, eight moments of each stream.
``python -m benchmarks.showreel looks OUT.png``: four moments of each look that ships, with the demo track's loudness above.
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

from engines.backends import Networks, open_networks
from engines.model import ModelInfo, inspect
from engines.training.evaluation.streams import Frames, Player, Take, frame_at
from engines.training.visuals.sounds import music
from visualizer.offline import RenderSettings, open_painter, read_sound, render
from visualizer.output.recorder import Recorder
from visualizer.painters import LivePainter
from visualizer.preset import Preset, find_preset, load_preset
from visualizer.resources import demo_track, embedded_model, presets_folder, user_folder
from visualizer.snapshots import SAMPLE_RATE, FloatArray, Picture
from visualizer.steps import frames_of

PROMPTS = (
    "blazing orange flames", "northern lights, emerald", "neon kaleidoscope mandala", "a spiral galaxy in cosmic colours",
    "moonlit sea at night, deep blue", "glowing jellyfish, turquoise and pink", "city skyline, synthwave pink",
    "ink in water, crimson",
)  # fmt: skip
MOMENTS_S = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
SEED = 7
CELL, GAP, MARGIN, SIDE, HEAD = 192, 8, 28, 210, 72
BACK, INK, FAINT = (14, 14, 18), (232, 232, 238), (140, 140, 152)

LOOK_CELL, LOOKS_ABREAST, LOOK_GAP, LOOK_HEAD = 120, 2, 16, 24
CURVE, CURVE_INK = 36, (86, 118, 200)
LOOKS_FPS = 24
LOOKS_SPAN_S = (24.0, 37.0)
"""Of the demo track: a quiet break, a riser, the chorus."""
LOOKS_MOMENTS_S = (27.5, 31.7, 34.0, 36.5)

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
    info = inspect(model)
    preset = find_preset(look.preset).on(info)
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


def moments_of(preset: Preset, info: ModelInfo, networks: Networks, sound: FloatArray) -> list[Picture]:
    """The look's pictures at ``LOOKS_MOMENTS_S``; ``sound`` (n, 2) begins where ``LOOKS_SPAN_S`` does."""
    settings = RenderSettings(preset.on(info), info.path, info.native_size, float(LOOKS_FPS), user_folder("engines"))
    wanted = [round((second - LOOKS_SPAN_S[0]) * LOOKS_FPS) for second in LOOKS_MOMENTS_S]
    found: list[Picture] = []
    with tqdm(desc=preset.name, total=frames_of(sound, LOOKS_FPS), unit="frame") as bar:

        def each(done: int, total: int, picture: Picture) -> None:
            bar.update()
            if done in wanted:
                found.append(picture.copy())

        render(sound, LivePainter(info, networks, None), settings, None, each)
    return found


def looks(model: Path, music_file: Path) -> Image.Image:
    """A sheet: the music's loudness with the moments marked, then every preset that ships at those moments."""
    info = inspect(model)
    networks = open_networks(info, info.native_size, "", user_folder("engines"))
    first, last = (round(second * SAMPLE_RATE) for second in LOOKS_SPAN_S)
    sound = read_sound(music_file)[first:last]
    presets = [load_preset(path) for path in sorted(presets_folder().glob("*.toml"))]
    strip, tall = len(LOOKS_MOMENTS_S) * LOOK_CELL, LOOK_HEAD + LOOK_CELL
    width = LOOKS_ABREAST * (strip + LOOK_GAP) - LOOK_GAP
    sheet = Image.new("RGB", (width, CURVE + -(-len(presets) // LOOKS_ABREAST) * tall), BACK)
    pen, letters = ImageDraw.Draw(sheet), ImageFont.load_default(15)
    level = np.sqrt((np.abs(sound[: len(sound) // width * width]).mean(1).reshape(width, -1) ** 2).mean(1))
    for x, value in enumerate(level / level.max()):
        pen.line((x, CURVE, x, CURVE - round(float(value) * CURVE)), fill=CURVE_INK)
    for second in LOOKS_MOMENTS_S:
        x = round(width * (second - LOOKS_SPAN_S[0]) / (LOOKS_SPAN_S[1] - LOOKS_SPAN_S[0]))
        pen.line((x, 0, x, CURVE), fill=INK, width=2)
    for number, preset in enumerate(presets):
        row, column = divmod(number, LOOKS_ABREAST)
        left, top = column * (strip + LOOK_GAP), CURVE + row * tall
        pen.text((left, top + LOOK_HEAD - 6), preset.title, fill=INK, font=letters, anchor="ls")
        for place, picture in enumerate(moments_of(preset, info, networks, sound)):
            cell = Image.fromarray(picture).resize((LOOK_CELL, LOOK_CELL), Image.Resampling.LANCZOS)
            sheet.paste(cell, (left + place * LOOK_CELL, top + LOOK_HEAD))
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
        looks(options.model, demo_track()).save(options.out, optimize=True)
        return
    compose(PROMPTS, paint(options.model, PROMPTS), options.title).save(options.out)


if __name__ == "__main__":
    main()
