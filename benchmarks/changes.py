"""Does the picture stop when something is changed? ``python -m benchmarks.changes [--fps N] [--seconds S] [--json]``.

A headless show plays the demo track while guidance is swept, prompts are typed, looks follow one another and the size
changes. For each kind of change: the median gap between two frames, the longest, and their ratio. Run it with nothing else
beside.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from itertools import cycle

import numpy as np
from tqdm import tqdm

from engines.model import inspect
from visualizer.encoder.banks import bank_for
from visualizer.parameters import PARAMETERS
from visualizer.preset import find_preset, list_presets
from visualizer.resources import demo_track, embedded_model, sound_encoder, user_folder
from visualizer.show import LiveShow, ShowSettings

EVERY_S = 1 / 30
"""So often a swept parameter is set."""

PROMPTS = ("blue ocean waves", "a green aurora", "orange flames", "a neon city at night", "silver jellyfish in the deep")
SETTLE_S = 3.0


def sweep(show: LiveShow, name: str, seconds: float) -> Iterator[float]:
    """Set a parameter from its lowest to its highest value and back."""
    parameter = PARAMETERS[name]
    for share in np.abs(np.linspace(-1, 1, int(seconds / EVERY_S))):
        show.set(name, parameter.clamp(parameter.low + (1 - share) * (parameter.high - parameter.low)))
        yield EVERY_S
    show.set(name, parameter.default)


def prompts(show: LiveShow, seconds: float) -> Iterator[float]:
    """Type another prompt every second."""
    for number, text in zip(range(int(seconds)), cycle(PROMPTS), strict=False):
        show.set("picture/prompt", f"{text}, {number}")
        yield 1.0


def looks(show: LiveShow, seconds: float) -> Iterator[float]:
    """Another look every two seconds, each fading in for one and a half."""
    info = inspect(embedded_model())
    for _, name in zip(range(int(seconds / 2)), cycle(list_presets()), strict=False):
        show.set_preset(find_preset(name).on(info), 1.5)
        yield 2.0


def sizes(show: LiveShow, seconds: float) -> Iterator[float]:
    """Another size and back, each made ready beside the pictures, however long that takes."""
    own = show.picture_size
    for size in ((own[0] * 3 // 4 // 64 * 64, own[1] * 3 // 4 // 64 * 64), own):
        show.change_picture(size=size)
        yield 1.0
        while show.renderer.settings.size != size:
            yield 0.1
        yield 2.0


def steady(show: LiveShow, seconds: float) -> Iterator[float]:
    """Nothing."""
    yield seconds


def gaps_while(show: LiveShow, changes: Iterator[float]) -> dict[str, float]:
    """Gaps between frames, ms, from the first change to the last."""
    begun = time.perf_counter()
    for pause in changes:
        time.sleep(pause)
    at = [handed.at for handed in tuple(show.history) if handed.at >= begun]
    gaps = np.diff(at) * 1000
    median, longest = float(np.median(gaps)), float(gaps.max())
    figures = {"frames": len(at), "median_ms": median, "longest_ms": longest, "ratio": longest / median}
    return {name: round(value, 2) for name, value in figures.items()}


def main() -> None:
    """Run the show and print a table, or one JSON object."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--fps", type=float, default=15.0)
    asked.add_argument("--seconds", type=float, default=10.0, help="of each kind of change")
    asked.add_argument("--only", nargs="+", default=[], metavar="NAME")
    asked.add_argument("--json", action="store_true")
    options = asked.parse_args()
    encoder = sound_encoder()
    assert encoder is not None
    show = LiveShow(ShowSettings(
        f"file:{demo_track()}", find_preset("nebula"), embedded_model(), inspect(embedded_model()).native_size, options.fps,
        user_folder("engines"), encoder=encoder, bank=bank_for(encoder),
    ))  # fmt: skip
    guidance = [name for name in PARAMETERS if name.startswith("guide/")]
    kinds: dict[str, Callable[[LiveShow, float], Iterator[float]]] = {"steady": steady}
    for name in guidance:
        kinds[name] = lambda show, seconds, name=name: sweep(show, name, seconds)  # type: ignore[misc]
    kinds |= {"prompts": prompts, "looks": looks, "sizes": sizes}
    found = {}
    try:
        show.start()
        while show.latest is None or show.meaning is None:
            time.sleep(0.1)
        time.sleep(SETTLE_S)
        for kind in tqdm(options.only or kinds, disable=options.json):
            found[kind] = gaps_while(show, kinds[kind](show, options.seconds))
    finally:
        show.stop()
    if options.json:
        print(json.dumps(found))
        return
    for kind, figures in found.items():
        print(f"{kind:20}" + "  ".join(f"{name} {value:>7}" for name, value in figures.items()))


if __name__ == "__main__":
    main()
