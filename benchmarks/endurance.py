"""A long stream on real music, offline as fast as it goes: does the picture stay healthy?

``python -m benchmarks.endurance MODEL RUN MUSIC OUT [--minutes 30] [--preset nebula]``

Prompts change every 15 to 40 s. MUSIC is repeated for as long as it takes. The preset drives everything but the light,
so that what is measured is the model's picture. OUT gets endurance.csv (a row a second), endurance.png and
endurance.json. Bounds come from the generator's own pictures. Exit status 1 when a sign left its bounds.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from engines.model import inspect
from engines.training.evaluation.judge import Judge, as_pictures
from engines.training.evaluation.prompts import families_of, naming_both
from engines.training.evaluation.vitals import NAMES, Bounds, Verdict, bounds, verdicts, vitals
from engines.training.visuals import PALETTES
from engines.training.visuals.sounds import FPS
from visualizer.offline import RenderSettings, open_painter, read_sound, render
from visualizer.preset import Preset, find_preset
from visualizer.resources import user_folder
from visualizer.snapshots import SAMPLE_RATE, Picture

PROMPT_S = (15.0, 40.0)
BACK, INK, BAND, MARK = "#101014", "#d8d8e0", "#2a4a3c", "#3a3a46"
CURVES = ("#7fd4ff", "#ffb46b", "#a5e887", "#ff8fb3")


def unlit(preset: Preset) -> Preset:
    """The preset without its light."""
    values = {name: value for name, value in preset.values.items() if not name.startswith("light/")}
    return replace(preset, values=values, routes=tuple(r for r in preset.routes if not r.target.startswith("light/")))


def prompts(seconds: float, seed: int, families: tuple[str, ...]) -> list[tuple[float, str, str]]:
    """(second, prompt, family) for the whole stream."""
    rng, now, out = random.Random(f"endurance-{seed}"), 0.0, list[tuple[float, str, str]]()
    while now < seconds:
        family = rng.choice(families)
        out.append((now, naming_both(family, rng.choice(list(PALETTES)), rng), family))
        now += rng.uniform(*PROMPT_S)
    return out


class Watch:
    """Changes the prompt when it is time, and takes a row of vitals once a second."""

    def __init__(self, settings: RenderSettings, judge: Judge, script: list[tuple[float, str, str]]) -> None:
        self.painter = open_painter(settings)
        self.painter.stream.set_prompt(script[0][1])
        self.rows: list[np.ndarray] = []
        self._judge, self._coming = judge, script[1:]
        self._before: Picture | None = None
        self._motion: list[float] = []

    def see(self, done: int, total: int, picture: Picture) -> None:
        """A frame has been painted; ``done`` counts from 1."""
        if self._before is not None:
            self._motion.append(float(np.abs(picture.astype(np.int16) - self._before).mean()) / 255)
        if done % FPS == 0 and self._before is not None:
            state = self.painter.stream.state
            assert state is not None
            now, before = as_pictures(np.stack([picture, self._before])).float().div(255).split(1)
            row = vitals(torch.from_numpy(state.latent), now, before, self._judge)[0]
            row[NAMES.index("motion")] = np.mean(self._motion)
            self.rows.append(row)
            self._motion.clear()
        self._before = picture
        if self._coming and done >= self._coming[0][0] * FPS:
            self.painter.stream.set_prompt(self._coming.pop(0)[1])


def plot(values: np.ndarray, limits: Bounds, found: list[Verdict], changes: list[float], title: str, out: Path) -> None:
    """Every sign over time with its bounds and verdict, one PNG."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    minutes = np.arange(1, len(values) + 1) / 60
    smooth = max(1, len(values) // 120)
    wide = [NAMES[-1]] * 4  # four rows of four: latent means, deviations, the picture, and the judge over all of a row
    layout: Any = [*(list(NAMES[start : start + 4]) for start in range(0, 12, 4)), wide]
    figure, named = plt.subplot_mosaic(layout, figsize=(20, 13), facecolor=BACK, sharex=True)
    places = [named[name] for name in NAMES]
    for column, (place, verdict) in enumerate(zip(places, found, strict=True)):
        place.set_facecolor(BACK)
        high = 1.0 if verdict.name == "confidence" else limits.high[column]
        place.axhspan(limits.low[column], high, color=BAND, alpha=0.6, lw=0)
        for second in changes[1:]:
            place.axvline(second / 60, color=MARK, lw=0.6, zorder=1)
        curve = values[:, column]
        colour = CURVES[column % 4] if column < 8 else CURVES[0]
        place.plot(minutes, curve, color=colour, lw=0.6, alpha=0.45)
        kernel = np.ones(smooth)
        mean = np.convolve(curve, kernel, "same") / np.convolve(np.ones_like(curve), kernel, "same")
        place.plot(minutes, mean, color=colour, lw=1.6)
        mark = "passed" if verdict.passed else "FAILED"
        place.set_title(
            f"{verdict.name.replace('_', ' ')}  ·  {mark}",
            color=INK if verdict.passed else "#ff6b6b",
            fontsize=11,
            loc="left",
        )
        note = f"outside {100 * verdict.outside:.1f} %   on end {verdict.longest} s   drift {verdict.drift:+.2f} σ"
        place.text(0.99, 0.97, note, transform=place.transAxes, ha="right", va="top", color=INK, fontsize=8, alpha=0.8)
        place.margins(x=0)
        place.tick_params(colors=INK, labelsize=8)
        for spine in place.spines.values():
            spine.set_color(MARK)
    places[-1].set_xlabel("minutes", color=INK, fontsize=9)
    figure.suptitle(title, color=INK, fontsize=14, x=0.02, ha="left")
    figure.tight_layout(rect=(0, 0, 1, 0.985))
    figure.savefig(out, dpi=110, facecolor=BACK)
    plt.close(figure)


def main() -> int:
    """Run the stream; 0 when every sign stayed within its bounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("run", type=Path, help="the training run whose judge looks on")
    parser.add_argument("music", type=Path, help="a sound file")
    parser.add_argument("out", type=Path, help="a folder")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--preset", default="nebula")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pictures", type=int, default=600, help="of the generator, for the bounds")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    judge = Judge.load(options.run)
    limits = bounds(options.model, judge, options.pictures)
    seconds = options.minutes * 60
    sound = read_sound(options.music)
    sound = np.resize(sound, (int(seconds * SAMPLE_RATE), sound.shape[1]))
    info, preset = inspect(options.model), unlit(find_preset(options.preset))
    preset = replace(preset, values={**preset.values, "picture/steps": info.steps})
    settings = RenderSettings(preset, options.model, info.native_size, FPS, user_folder("engines"))
    script = prompts(seconds, options.seed, families_of(options.model))
    settings = replace(settings, preset=replace(preset, values={**preset.values, "picture/prompt": script[0][1]}))
    watch = Watch(settings, judge, script)
    with tqdm(total=int(seconds * FPS), unit="frame", mininterval=2) as bar:

        def each(done: int, total: int, picture: Picture) -> None:
            watch.see(done, total, picture)
            bar.update()

        render(sound, watch.painter, settings, None, each)
    values = np.stack(watch.rows)
    found = verdicts(values, limits)
    with (options.out / "endurance.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["second", *NAMES])
        writer.writerows([number + 1, *(f"{value:.5g}" for value in row)] for number, row in enumerate(values))
    passed = all(verdict.passed for verdict in found)
    summary = {
        "model": info.fingerprint,
        "music": options.music.name,
        "minutes": options.minutes,
        "prompts": len(script),
        "bounds": {name: [float(limits.low[i]), float(limits.high[i])] for i, name in enumerate(NAMES)},
        "verdicts": {verdict.name: asdict(verdict) for verdict in found},
        "passed": passed,
    }
    (options.out / "endurance.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    title = f"{options.minutes:g} min of stream, {len(script)} prompts, {options.music.name}"
    plot(values, limits, found, [second for second, _, _ in script], title, options.out / "endurance.png")
    for verdict in found:
        print(
            f"{verdict.name:15} outside {verdict.outside:6.1%}  on end {verdict.longest:3d} s  "
            f"drift {verdict.drift:+.2f}  {'passed' if verdict.passed else 'FAILED'}"
        )
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
