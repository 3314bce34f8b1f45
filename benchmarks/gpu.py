"""How fast Stable Diffusion streams here: ``python -m benchmarks.gpu [--model NAME …] [--json] [--streamdiffusion PATH]``.

Runs from a bare checkout with torch, diffusers, transformers and OpenCV alone. Models are of full size, with random
weights. Each stage is timed by itself, then whole frames of the show's own stream, a knob turned in each, the picture in
the processor's memory at the end. The floor is the operations of a frame, counted, over the rate at which this very device
multiplies large matrices, measured in the same run. ``--minutes`` ends it in time; what is done is printed, and kept in
``--out`` as it comes.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.full_size import KINDS, Kind, info_of, modules_of, unet_of, vae_of
from engines.backends.base import Build
from engines.backends.torch_backend import TorchNetworks
from engines.light import light_map
from engines.stream import Stream
from visualizer.bench.networks import settle

WARM_UPS = 10
MATRIX = 8192
ATTENTION = ("flash", "fmha", "attention", "softmax")
"""In names of kernels: the first two are fused; a softmax by itself says that it is not."""
BACKENDS = ("eager", "graphed", "compiled")


def timed(call: Callable[[], object], device: torch.device, rounds: int) -> dict[str, float]:
    """Milliseconds of a call, waited for: median and 99th percentile."""
    for _ in range(WARM_UPS if device.type == "cuda" else 1):
        call()
    settle(device)
    spent = []
    for _ in range(rounds):
        begun = time.perf_counter()
        call()
        settle(device)
        spent.append(1000 * (time.perf_counter() - begun))
    return {"p50_ms": round(float(np.median(spent)), 3), "p99_ms": round(float(np.percentile(spent, 99)), 3)}


def rate_of(device: torch.device, dtype: torch.dtype) -> float:
    """Operations a second of large matrix products."""
    side = MATRIX if device.type == "cuda" else 512
    a = torch.randn(side, side, device=device, dtype=dtype)
    spent = timed(lambda: a @ a, device, 20)["p50_ms"]
    return float(2 * side**3 / spent * 1000)


def size_of(text: str) -> tuple[int, int]:
    """(width, height) in pixels from "896x512"."""
    width, height = map(int, text.lower().split("x"))
    return width, height


class Frames:
    """A show's own stream on a model of full size with random weights, and what each of its frames takes."""

    def __init__(self, kind: Kind, size: tuple[int, int], steps: int, backend: str, batch: int = 1) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.info, self.steps = info_of(kind), steps
        modules = modules_of(kind, self.device)
        self.networks = TorchNetworks(
            self.info, size, modules, backend != "eager", backend == "compiled", build=Build(batch=batch)
        )
        self.stream = Stream(self.info, self.networks)
        self.text = self.networks.encode_text("")
        self.latent = torch.randn(self.networks.latent_shape, device=self.device)
        self.latents = self.latent.repeat(batch, 1, 1, 1)
        self.light = light_map(1.0, 1.0, 1.0, 0.0)
        self.number = 0

    @property
    def passes(self) -> int:
        """Of the UNet in a frame."""
        return math.ceil(self.steps / self.networks.batch)

    def unet(self) -> torch.Tensor:
        """One pass."""
        return self.networks.unet(self.latents, 999.0, self.text, None)

    def decode(self) -> np.ndarray:
        """To bytes in the processor's memory."""
        return self.networks.decode(self.latent, *self.light)

    def paint(self) -> np.ndarray:
        """A whole frame, a knob turned."""
        self.number += 1
        knobs = {"picture/steps": float(self.steps), "picture/change": 0.7, "picture/walk": 0.3}
        knobs |= {"motion/zoom": 0.1 + 0.001 * (self.number % 100), "light/hue": float(self.number % 90)}
        return self.stream.paint(knobs, None, self.number / 60)

    def operations(self) -> dict[str, float]:
        """Floating point operations of one UNet pass and one decoding, counted."""
        found = {}
        for name, call in (("unet", self.unet), ("decode", self.decode)):
            with FlopCounterMode(display=False) as counter:
                call()
            found[name] = float(counter.get_total_flops())
        return found


def attention(frames: Frames) -> list[str]:
    """What computes the UNet's attention, by the names of the kernels, or of the operations on a processor."""
    kind = ProfilerActivity.CUDA if frames.device.type == "cuda" else ProfilerActivity.CPU
    with profile(activities=[kind]) as seen:
        frames.unet()
        settle(frames.device)
    return sorted({row.key for row in seen.key_averages() if any(word in row.key.lower() for word in ATTENTION)})


def measure(frames: Frames, operations: dict[str, float], rate: float, rounds: int) -> dict[str, Any]:
    """Every stage and the whole of a frame; its floor, and what share of it is reached."""
    stages = {
        "unet": timed(frames.unet, frames.device, rounds), "decode_and_copy": timed(frames.decode, frames.device, rounds)
    }  # fmt: skip
    whole = timed(frames.paint, frames.device, 3 * rounds)
    floor = 1000 * (frames.steps * operations["unet"] + operations["decode"]) / rate
    known = frames.passes * stages["unet"]["p50_ms"] + stages["decode_and_copy"]["p50_ms"]
    return {
        "stages": stages, "rest_ms": round(whole["p50_ms"] - known, 3), "frame": whole,
        "fps": round(1000 / whole["p50_ms"], 1), "floor_ms": round(floor, 3),
        "of_floor": round(floor / whole["p50_ms"], 3),
    }  # fmt: skip


