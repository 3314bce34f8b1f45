"""Print what one hop (10 ms of stereo sound) of the analysis costs: ``python -m benchmarks.analysis``."""

from __future__ import annotations

import time

import numpy as np

from visualizer.analysis.analyzer import Analyzer
from visualizer.snapshots import HOP_MS, HOP_SAMPLES

HOPS = 2000


def main() -> None:
    """Run noise through the analyzer hop by hop and print the median and the 99th percentile."""
    sound = np.random.default_rng(1).normal(0, 0.1, (HOPS, HOP_SAMPLES, 2)).astype(np.float32)
    analyzer = Analyzer()
    for hop in sound[:100]:
        analyzer.push(hop)
    taken = []
    for hop in sound:
        begun = time.perf_counter_ns()
        analyzer.push(hop)
        taken.append((time.perf_counter_ns() - begun) / 1000)
    median, slow = np.percentile(taken, [50, 99])
    print(f"analysis: median {median:.0f} µs a hop of {HOP_MS:g} ms, 99 % under {slow:.0f} µs")


if __name__ == "__main__":
    main()
