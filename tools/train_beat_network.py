"""Train ``visualizer/analysis/beat/network.npz``, the network that reads the beat's phase from attacks; needs torch.

``python tools/train_beat_network.py [PATH] [--leave-out FAMILY …] [--seconds N]``. Learnt from the pieces of
``beat_lessons``: random styles of ``beat_music``, most as ``mel_sketch`` draws them, some rendered with the soundfont. No
style or seed of ``bench hearing`` is among them.

What ships was made by a first form of this: 1,360 sketched pieces, none rendered, none spliced or muted, with a generator
that left fewer rests and now and then wrote an empty piece; 4,900 steps in 330 s on one core. This form is to mend what
that one gets wrong after breaks and tempo steps; it has not run in full yet.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from beat_lessons import RENDERED_EVERY, Lesson, lesson
from torch import Tensor, nn

from visualizer.analysis.beat.attacks import BANDS, FRAME_S
from visualizer.analysis.beat.network import CHANNELS, DILATIONS, FIRST_TAPS, PLACES, TAPS

PIECES, HELD = 3200, 64
FRAMES = 1200
BATCH, RENDERED = 12, 4
RATE, WARM_STEPS = 4e-3, 50
SETTLED_S = 4.0
"""Until here a piece counts less: nobody knows the beat at once."""

LOUDER, NOISE, DROPPED = 0.25, 0.08, 0.05
"""How the rises are varied: a gain by band (log-normal), noise, and the share of bands that are muted."""

SPLICED, MUTED = 0.3, 0.25
"""How many pieces break off and go on as another one, and in how many some bands, or all, fall silent for a while: after a
change, what was known from long ago must be let go."""

AVERAGED = 150
"""Steps over which the weights that ship are averaged."""


class Network(nn.Module):
    """What ``visualizer.analysis.beat.network`` runs, over whole pieces: (n, BANDS, frames) to (n, PLACES, frames)."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv1d(BANDS, CHANNELS, FIRST_TAPS)
        self.layers = nn.ModuleList(nn.Conv1d(CHANNELS, CHANNELS, TAPS, dilation=dilation) for dilation in DILATIONS)
        self.mixes = nn.ModuleList(nn.Conv1d(CHANNELS, CHANNELS, 1) for _ in DILATIONS)
        self.places = nn.Conv1d(CHANNELS, PLACES, 1)
        for mix in _convolutions(self.mixes):
            mix.weight.data *= 0.5
            nn.init.zeros_(mix.get_parameter("bias"))

    def forward(self, x: Tensor) -> Tensor:
        """Scores before the softmax."""
        x = torch.relu(self.first(nn.functional.pad(x, (FIRST_TAPS - 1, 0))))
        for layer, mix, dilation in zip(_convolutions(self.layers), _convolutions(self.mixes), DILATIONS, strict=True):
            x = x + mix(torch.relu(layer(nn.functional.pad(x, ((TAPS - 1) * dilation, 0)))))
        return self.places(x)

    def arrays(self) -> dict[str, Any]:
        """As in ``network.SHAPES``, in half precision: 45 kB."""

        def flat(convolution: nn.Conv1d) -> np.ndarray:
            weight = convolution.weight.detach().numpy()
            return weight.transpose(0, 2, 1).reshape(len(weight), -1).astype(np.float16)

        def bias(convolution: nn.Conv1d) -> np.ndarray:
            return convolution.get_parameter("bias").detach().numpy().astype(np.float16)

        return {
            "first": flat(self.first),
            "first_bias": bias(self.first),
            "layers": np.stack([flat(one) for one in _convolutions(self.layers)]),
            "layers_bias": np.stack([bias(one) for one in _convolutions(self.layers)]),
            "mixes": np.stack([flat(one) for one in _convolutions(self.mixes)]),
            "mixes_bias": np.stack([bias(one) for one in _convolutions(self.mixes)]),
            "places": flat(self.places),
            "places_bias": bias(self.places),
        }


def _convolutions(modules: nn.ModuleList) -> list[nn.Conv1d]:
    return [module for module in modules if isinstance(module, nn.Conv1d)]


