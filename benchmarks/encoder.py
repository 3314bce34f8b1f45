"""What listening costs, and whether it is right: ``python -m benchmarks.encoder [--encoder FOLDER] [--hours H] [--json]``.

Hours of sound run through mel and streaming encoder as fast as it goes, hop by hop as in the show, on one thread.
step_ms: wall time of the push that completes a step; cpu_ms: CPU time of it, which other programs disturb less; the first
and the last tenth, and memory at both ends, show whether anything creeps up. The line is 8 ms a step.

``--check`` runs ten minutes of sound through the mel and the encoder in blocks of random sizes, and prints how far latents
and attention are at most from those of the whole sound at once.
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

from visualizer.analysis.mel import LogMel
from visualizer.encoder.config import PUBLISHED, SMALL, EncoderConfig
from visualizer.encoder.network import AudioEncoder, parameters
from visualizer.encoder.streaming import Encoded, StreamingEncoder
from visualizer.encoder.weights import load_encoder
from visualizer.snapshots import FloatArray

WARM_STEPS = 20
LINE_MS = 8.0
CHECKED_S = 600
LARGEST_BLOCK_S = 0.1
NEAR = 1e-4
"""Difference of unit latents that float32 may make over ten minutes."""


class Sound:
    """Stereo that changes about once a second: tones in noise, loud, soft, and silence in between; seeded."""

    def __init__(self, rate: int, seed: int) -> None:
        self._rate, self._random = rate, np.random.default_rng(seed)
        self._left = np.zeros((0, 2), np.float32)

    def take(self, samples: int) -> FloatArray:
        """The next samples, (samples, 2)."""
        while len(self._left) < samples:
            self._left = np.concatenate([self._left, self._next()])
        taken, self._left = self._left[:samples], self._left[samples:]
        return taken

    def _next(self) -> FloatArray:
        random = self._random
        count = int(self._rate * random.uniform(0.3, 2.0))
        if random.random() < 0.15:
            return np.zeros((count, 2), np.float32)
        time_s = np.arange(count) / self._rate
        tones = sum(np.sin(2 * np.pi * hertz * time_s) for hertz in np.exp(random.uniform(4, 9, 3)))
        wave = (tones * random.random())[:, None] + random.normal(0, random.random(), (count, 2))
        return np.asarray(wave * 10 ** (random.uniform(-60, -12) / 20), np.float32)


def resident_mb() -> float:
    """Memory that this process holds, in MB; not a number where the system does not tell."""
    if not sys.platform.startswith("linux"):
        return float("nan")
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


def measure(network: AudioEncoder, hours: float) -> dict[str, float]:
    """The figures of so many hours of sound, by name."""
    config = network.config
    encoder, mel, sound = StreamingEncoder(network), LogMel(config.mel), Sound(config.mel.sample_rate, 1)
    steps = max(10, round(hours * 3_600_000 / config.step_ms))
    wall, cpu = np.full(steps, 0.0), np.full(steps, 0.0)  # written to, so that they are not taken for growth
    for _ in range(WARM_STEPS * config.step_frames):
        encoder.push(mel.push(sound.take(config.mel.hop)))
    memory, start = resident_mb(), time.perf_counter()
    for step in range(steps):
        for _ in range(config.step_frames - 1):
            encoder.push(mel.push(sound.take(config.mel.hop)))
        frame = mel.push(sound.take(config.mel.hop))
        begun, begun_cpu = time.perf_counter(), time.thread_time()
        encoder.push(frame)
        wall[step], cpu[step] = time.perf_counter() - begun, time.thread_time() - begun_cpu
    took, after = time.perf_counter() - start, resident_mb()
    part = max(1, steps // 10)
    return {
        "parameters_m": parameters(network) / 1e6,
        "sound_h": steps * config.step_ms / 3_600_000,
        "times_real_time": steps * config.step_ms / 1000 / took,
        "step_ms_p50": 1000 * float(np.percentile(wall, 50)),
        "step_ms_p99": 1000 * float(np.percentile(wall, 99)),
        "cpu_ms_p50": 1000 * float(np.percentile(cpu, 50)),
        "cpu_ms_p99": 1000 * float(np.percentile(cpu, 99)),
        "cpu_ms_first_tenth": 1000 * statistics.median(cpu[:part].tolist()),
        "cpu_ms_last_tenth": 1000 * statistics.median(cpu[-part:].tolist()),
        "memory_mb_start": memory,
        "memory_mb_end": after,
        "memory_growth_mb": after - memory,
    }


def verdict(figures: dict[str, float]) -> str:
    """Whether a step stays below the line."""
    median, late = figures["step_ms_p50"], figures["step_ms_p99"]
    held = "is missed"
    if median <= LINE_MS:
        held = "holds for 99 % of the steps" if late <= LINE_MS else "holds for half the steps"
    return f"The line of {LINE_MS:g} ms a step {held}: median {median:.2f} ms, 99 % within {late:.2f} ms."


def check(network: AudioEncoder, seconds: float, seed: int = 1) -> dict[str, float]:
    """The largest differences between a stream cut at random and the whole, and how many steps and blocks there were."""
    config, random = network.config, np.random.default_rng(seed)
    rate = config.mel.sample_rate
    whole = Sound(rate, seed).take(round(seconds * rate))
    encoder, mel = StreamingEncoder(network), LogMel(config.mel)
    found: list[Encoded] = []
    at = blocks = 0
    while at < len(whole):
        size = int(random.integers(1, round(LARGEST_BLOCK_S * rate) + 1))
        found += encoder.push(mel.push(whole[at : at + size]))
        at, blocks = at + size, blocks + 1
    with torch.inference_mode():
        frames = torch.from_numpy(LogMel(config.mel).push(whole))
        latents, attention = (value[0].numpy() for value in network.eval()(frames[None]))
    if len(found) != len(latents):
        raise RuntimeError(f"the stream gave {len(found)} steps, the whole sound {len(latents)}")
    return {
        "checked_s": seconds,
        "blocks": float(blocks),
        "steps": float(len(latents)),
        "latent_difference": float(np.abs(np.stack([step.latent for step in found]) - latents).max()),
        "attention_difference": float(np.abs(np.stack([step.attention for step in found]) - attention).max()),
    }


def main() -> int:
    """Print the figures; 1 where a check fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", type=Path, help="an encoder's folder; random weights of the shipped shape without")
    parser.add_argument("--published", action="store_true", help="random weights of the published shape, no mapper")
    parser.add_argument("--hours", type=float, default=0.02, help="of sound")
    parser.add_argument("--check", action="store_true", help="compare a stream cut at random with the whole, and stop")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    if arguments.encoder:
        network = load_encoder(arguments.encoder)
    else:
        shape = EncoderConfig.from_dict({**PUBLISHED.to_dict(), "mapper": ()}) if arguments.published else SMALL
        network = AudioEncoder(shape)
    figures = check(network, CHECKED_S) if arguments.check else measure(network, arguments.hours)
    if arguments.json:
        print(json.dumps(figures))
    else:
        print("\n".join(f"{name:20} {value:.3g}" for name, value in figures.items()))
        if not arguments.check:
            print(verdict(figures))
    return int(arguments.check and not max(figures["latent_difference"], figures["attention_difference"]) < NEAR)


if __name__ == "__main__":
    sys.exit(main())
