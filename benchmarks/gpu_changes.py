"""Does Stable Diffusion stall when something is changed? ``python -m benchmarks.gpu_changes [--model NAME] [--json]``.

Runs from a bare checkout with torch, diffusers, transformers and OpenCV alone. The show's own stream paints as fast as it
can on a model of full size with random weights and one random style, while prompts, the style's weight and whole looks are
changed: the median gap between two frames, the longest, and their ratio. Then: how many frames a knob and a prompt take
until they are seen, how far the networks' numbers are from float32's, and with ``--endure MINUTES`` whether memory stays
flat.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

from benchmarks.full_size import KINDS, info_of, modules_of, unet_of
from engines.backends.base import Build
from engines.backends.torch_backend import TorchNetworks
from engines.stream import Stream
from visualizer.bench.engines import outputs

RANK = 16
SEEN = 2
"""The largest difference of two pictures, in codes, from which a change is seen: random weights make little of words."""

Change = Callable[[Stream, int], Mapping[str, float]]
"""What is done before a frame, by its number; the values it is painted with."""


def nothing(_: Stream, number: int) -> Mapping[str, float]:
    """Only the picture moves."""
    return {"picture/change": 0.7, "picture/walk": 0.3, "motion/zoom": 0.1}


def knobs(stream: Stream, number: int) -> Mapping[str, float]:
    """Several values turned in every frame."""
    moved = {"motion/zoom": 0.002 * (number % 100), "light/hue": float(number % 90), "lens/swirl": 0.01 * (number % 20)}
    return {**nothing(stream, number), **moved}


def prompts(stream: Stream, number: int) -> Mapping[str, float]:
    """A new prompt every tenth frame, none of them known."""
    if number % 10 == 0:
        stream.set_prompt(f"a glowing city of glass, number {number}")
    return nothing(stream, number)


def style(stream: Stream, number: int) -> Mapping[str, float]:
    """The style's weight turned in every frame."""
    return {**nothing(stream, number), "style/weight_1": (number % 200) / 100}


def looks(stream: Stream, number: int) -> Mapping[str, float]:
    """Another look every thirtieth frame: its prompts, seed and values."""
    if number % 30 == 0:
        stream.set_prompt(f"look {number}", f"its other end {number}", 1.5)
    look = number // 30
    values = {"picture/seed": float(look % 5), "picture/mix": 0.3, "light/contrast": 1 + 0.1 * (look % 3)}
    return {**knobs(stream, number), **values}


CHANGES: dict[str, Change] = {
    "nothing": nothing, "knobs": knobs, "prompts": prompts, "style weight": style, "looks": looks,
}  # fmt: skip


def random_style(kind: Any, folder: Path) -> Path:
    """A LoRA of every attention's projections, as PEFT names them."""
    tensors = {}
    for path, layer in unet_of(kind, torch.device("meta")).named_modules():
        if isinstance(layer, torch.nn.Linear) and path.endswith(("to_q", "to_k", "to_v", "to_out.0")):
            tensors[f"unet.{path}.lora_A.weight"] = torch.randn(RANK, layer.in_features) * 0.02
            tensors[f"unet.{path}.lora_B.weight"] = torch.randn(layer.out_features, RANK) * 0.02
    file = folder / "random.safetensors"
    save_file(tensors, file)
    return file


class Painting:
    """Frames painted one after the other, each waited for."""

    def __init__(self, stream: Stream, steps: int) -> None:
        self.stream, self.steps, self.number = stream, steps, 0

    def paint(self, change: Change) -> np.ndarray:
        """The next frame."""
        self.number += 1
        values = {**change(self.stream, self.number), "picture/steps": float(self.steps)}
        return self.stream.paint(values, None, self.number / 60)

    def gaps(self, change: Change, seconds: float) -> dict[str, float]:
        """Between frames, ms, for so long."""
        for _ in range(10):
            self.paint(change)
        at = [time.perf_counter()]
        while at[-1] - at[0] < seconds:
            self.paint(change)
            at.append(time.perf_counter())
        gaps = 1000 * np.diff(at)
        median, longest = float(np.median(gaps)), float(gaps.max())
        figures = {"median_ms": median, "p99_ms": float(np.percentile(gaps, 99)), "longest_ms": longest}
        return {"frames": len(gaps), **{n: round(v, 3) for n, v in figures.items()}, "ratio": round(longest / median, 2)}


