"""``visualizer bench frame``: what one frame, one UNet pass and one decode cost on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def bench_frame(
    model: Path, size: tuple[int, int] | None, cache: Path, backend: str = "", seconds: float = 10.0,
    styles: tuple[Path, ...] = (),
) -> dict[str, Any]:  # fmt: skip
    """Paint as fast as the machine can: medians of a whole frame, one UNet pass and one decode, in milliseconds."""
    import torch

    from engines.backends import Build, open_networks
    from engines.model import inspect
    from engines.stream import Stream

    info = inspect(model)
    size = size or info.native_size
    networks = open_networks(info, size, backend, cache, Build(styles))
    stream = Stream(info, networks)
    stream.set_prompt("glowing violet nebula")
    controls = {"picture/steps": float(info.steps), "picture/walk": 0.3}
    for i in range(10):
        stream.paint(controls, None, i / 30)
    whole: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        begun = time.perf_counter()
        stream.paint(controls, None, 1 + len(whole) / 30)
        whole.append(time.perf_counter() - begun)
    latent = torch.randn(networks.latent_shape)
    text = networks.encode_text("glowing violet nebula")
    factors = torch.full((1, len(info.sound_factors)), 0.5) if info.sound_factors else None
    eye, zero = torch.eye(3), torch.zeros(3)
    return {
        "fps": round(1 / float(np.median(whole)), 1),
        "frame_ms": round(1000 * float(np.median(whole)), 2),
        "unet_ms": median_ms(lambda: networks.unet(latent, 500.0, text, factors)),
        "decode_ms": median_ms(lambda: networks.decode(latent, eye, zero)),
        "steps": info.steps,
        "backend": networks.name,
        "size": f"{size[0]}x{size[1]}",
        "precision": networks.precision,
    }


def median_ms(call: Callable[[], object], times: int = 60) -> float:
    """Median time of a call in milliseconds, to hundredths."""
    spent = []
    for _ in range(times):
        begun = time.perf_counter()
        call()
        spent.append(time.perf_counter() - begun)
    return round(1000 * float(np.median(spent)), 2)
