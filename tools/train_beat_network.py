"""Train ``visualizer/analysis/beat/network.npz``, the network that reads the beat's phase from attacks; needs torch.

``python tools/train_beat_network.py LESSONS.npz … [--out PATH] [--steps N] [--seed N] [--threads N] [--checkpoint PATH]``,
from files that ``beat_lessons`` wrote. The same lessons, steps and seed give the same network, on one machine with one
number of threads; a run that is broken off goes on from its checkpoint. The file says what made it:
``python -c "import numpy; print(numpy.load(PATH)['made'])"``.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from beat_lessons import Lesson, read
from provenance import ROOT, made
from provenance import read as told_by
from torch import Tensor, nn

from visualizer.analysis.beat.attacks import BANDS, FRAME_S
from visualizer.analysis.beat.network import DILATIONS, FIRST_TAPS, INPUTS, PLACES, TAPS, inputs

CHANNELS = 32
"""Of every layer; half as many again cost a frame little, and a training a third."""

FRAMES = 1200
HELD_EVERY = 40
"""Every so many lessons one is held out, to see how the learning goes."""

BATCH, RENDERED = 12, 5
"""Pieces a step, and how many of them are rendered sound, where there are any."""

RATE, WARM_STEPS = 4e-3, 50
SETTLED_S = 4.0
"""Until here a piece counts less: nobody knows the beat at once."""

LOUDER, NOISE, DROPPED, DULL = 0.25, 0.08, 0.05, 0.1
"""How pieces are varied: a gain by band (log-normal), noise, the share of bands that are muted, and the share of pieces
that have no treble from some band on, as a telephone's or an old recording's."""

LOUDER_LEVEL, LEVEL_NOISE = 0.25, 0.05
"""The same for levels: an offset by band, and noise."""

SPLICED, MUTED = 0.3, 0.25
"""How many pieces break off and go on as another one, and in how many some bands, or all, fall silent for a while: after a
change, what was known from long ago must be let go."""

AVERAGED = 150
"""Steps over which the weights that ship are averaged."""

TOLD_EVERY = 500


class Network(nn.Module):
    """What ``visualizer.analysis.beat.network`` runs, over whole pieces: (n, INPUTS, frames) to (n, PLACES, frames)."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv1d(INPUTS, CHANNELS, FIRST_TAPS)
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
        """As in ``network.shapes``, in half precision."""

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


