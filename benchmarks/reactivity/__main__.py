"""``python -m benchmarks.reactivity OUT --tracks FILE … --sounds FILE … [--seconds S] [--method NAME …]``.

Every sound is painted by every method, passes the flash limiter, is recorded, and measured as ``visualizer measure`` does.
What is done is kept in OUT and not done again, so the study goes on where it was stopped. Prints the tables of
docs/reactivity.md, and writes a sheet of the methods above the sound's waveform for each track.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm

from visualizer.measure.figures import measure
from visualizer.offline import render
from visualizer.output.recorder import Recorder
from visualizer.preset import find_preset
from visualizer.resources import embedded_model, sound_encoder, user_folder
from visualizer.snapshots import FloatArray, Picture

from .methods import METHODS, Bench
from .sheet import sheet
from .sounds import piece
from .tables import table

FPS = 30.0


def paint(bench: Bench, method: str, sound: FloatArray, out: Path) -> dict[str, float | None]:
    """Record one clip and measure it; ``frame_ms``: of painting, the limiter included."""
    painter, settings = METHODS[method](bench)
    spent, begun = [], time.perf_counter()

    def each(done: int, total: int, picture: Picture) -> None:
        nonlocal begun
        spent.append(time.perf_counter() - begun)
        begun = time.perf_counter()

    recorder = Recorder(out, settings.size, settings.fps, drop=False)
    try:
        render(sound, painter, settings, recorder, each)
    finally:
        recorder.close()
    return {**measure(out).figures, "frame_ms": round(1000 * float(np.median(spent)), 2)}


def main() -> None:
    """Paint, measure and tell."""
    asked = argparse.ArgumentParser()
    asked.add_argument("out", type=Path)
    asked.add_argument("--tracks", nargs="+", type=Path, default=[])
    asked.add_argument("--sounds", nargs="+", type=Path, default=[])
    asked.add_argument("--seconds", type=float, default=10.0)
    asked.add_argument("--skip", type=float, default=0.0, help="so much of each track's beginning")
    asked.add_argument("--method", nargs="+", choices=METHODS, default=list(METHODS))
    asked.add_argument("--preset", default="nebula")
    asked.add_argument("--encoder", type=Path, default=sound_encoder())
    options = asked.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    bench = Bench.open(embedded_model(), options.encoder, find_preset(options.preset), FPS, user_folder("engines"))
    files = [(kind, path) for kind in ("tracks", "sounds") for path in getattr(options, kind)]
    jobs = [(kind, path, method) for kind, path in files for method in options.method]
    for kind, path, method in tqdm(jobs, unit="clip"):
        clip = options.out / f"{kind}-{path.stem}-{method.replace(' ', '-')}.mp4"
        if clip.with_suffix(".json").exists():
            continue
        skip = options.skip if kind == "tracks" else 0.0
        sound = piece(path, options.seconds, skip)
        figures = paint(bench, method, sound, clip)
        told = {"kind": kind, "sound": path.stem, "method": method, **figures}
        part = clip.with_suffix(".json.part")
        part.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        part.replace(clip.with_suffix(".json"))
    rows = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(options.out.glob("*.json"))]
    for kind in ("tracks", "sounds"):
        print(f"\n{kind}\n" + table([row for row in rows if row["kind"] == kind], list(METHODS)))
    for kind, path in files:
        sheet(options.out, kind, path.stem, [name for name in METHODS if name in options.method])


if __name__ == "__main__":
    main()
