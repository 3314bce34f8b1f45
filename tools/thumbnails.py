"""Paint the small pictures by which looks are chosen: beside each ``presets/NAME.toml`` a ``NAME.jpg``.

``python tools/thumbnails.py [NAME …]`` renders the named looks, or all that ship, to the demo track's chorus on the model
that ships, and keeps of each the moment that shows most: rich in detail and contrast, neither black nor burnt out. The
same program on the same machine gives the same pictures again.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from engines.backends import Networks, open_networks
from engines.model import ModelInfo, inspect
from visualizer.offline import RenderSettings, read_sound, render
from visualizer.painters import LivePainter
from visualizer.preset import Preset, PresetError, load_preset
from visualizer.resources import demo_track, embedded_model, presets_folder, user_folder
from visualizer.snapshots import SAMPLE_RATE, FloatArray, Picture
from visualizer.steps import frames_of

SIDE = 256
QUALITY = 85
FPS = 24
SPAN_S = (33.0, 40.0)
"""Of the demo track: inside its loud chorus."""
SETTLED_S = 4.0
"""A picture that grew from noise is the look's own after this time."""


def shows(picture: Picture) -> float:
    """How much an RGB picture shows: its contrast times its fine contrast, less what is black or burnt out."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    fine = grey - cv2.GaussianBlur(grey, (0, 0), 4)
    lost = float(np.mean((grey < 0.02) | (grey > 0.97)))
    return float(grey.std() * fine.std()) * (1.0 - lost) ** 2


def strongest(preset: Preset, info: ModelInfo, networks: Networks, sound: FloatArray) -> Picture:
    """The picture (SIDE, SIDE, 3) that shows most of the look while ``sound`` (n, 2) plays."""
    settings = RenderSettings(preset.on(info), info.path, (SIDE, SIDE), float(FPS), user_folder("engines"))
    best: list[Picture] = []
    most = -1.0
    with tqdm(desc=preset.name, total=frames_of(sound, FPS), unit="frame") as bar:

        def each(done: int, total: int, picture: Picture) -> None:
            nonlocal most
            bar.update()
            if done > SETTLED_S * FPS and (found := shows(picture)) > most:
                most, best[:] = found, [picture.copy()]

        render(sound, LivePainter(info, networks, None), settings, None, each)
    return best[0]


def write(picture: Picture, path: Path) -> None:
    """Write an RGB picture as JPEG. Raises OSError."""
    done, code = cv2.imencode(".jpg", picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not done:
        raise OSError(f"the picture of {path.stem} cannot be written as JPEG")
    path.write_bytes(code.tobytes())


def main() -> None:
    """Paint them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", metavar="NAME", nargs="*", help="a look that ships; all where none is named")
    names = parser.parse_args().names
    folder = presets_folder()
    names = names or sorted(path.stem for path in folder.glob("*.toml"))
    try:
        presets = [load_preset(folder / f"{name}.toml") for name in names]
    except PresetError as error:
        sys.exit(str(error))
    info = inspect(embedded_model())
    networks = open_networks(info, (SIDE, SIDE), "", user_folder("engines"))
    first, last = (round(second * SAMPLE_RATE) for second in SPAN_S)
    sound = read_sound(demo_track())[first:last]
    for preset in presets:
        write(strongest(preset, info, networks, sound), folder / f"{preset.name}.jpg")


if __name__ == "__main__":
    main()