def streamdiffusion(
    checkout: Path, kind: Kind, size: tuple[int, int], device: torch.device, rounds: int
) -> dict[str, Any]:  # fmt: skip
    """StreamDiffusion's own torch pipeline on the same UNet and decoder, one step, as its README sets it."""
    sys.path.insert(0, str(checkout / "src"))
    from diffusers import LCMScheduler
    from diffusers.image_processor import VaeImageProcessor
    from streamdiffusion import StreamDiffusion  # type: ignore[import-not-found]

    dtype = torch.float16 if device.type == "cuda" else torch.float32

    class Parts:
        """What StreamDiffusion takes of a pipeline."""

        vae_scale_factor, text_encoder = 8, None

    pipe: Any = Parts()
    pipe.unet, pipe.vae, pipe.device = unet_of(kind, device, dtype), vae_of(device, dtype), device
    pipe.scheduler = LCMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
    pipe.image_processor = VaeImageProcessor(8)
    stream = StreamDiffusion(pipe, [0], dtype, width=size[0], height=size[1], cfg_type="none", do_add_noise=False)
    states = torch.randn((1, kind.tokens, kind.width), device=device, dtype=dtype)
    pipe.encode_prompt = lambda *given, **options: (states, states)
    stream.prepare("", num_inference_steps=50)

    def paint() -> np.ndarray:
        picture = stream.txt2img_sd_turbo(1)[0].permute(1, 2, 0)
        return np.asarray((picture.clamp(-1, 1) * 127.5 + 127.5).to(torch.uint8).cpu())

    return {"frame": timed(paint, device, 3 * rounds)}


def main() -> None:
    """Measure what is asked for, and print it."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--model", nargs="+", choices=KINDS, default=["sd-turbo"])
    asked.add_argument("--size", nargs="+", type=size_of, default=[], metavar="WxH", help="instead of the model's own")
    asked.add_argument("--steps", nargs="+", type=int, default=[1, 4])
    asked.add_argument("--backend", nargs="+", choices=BACKENDS, default=["eager", "graphed"])
    asked.add_argument("--batch", nargs="+", type=int, default=[1], metavar="SLOTS", help="of the stream, up to its steps")
    asked.add_argument("--rounds", type=int, default=100)
    asked.add_argument("--minutes", type=float, default=9.0)
    asked.add_argument("--streamdiffusion", type=Path, metavar="PATH", help="a checkout, to be measured beside")
    asked.add_argument("--out", type=Path)
    asked.add_argument("--json", action="store_true")
    options = asked.parse_args()
    begun = time.monotonic()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dtype = torch.float16 if device.type == "cuda" else torch.float32
    machine = torch.cuda.get_device_name() if device.type == "cuda" else platform.processor() or platform.machine()
    rate = rate_of(device, dtype)
    report: dict[str, Any] = {
        "machine": machine, "torch": torch.__version__, "diffusers": diffusers.__version__,
        "date": time.strftime("%Y-%m-%d"), "matrix_tflops": round(rate / 1e12, 2), "runs": [],
    }  # fmt: skip
    jobs = [
        (KINDS[name], size, steps, backend, batch)
        for name in options.model for size in options.size or [(KINDS[name].side, KINDS[name].side)]
        for backend in options.backend for steps in options.steps 
        for batch in options.batch if batch <= steps
    ]  # fmt: skip
    known: dict[tuple[str, tuple[int, int]], dict[str, float]] = {}
    for kind, size, steps, backend, batch in jobs:
        if time.monotonic() - begun > 60 * options.minutes:
            report["left_out"] = report.get("left_out", 0) + 1
            continue
        run: dict[str, Any] = {"model": kind.name, "size": list(size), "steps": steps, "backend": backend, "batch": batch}
        if (kind.name, size) not in known:
            known[kind.name, size] = Frames(kind, size, 1, "eager").operations()
        frames = Frames(kind, size, steps, backend, batch)
        run["attention"] = attention(frames)
        run |= measure(frames, known[kind.name, size], rate, options.rounds)
        if device.type == "cuda":
            run["memory_gib"] = round(torch.cuda.max_memory_allocated() / 2**30, 2)
        del frames
        if options.streamdiffusion and steps == 1:
            theirs = streamdiffusion(options.streamdiffusion, kind, size, device, options.rounds)
            run["streamdiffusion"] = theirs
            run["times_streamdiffusion"] = round(theirs["frame"]["p50_ms"] / run["frame"]["p50_ms"], 2)
        report["runs"].append(run)
        if options.out:
            options.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        if not options.json:
            what = f"{kind.name} {size[0]}x{size[1]} {steps} steps {backend} batch {batch}"
            what += f": {run['frame']}, {run['fps']} frames/s"
            floor = f"{run['of_floor']:.0%} of the floor of {run['floor_ms']} ms"
            print(f"{what}, {floor}; {run['stages']}", flush=True)
    last = f"{machine}, {report['matrix_tflops']} TFLOP/s, torch {torch.__version__}"
    print(json.dumps(report) if options.json else last)


if __name__ == "__main__":
    main()
