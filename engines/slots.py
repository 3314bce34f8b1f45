"""Stream batch: pictures at different steps of their denoising share one pass of the UNet (Kodaira et al. 2023).

In every frame a latent enters at the first slot, each slot takes the steps that are its own, and what leaves the last is
shown. A frame then costs one pass of several latents instead of several passes of one, and its picture entered some frames
ago. But nothing that is asked for waits so long: a slot holds what its steps have found, not a noised latent, so in each
frame it is moved, noised to the level that the schedule of now has for its place, and denoised under the text of now.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from engines.denoise import Denoiser, Point, Wanted
from engines.schedule import Schedule
from engines.state import State
from engines.warp import Motion, warp


class Slots:
    """What is on its way to being shown. batch: how many latents the networks take at once, and so the most slots."""

    def __init__(self, schedule: Schedule, denoiser: Denoiser, batch: int) -> None:
        self._schedule, self._denoiser, self._batch = schedule, denoiser, batch
        self._clean: list[Tensor] = []
        self._drift: list[Tensor] = []  # the noise that a slot has found, less the walk's: it moves as a picture does

    @property
    def delay_frames(self) -> int:
        """Frames from a latent's entry to its picture."""
        return max(len(self._clean) - 1, 0)

    def plan(self, steps: int) -> tuple[int, int]:
        """(slots, steps that each takes in a frame) for so many steps at least."""
        each = math.ceil(steps / self._batch)
        return math.ceil(steps / each), each

    def begin(self, clean: Tensor) -> None:
        """A picture (1, C, h, w) from elsewhere: the next frame fills all slots with it."""
        self._clean, self._drift = [clean], [torch.zeros_like(clean)]

    def advance(self, entering: Tensor, noise: Tensor, level: float, steps: int, wanted: Wanted, motion: Motion) -> Tensor:
        """The clean latent (1, C, h, w) of the next frame.

        entering: what the first slot takes up, moved already. noise: the walk's of now. level: to which it is noised.
        """
        slots, each = self.plan(steps)
        # Where there are more slots than before, the last picture fills those that nothing has reached.
        before = [min(place, len(self._clean) - 1) for place in range(slots - 1)]
        cleans = [entering, *(warp(self._clean[place], motion) for place in before)]
        noises = [noise, *(noise + warp(self._drift[place], motion) for place in before)]
        levels = self._schedule.levels(level, slots * each)
        self._denoiser.begin(wanted, motion, len(levels))
        for turn in range(each):
            points = []
            for place, (clean, rest) in enumerate(zip(cleans, noises, strict=True)):
                step = place * each + turn
                points.append(Point(step, self._schedule.noised(clean, rest, levels[step]), levels[step]))
            found = self._denoiser.take(points, wanted)
            cleans, noises = [clean for clean, _ in found], [rest for _, rest in found]
        self._denoiser.end()
        self._clean, self._drift = cleans, [rest - noise for rest in noises]
        return cleans[-1]

    def state(self) -> State:
        """What is on its way."""
        return {"clean": torch.cat(self._clean), "drift": torch.cat(self._drift)} if self._clean else {}

    def restore(self, state: State) -> None:
        """Go on from a state."""
        self._clean, self._drift = (list(state[name].split(1)) if name in state else [] for name in ("clean", "drift"))