def frames_until_seen(make: Callable[[], Painting], change: Change, act: Callable[[Stream], None]) -> int:
    """How many frames a change takes until the picture is another than without it; 0 where it is never seen in 60."""
    with_it, without = make(), make()
    for _ in range(20):
        with_it.paint(nothing)
        without.paint(nothing)
    act(with_it.stream)
    for count in range(1, 61):
        difference = with_it.paint(change).astype(np.int16) - without.paint(nothing).astype(np.int16)
        if int(np.abs(difference).max()) >= SEEN:
            return count
    return 0


def memory_mb(device: torch.device) -> dict[str, float]:
    """Of this process, and of what it holds on the GPU."""
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    statm = Path("/proc/self/statm")
    if statm.exists():
        held = int(statm.read_text().split()[1]) * resource.getpagesize() / 2**20
    on_gpu = {"gpu": torch.cuda.memory_reserved() / 2**20} if device.type == "cuda" else {}
    return {name: round(megabytes, 1) for name, megabytes in {"process": held, **on_gpu}.items()}


def main() -> None:
    """Measure, and print what was found."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--model", choices=KINDS, default="sd-turbo")
    asked.add_argument("--steps", type=int, default=1)
    asked.add_argument("--seconds", type=float, default=15.0, help="of each kind of change")
    asked.add_argument("--endure", type=float, default=0.0, metavar="MINUTES")
    asked.add_argument("--json", action="store_true")
    options = asked.parse_args()
    kind = KINDS[options.model]
    info, size = info_of(kind), (kind.side, kind.side)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    report: dict[str, Any] = {"model": kind.name, "torch": torch.__version__, "date": time.strftime("%Y-%m-%d")}
    with tempfile.TemporaryDirectory() as folder:
        build = Build(styles=(random_style(kind, Path(folder)),))
        reference = outputs(info, TorchNetworks(info, size, modules_of(kind, device, whole_text=True), precision="f32"))
        networks = TorchNetworks(info, size, modules_of(kind, device, whole_text=True), build=build)
    networks.set_styles((0.0,))
    report["relative_to_f32"] = {
        name: float(f"{float((got - reference[name]).norm() / reference[name].norm()):.2e}")
        for name, got in outputs(info, networks).items()
    }
    painting = Painting(Stream(info, networks), options.steps)
    report["gaps"] = {}
    for name, change in CHANGES.items():
        report["gaps"][name] = painting.gaps(change, options.seconds)
        if not options.json:
            print(f"{name:14}" + "  ".join(f"{key} {value:>8}" for key, value in report["gaps"][name].items()), flush=True)

    def make() -> Painting:
        return Painting(Stream(info, networks), options.steps)

    report["frames_until_seen"] = {
        "a knob": frames_until_seen(make, lambda s, n: {**nothing(s, n), "light/gain": 0.5}, lambda stream: None),
        "a prompt": frames_until_seen(make, nothing, lambda stream: stream.set_prompt("something else entirely")),
    }
    if options.endure:
        kinds, begun = list(CHANGES.values()), time.monotonic()
        report["memory_mb"] = [memory_mb(device)]
        while time.monotonic() - begun < 60 * options.endure:
            painting.gaps(kinds[len(report["memory_mb"]) % len(kinds)], 60 * options.endure / 10)
            report["memory_mb"].append(memory_mb(device))
    if options.json:
        print(json.dumps(report))
        return
    for name in ("relative_to_f32", "frames_until_seen", "memory_mb"):
        print(f"{name}: {report.get(name, 'not asked for')}")


if __name__ == "__main__":
    main()