class Lessons:
    """All lessons as tensors, and batches of them, spliced, muted and varied."""

    def __init__(self, lessons: list[Lesson], seed: int) -> None:
        seen = [inputs(one.rises[:FRAMES], one.levels[:FRAMES]).T.astype(np.float32) for one in lessons]
        self.seen = torch.from_numpy(np.stack(seen))
        targets, weights = zip(*map(target, lessons), strict=True)
        self.targets, self.weights = torch.from_numpy(np.stack(targets)), torch.from_numpy(np.stack(weights))
        number = np.arange(len(lessons))
        self.held = number[number % HELD_EVERY == 0]
        sound = np.array([one.rendered for one in lessons])
        learnt = number % HELD_EVERY != 0
        self._rendered, self._sketched = number[learnt & sound], number[learnt & ~sound]
        self.rng = np.random.default_rng(seed)

    def batch(self) -> tuple[Tensor, Tensor, Tensor]:
        """Inputs, shape (BATCH, INPUTS, FRAMES), targets, shape (BATCH, FRAMES, PLACES), and weights (BATCH, FRAMES)."""
        rng = self.rng
        rendered = BATCH if not len(self._sketched) else RENDERED if len(self._rendered) else 0
        rows = [
            rng.choice(pool, count)
            for pool, count in ((self._rendered, rendered), (self._sketched, BATCH - rendered))
            if count
        ]
        chosen = np.concatenate(rows)
        x, wanted, weight = self.seen[chosen], self.targets[chosen], self.weights[chosen]
        for item in range(BATCH):
            if rng.random() < SPLICED:
                cut, other = int(rng.integers(FRAMES // 4, FRAMES * 3 // 4)), int(rng.choice(chosen))
                for part, whole in ((wanted, self.targets), (weight, self.weights)):
                    part[item, cut:] = whole[other, : FRAMES - cut]
                x[item, :, cut:] = self.seen[other, :, : FRAMES - cut]
            if rng.random() < MUTED:
                first, frames = int(rng.integers(FRAMES // 6, FRAMES * 5 // 6)), int(rng.integers(80, 400))
                muted = torch.from_numpy(rng.random(BANDS) < rng.choice([0.55, 1.0], p=[0.7, 0.3]))
                x[item, muted.repeat(2), first : first + frames] = 0.0
        rises, levels = x[:, :BANDS], x[:, BANDS:]
        rises = rises * torch.exp(torch.randn(BATCH, BANDS, 1) * LOUDER) + NOISE * torch.randn(BATCH, BANDS, FRAMES)
        levels = levels + LOUDER_LEVEL * torch.randn(BATCH, BANDS, 1) + LEVEL_NOISE * torch.randn(BATCH, BANDS, FRAMES)
        kept = torch.rand(BATCH, BANDS, 1) >= DROPPED
        dull = torch.rand(BATCH, 1, 1) < DULL
        kept = kept & ~(dull & (torch.arange(BANDS)[:, None] >= torch.randint(2, BANDS, (BATCH, 1, 1))))
        return torch.cat([rises * kept, torch.relu(levels) * kept], 1), wanted, weight


class Run:
    """A training under way: network, its average, optimizer and step, which a checkpoint holds."""

    def __init__(self, lessons: Lessons, steps: int) -> None:
        self._lessons, self._steps, self.step = lessons, steps, 0
        self._network, self.averaged = Network(), Network()
        self.averaged.load_state_dict(self._network.state_dict())
        self._optimizer = torch.optim.AdamW(self._network.parameters(), RATE, betas=(0.9, 0.98), weight_decay=1e-3)

    def advance(self) -> None:
        """One step."""
        for group in self._optimizer.param_groups:
            group["lr"] = RATE * min(1.0, self.step / WARM_STEPS) * min(1.0, max(0.02, 1.2 * (1 - self.step / self._steps)))
        self._optimizer.zero_grad()
        loss(self._network, *self._lessons.batch()).backward()
        nn.utils.clip_grad_norm_(self._network.parameters(), 1.0)
        self._optimizer.step()
        self.step += 1
        with torch.no_grad():
            for mean, now in zip(self.averaged.parameters(), self._network.parameters(), strict=True):
                mean.lerp_(now, 1 / min(self.step + 1, AVERAGED))

    def held_out(self) -> float:
        """The loss of the averaged weights on the lessons that are held out."""
        one = self._lessons
        with torch.no_grad():
            return float(loss(self.averaged, one.seen[one.held], one.targets[one.held], one.weights[one.held]))

    def save(self, path: Path) -> None:
        """Write a checkpoint in one piece."""
        part = path.with_suffix(".part")
        state = {
            "step": self.step, "steps": self._steps, "network": self._network.state_dict(),
            "averaged": self.averaged.state_dict(), "optimizer": self._optimizer.state_dict(),
            "torch": torch.get_rng_state(), "numpy": self._lessons.rng.bit_generator.state,
        }  # fmt: skip
        torch.save(state, part)
        part.replace(path)

    def resume(self, path: Path) -> None:
        """Go on from a checkpoint. Raises ValueError where it is of another number of steps."""
        state = torch.load(path, weights_only=False)
        if state["steps"] != self._steps:
            raise ValueError(f"{path} is of a run of {state['steps']} steps, not {self._steps}: name another checkpoint")
        self.step = state["step"]
        self._network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self._optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["torch"])
        self._lessons.rng.bit_generator.state = state["numpy"]


def loss(network: Network, x: Tensor, wanted: Tensor, weight: Tensor) -> Tensor:
    """Cross-entropy over the places, weighted by frame."""
    told = torch.log_softmax(network(x), 1).transpose(1, 2)
    return -((told * wanted).sum(-1) * weight).sum() / weight.sum()


def main() -> None:
    """Train and write the average of the last weights."""
    asked = argparse.ArgumentParser()
    asked.add_argument("lessons", type=Path, nargs="+")
    asked.add_argument("--out", type=Path, default=ROOT / "visualizer/analysis/beat/network.npz")
    asked.add_argument("--steps", type=int, default=14_000)
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--threads", type=int, default=1)
    asked.add_argument("--checkpoint", type=Path)
    options = asked.parse_args()
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    pieces = list(read(options.lessons))
    run = Run(Lessons(pieces, options.seed), options.steps)
    if options.checkpoint and options.checkpoint.is_file():
        run.resume(options.checkpoint)
    begun, first = time.monotonic(), run.step
    while run.step < options.steps:
        run.advance()
        if run.step % TOLD_EVERY == 0 or run.step == options.steps:
            pace = (run.step - first) / (time.monotonic() - begun)
            print(
                f"{run.step} steps, {pace:.1f} a second: held-out loss {run.held_out():.3f} of {np.log(PLACES):.3f}",
                flush=True,
            )
            if options.checkpoint:
                run.save(options.checkpoint)
    told = made(
        "train_beat_network.py", vars(options), torch=torch.__version__, held_out_loss=round(run.held_out(), 4),
        lessons=[told_by(path) for path in options.lessons],
    )  # fmt: skip
    np.savez_compressed(options.out, **run.averaged.arrays(), made=told)
    print(f"{options.out}: {options.out.stat().st_size} bytes after {run.step} steps on {len(pieces)} pieces")


if __name__ == "__main__":
    main()