def target(one: Lesson) -> tuple[np.ndarray, np.ndarray]:
    """Shares of the two nearest places, shape (FRAMES, PLACES), and each frame's weight, shape (FRAMES,)."""
    number, phase, _ = one.places()
    inside = np.flatnonzero(number[:FRAMES] >= 0)
    at = phase[inside] * PLACES - 0.5
    below = np.floor(at).astype(np.intp)
    shares, weights = np.zeros((FRAMES, PLACES), np.float32), np.zeros(FRAMES, np.float32)
    shares[inside, below % PLACES] = 1 - at + below
    shares[inside, (below + 1) % PLACES] += at - below
    weights[inside] = np.clip(inside * FRAME_S / SETTLED_S, 0.1, 1.0)
    return shares, weights


def main() -> None:
    """Train for a while and write the average of the last weights."""
    asked = argparse.ArgumentParser()
    asked.add_argument("path", nargs="?", type=Path)
    asked.add_argument("--leave-out", nargs="*", default=[])
    asked.add_argument("--seconds", type=float, default=720.0)
    options = asked.parse_args()
    folder = Path(__file__).resolve().parent.parent / "visualizer/analysis/beat"
    path = options.path or folder / "network.npz"
    torch.manual_seed(0)
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    lessons = [lesson(index, tuple(options.leave_out)) for index in range(PIECES)]
    sound = torch.from_numpy(np.log1p([one.rises[:FRAMES].T for one in lessons]).astype(np.float32))
    targets, weights = (torch.from_numpy(np.stack(part)) for part in zip(*map(target, lessons), strict=True))
    from_sound = np.arange(HELD, PIECES) % RENDERED_EVERY == 0
    rendered, sketched = np.flatnonzero(from_sound) + HELD, np.flatnonzero(~from_sound) + HELD
    network, averaged = Network(), Network()
    averaged.load_state_dict(network.state_dict())
    optimizer = torch.optim.AdamW(network.parameters(), RATE, betas=(0.9, 0.98), weight_decay=1e-3)

    def loss(net: Network, x: Tensor, wanted: Tensor, weight: Tensor) -> Tensor:
        told = torch.log_softmax(net(x), 1).transpose(1, 2)
        return -((told * wanted).sum(-1) * weight).sum() / weight.sum()

    begun, step = time.process_time(), 0
    while (share := (time.process_time() - begun) / options.seconds) < 1:
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, step / WARM_STEPS) * min(1.0, max(0.02, 1.2 * (1 - share)))
        rows = np.concatenate([rng.choice(rendered, RENDERED), rng.choice(sketched, BATCH - RENDERED)])
        x, wanted, weight = sound[rows], targets[rows], weights[rows]
        for item in range(BATCH):
            if rng.random() < SPLICED:
                cut, other = int(rng.integers(FRAMES // 4, FRAMES * 3 // 4)), int(rng.choice(rows))
                for part, whole in ((wanted, targets), (weight, weights)):
                    part[item, cut:] = whole[other, : FRAMES - cut]
                x[item, :, cut:] = sound[other, :, : FRAMES - cut]
            if rng.random() < MUTED:
                first, frames = int(rng.integers(FRAMES // 6, FRAMES * 5 // 6)), int(rng.integers(80, 400))
                muted = torch.from_numpy(rng.random(BANDS) < rng.choice([0.55, 1.0], p=[0.7, 0.3]))
                x[item, muted, first : first + frames] = 0.0
        x = x * torch.exp(torch.randn(BATCH, BANDS, 1) * LOUDER) + NOISE * torch.randn(BATCH, BANDS, FRAMES)
        x = x * (torch.rand(BATCH, BANDS, 1) >= DROPPED)
        optimizer.zero_grad()
        loss(network, x, wanted, weight).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        step += 1
        with torch.no_grad():
            for mean, now in zip(averaged.parameters(), network.parameters(), strict=True):
                mean.lerp_(now, 1 / min(step + 1, AVERAGED))
            if step % 500 == 0:
                held = float(loss(averaged, sound[:HELD], targets[:HELD], weights[:HELD]))
                print(f"{step} steps: held-out loss {held:.3f} of {np.log(PLACES):.3f}")
    np.savez_compressed(path, **averaged.arrays())
    print(f"{path}: {path.stat().st_size} bytes after {step} steps on {PIECES} pieces")


if __name__ == "__main__":
    main()
