"""What listening costs: ``python -m benchmarks.encoder [--encoder FOLDER] [--hours H] [--json]``.

Hours of sound run through the streaming encoder as fast as it goes, hop by hop as the renderer gets them, on one thread.
step_ms: wall time of the push that completes a step; cpu_ms: CPU time of it, which other programs disturb less; the last
tenth beside the first, and the growth of memory, show whether anything creeps up.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import torch

from visualizer.encoder.config import PUBLISHED, SMALL, EncoderConfig
from visualizer.encoder.network import AudioEncoder, parameters
from visualizer.encoder.streaming import StreamingEncoder
from visualizer.encoder.weights import load_encoder
from visualizer.snapshots import FloatArray

WARM_STEPS = 20


def resident_mb() -> float:
    """Memory that this process holds, in MB; not a number where the system does not tell."""
    if not sys.platform.startswith("linux"):
        return float("nan")
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


def frames(config: EncoderConfig, count: int, random: np.random.Generator) -> FloatArray:
    """Mel (count, bands) of something that changes: bursts of coloured noise."""
    colour = random.uniform(-60, -20, config.mel.bands)
    burst = 20 * random.random((count, 1)) ** 4
    return np.asarray(colour + burst + random.normal(0, 3, (count, config.mel.bands)), np.float32)


def measure(network: AudioEncoder, hours: float) -> dict[str, float]:
    """The figures, by name."""
    config, random = network.config, np.random.default_rng(1)
    encoder = StreamingEncoder(network)
    steps = max(10, round(hours * 3_600_000 / config.step_ms))
    wall, cpu = np.full(steps, 0.0), np.full(steps, 0.0)  # written to, so that they are not taken for growth
    for _ in range(WARM_STEPS):
        encoder.push(frames(config, config.step_frames, random))
    memory = resident_mb()
    for step in range(steps):
        block = frames(config, config.step_frames, random)
        for hop in block[:-1]:
            encoder.push(hop[None])
        begun, begun_cpu = time.perf_counter(), time.thread_time()
        encoder.push(block[-1:])
        wall[step], cpu[step] = time.perf_counter() - begun, time.thread_time() - begun_cpu
    part = max(1, steps // 10)
    return {
        "parameters_m": parameters(network) / 1e6,
        "sound_h": steps * config.step_ms / 3_600_000,
        "step_ms_p50": 1000 * float(np.percentile(wall, 50)),
        "step_ms_p99": 1000 * float(np.percentile(wall, 99)),
        "cpu_ms_p50": 1000 * float(np.percentile(cpu, 50)),
        "cpu_ms_p99": 1000 * float(np.percentile(cpu, 99)),
        "cpu_ms_first_tenth": 1000 * statistics.median(cpu[:part].tolist()),
        "cpu_ms_last_tenth": 1000 * statistics.median(cpu[-part:].tolist()),
        "memory_mb": memory,
        "memory_growth_mb": resident_mb() - memory,
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", type=Path, help="an encoder's folder; random weights of the shipped shape without")
    parser.add_argument("--published", action="store_true", help="random weights of the published shape, no mapper")
    parser.add_argument("--hours", type=float, default=0.02, help="of sound")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    if arguments.encoder:
        network = load_encoder(arguments.encoder)
    else:
        shape = EncoderConfig.from_dict({**PUBLISHED.to_dict(), "mapper": ()}) if arguments.published else SMALL
        network = AudioEncoder(shape)
    figures = measure(network, arguments.hours)
    if arguments.json:
        print(json.dumps(figures))
    else:
        print("\n".join(f"{name:20} {value:.3f}" for name, value in figures.items()))


if __name__ == "__main__":
    main()
