"""Which precision for which backend: speed, and how far its pictures are from float32's in PyTorch.

``python -m benchmarks.precision [MODEL] [--json]``

The same prompts and seeds run as streams on every backend and precision that this machine has. ``unet_error``: root mean
square of the difference of one UNet pass, over that of the pass. ``picture_db``: PSNR of the streams' pictures after a
second and a half, when small differences have had time to grow; a stream's own next picture stands beside it as a measure
of what is seen as the same.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engines.backends.base import Networks
from engines.backends.openvino_backend import OpenVinoNetworks
from engines.backends.torch_backend import TorchNetworks
from engines.model import ModelInfo, inspect
from engines.stream import Stream
from visualizer.bench.networks import calls, median_ms
from visualizer.resources import embedded_model, user_folder
from visualizer.snapshots import Picture

PROMPTS = (
    "blazing flames", "northern lights, emerald", "a golden spiral galaxy", "moonlit sea, deep blue", "pink jellyfish",
)  # fmt: skip
FRAMES, FPS = 45, 30.0


def even(info: ModelInfo) -> torch.Tensor | None:
    """Sound factors (1, F) in the middle, for a model that takes them."""
    return torch.full((1, len(info.sound_factors)), 0.5) if info.sound_factors else None


def passes(info: ModelInfo, networks: Networks) -> list[torch.Tensor]:
    """One UNet pass a prompt, at the same noise and times for every backend."""
    found = []
    for number, prompt in enumerate(PROMPTS):
        latent = torch.randn(networks.latent_shape, generator=torch.Generator().manual_seed(number))
        found.append(networks.unet(latent, 900.0 - 150 * number, networks.encode_text(prompt), even(info)))
    return found


def pictures(info: ModelInfo, networks: Networks) -> list[tuple[Picture, Picture]]:
    """The last picture of each prompt's stream, and the one before it."""
    shown = []
    for number, prompt in enumerate(PROMPTS):
        stream = Stream(info, networks)
        stream.set_prompt(prompt)
        controls = {"picture/steps": float(info.steps), "picture/seed": float(number), "picture/walk": 0.3}
        frames = [stream.paint(controls, None, at / FPS) for at in range(FRAMES)]
        shown.append((frames[-1], frames[-2]))
    return shown


def psnr(a: Picture, b: Picture) -> float:
    """Peak signal-to-noise ratio of 8-bit pictures, in dB; 99 where they are equal."""
    error = float(np.square(a.astype(np.float64) - b).mean())
    return 99.0 if error == 0 else 10 * math.log10(255**2 / error)


def measure(info: ModelInfo, networks: Networks, reference: dict[str, Any]) -> dict[str, Any]:
    """Speed and distances of one backend; the reference is filled by the first."""
    made, shown = passes(info, networks), pictures(info, networks)
    reference.setdefault("passes", made)
    reference.setdefault("pictures", shown)
    errors = [float((a - b).norm() / b.norm()) for a, b in zip(made, reference["passes"], strict=True)]
    of_networks = calls(info, networks)
    return {
        "backend": networks.name,
        "precision": networks.precision,
        **{name: median_ms(of_networks[name], networks.device) for name in ("unet_ms", "decode_ms")},
        "unet_error": round(statistics.mean(errors), 5),
        "picture_db": round(
            statistics.median(psnr(a[0], b[0]) for a, b in zip(shown, reference["pictures"], strict=True)), 1
        ),
        "next_picture_db": round(statistics.median(psnr(*pair) for pair in shown), 1),
    }


def main() -> None:
    """Print a row a backend and precision."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", type=Path, default=embedded_model())
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    info = inspect(options.model)
    size, cache = info.native_size, user_folder("engines")
    reference: dict[str, Any] = {}
    rows = [measure(info, TorchNetworks(info, size), reference)]
    rows += [measure(info, OpenVinoNetworks(info, size, cache, kind), reference) for kind in ("f32", "bf16")]
    if options.json:
        print(json.dumps(rows, indent=2))
        return
    print("  ".join(f"{name:>15}" for name in rows[0]))
    for row in rows:
        print("  ".join(f"{value!s:>15}" for value in row.values()))


if __name__ == "__main__":
    main()
