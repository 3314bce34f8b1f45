"""What the flash limiter costs: median ms a 512 × 512 frame, passing through and limiting, on one thread.

python benchmarks/flash.py [--json] [--frames 300] [--size 512]
"""

from __future__ import annotations

import argparse
import json
import statistics
import time

import cv2
import numpy as np

from visualizer.output.flash import FlashLimiter
from visualizer.snapshots import Picture

FRAMES_PER_S = 30


def texture(rng: np.random.Generator, size: int) -> Picture:
    """A smooth random picture, as a diffusion model paints one: (size, size, 3) uint8."""
    coarse = rng.integers(0, 256, (12, 12, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC), np.uint8)


def measure(frames: list[Picture], count: int) -> tuple[float, float, float]:
    """Median ms of a frame passed and of one limited (NaN where there is none), and the share limited."""
    limiter = FlashLimiter()
    passed: list[float] = []
    limited: list[float] = []
    for number in range(count):
        frame = frames[number % len(frames)]
        start = time.perf_counter()
        limiter.limit(frame, number / FRAMES_PER_S)
        spent = 1000 * (time.perf_counter() - start)
        (limited if limiter.alpha < 1 else passed).append(spent)
    middle = [statistics.median(ms) if ms else float("nan") for ms in (passed, limited)]
    return middle[0], middle[1], len(limited) / count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--size", type=int, default=512)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    rng = np.random.default_rng(0)
    first, last = texture(rng, options.size), texture(rng, options.size)
    drift = [np.asarray(cv2.addWeighted(first, 1 - i / 150, last, i / 150, 0), np.uint8) for i in range(150)]
    passing, _, touched = measure([*drift, *drift[::-1]], options.frames)
    _, limiting, limited = measure([first, 255 - first], options.frames)
    figures = {
        "size": options.size,
        "pass_through_ms": round(passing, 3),
        "limited_ms": round(limiting, 3),
        "drift_limited_share": round(touched, 3),
        "strobe_limited_share": round(limited, 3),
    }
    if options.json:
        print(json.dumps(figures))
        return
    print(
        f"{options.size}² frame passed through: {passing:.2f} ms (a slow drift, {touched:.0%} of it limited)"
    )
    print(f"{options.size}² frame limited:        {limiting:.2f} ms (a strobe, {limited:.0%} of it limited)")


if __name__ == "__main__":
    main()
