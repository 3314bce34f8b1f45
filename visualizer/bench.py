"""``visualizer bench``: figures of the live show and of one frame, as they are on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from visualizer.live import ShowError, run_headless
from visualizer.show import LiveShow, ShowSettings


def bench_live(settings: ShowSettings, seconds: float, progress: bool = True) -> dict[str, Any]:
    """Run a headless show for ``seconds`` after a short warm-up.

    Delay is from the capture of the newest sound that shaped a frame until the frame is handed to the outputs.
    """
    show = LiveShow(settings)
    show.start()
    try:
        run_headless(show, seconds + 2.0, progress)
        status = show.status
        handed = tuple(show.history)
    finally:
        show.stop()
    frames = [h for h in handed if h.at >= handed[-1].at - seconds]
    if len(frames) < 3:
        raise ShowError("too few frames came to measure anything: give more --seconds")
    delays = np.array([h.delay_s for h in frames]) * 1000
    gaps = np.diff([h.at for h in frames]) * 1000
    return {
        "fps": round((len(frames) - 1) / (frames[-1].at - frames[0].at), 2),
        "delay_ms_p50": round(float(np.percentile(delays, 50)), 1),
        "delay_ms_p99": round(float(np.percentile(delays, 99)), 1),
        "frame_gap_ms_p99": round(float(np.percentile(gaps, 99)), 1),
        "audio_lost_samples": status.lost_samples,
        "backend": status.renderer.backend,
        "size": f"{settings.size[0]}x{settings.size[1]}",
        "precision": status.renderer.precision,
        "target_fps": settings.fps,
        "seconds": seconds,
    }


def bench_frame(
    model: Path, size: tuple[int, int] | None, cache: Path, backend: str = "", seconds: float = 10.0
) -> dict[str, Any]:
    """Paint as fast as the machine can: medians of a whole frame, one UNet pass and one decode, in milliseconds."""
    import torch

    from engines.backends import open_networks
    from engines.model import inspect
    from engines.stream import Stream

    info = inspect(model)
    size = size or info.native_size
    networks = open_networks(info, size, backend, cache)
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
