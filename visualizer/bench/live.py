"""``visualizer bench live``: frame rate, delay and losses of a headless show on this machine."""

from __future__ import annotations

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
