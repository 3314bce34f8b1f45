"""``visualizer bench frame``: what one frame, one UNet pass and one decode cost on this machine."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from visualizer.bench.networks import PROMPT, calls, median_ms

if TYPE_CHECKING:
    from engines.backends import Build


def bench_frame(
    model: Path, size: tuple[int, int] | None, cache: Path, backend: str, seconds: float, build: Build
) -> dict[str, Any]:
    """Paint as fast as the machine can: medians of a whole frame, one UNet pass and one decode, in milliseconds.

    build: what the networks are made for beside; a UNet pass is one of as many latents as it says.
    """
    from engines.backends import open_networks
    from engines.model import inspect
    from engines.stream import Stream

    info = inspect(model)
    size = size or info.native_size
    networks = open_networks(info, size, backend, cache, build)
    stream = Stream(info, networks)
    stream.set_prompt(PROMPT)
    controls = {"picture/steps": float(info.steps), "picture/walk": 0.3}
    for i in range(10):
        stream.paint(controls, None, i / 30)
    whole: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        begun = time.perf_counter()
        stream.paint(controls, None, 1 + len(whole) / 30)
        whole.append(time.perf_counter() - begun)
    of_networks = calls(info, networks)
    return {
        "fps": round(1 / float(np.median(whole)), 1),
        "frame_ms": round(1000 * float(np.median(whole)), 2),
        **{name: median_ms(of_networks[name], networks.device) for name in ("unet_ms", "decode_ms")},
        "steps": info.steps,
        "batch": networks.batch,
        "delay_frames": stream.delay_frames,
        "backend": networks.name,
        "size": f"{size[0]}x{size[1]}",
        "precision": networks.precision,
    }
