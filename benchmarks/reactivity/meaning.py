"""Does the picture show what the sound is? ``python -m benchmarks.reactivity.meaning RUN SOUND=FILE … [--encoder FOLDER]``.

``[--sheet PNG] [--set NAME=VALUE] [--json]``. Each sound is heard with one neutral prompt and the fast path off: no route
moves anything, so that only what the encoder understands can change the picture. A judge that learnt from its own pictures
alone (``python -m engines.training judge``, in RUN) looks at the frames. The concept of a sound is the family that the
model's lexicon gives it. Printed are the share of frames that show a sound's own concept, and the share that show it while
the other sounds play; their ratio is the figure.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from engines.model import inspect
from engines.training.evaluation.judge import Judge, as_pictures
from engines.training.visuals import FAMILIES
from visualizer.offline import Painter, RenderSettings, open_painter, render
from visualizer.preset import Preset
from visualizer.resources import embedded_model, sound_encoder, user_folder
from visualizer.snapshots import FloatArray, Picture

from .sounds import piece

CONCEPTS = {
    "fire": "flames", "rain": "caustics", "thunder": "lightning", "birds": "forest", "engine": "tunnel", "choir": "aurora",
    "piano": "crystal", "drums": "mandala",
}  # fmt: skip
"""The family of each sound in the lexicon of the model that ships."""

NEUTRAL = "abstract light"
FPS = 24.0
EVERY = 6
FROM_S = 2.0
"""A show needs so long until the last sound's meaning has gone."""

VALUES = {"guide/strength": 1.0, "guide/mask": 0.0, "picture/walk": 0.5}


def frames_of(painter: Painter, settings: RenderSettings, sound: FloatArray) -> np.ndarray:
    """Every sixth frame (N, H, W, 3) of a sound (n, 2) from two seconds on."""
    seen: list[Picture] = []

    def each(done: int, total: int, picture: Picture) -> None:
        if done > FROM_S * FPS and done % EVERY == 0:
            seen.append(picture.copy())

    render(sound, painter, settings, None, each)
    return np.stack(seen)


def measure(shares: np.ndarray) -> dict[str, float]:
    """From shares (sounds, concepts), the concepts in the sounds' order: of a sound's own, of others', and their ratio."""
    own = float(np.diag(shares).mean())
    others = float(shares[~np.eye(len(shares), dtype=bool)].mean())
    return {"own": round(own, 4), "shuffled": round(others, 4), "ratio": round(own / max(others, 1e-4), 2)}


def main() -> None:
    """Hear every sound and print the table."""
    asked = argparse.ArgumentParser()
    asked.add_argument("run", type=Path, help="the training run whose judge looks on")
    known = f"recordings of {', '.join(CONCEPTS)}; several of one count together"
    asked.add_argument("sounds", nargs="+", metavar="SOUND=FILE", help=known)
    asked.add_argument("--encoder", type=Path, default=sound_encoder())
    asked.add_argument("--seconds", type=float, default=10.0)
    asked.add_argument("--sheet", type=Path, help="a row of frames for each sound")
    asked.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="such as guide/refresh=2")
    asked.add_argument("--json", action="store_true")
    options = asked.parse_args()
    judge, info = Judge.load(options.run), inspect(embedded_model())
    values: dict[str, float | str] = {"picture/prompt": NEUTRAL, **VALUES}
    values |= {name: float(value) for name, value in (one.split("=") for one in options.set)}
    preset = Preset("meaning", "Meaning", values).on(info)
    settings = RenderSettings(preset, info.path, info.native_size, FPS, user_folder("engines"), encoder=options.encoder)
    given = [one.split("=", 1) for one in options.sounds]
    sounds = list(dict.fromkeys(name for name, _ in given))
    columns = [list(FAMILIES).index(CONCEPTS[name]) for name in sounds]
    shares, rows = np.zeros((len(sounds), len(sounds))), list[np.ndarray]()
    for name, file in tqdm(given, unit="sound", disable=options.json):
        frames = frames_of(open_painter(settings), settings, piece(Path(file), options.seconds))
        found = judge.read(as_pictures(frames)).families.argmax(1)
        recordings = sum(other == name for other, _ in given)
        shares[sounds.index(name)] += [float((found == column).mean()) / recordings for column in columns]
        rows.append(np.hstack(list(frames[:: max(1, len(frames) // 8)][:8])))
    if options.sheet:
        cv2.imwrite(str(options.sheet), cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR))
    figures = measure(shares)
    if options.json:
        print(json.dumps({**figures, "shares": dict(zip(sounds, shares.tolist(), strict=True))}))
        return
    print(f"{'heard':10}" + "".join(f"{CONCEPTS[name]:>10}" for name in sounds))
    for name, found_of in zip(sounds, shares.tolist(), strict=True):
        print(f"{name:10}" + "".join(f"{share:10.2f}" for share in found_of))
    print("  ".join(f"{name} {value}" for name, value in figures.items()))


if __name__ == "__main__":
    main()
