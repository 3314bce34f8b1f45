"""Denoising steps under the text, led away from what is not wanted and towards what a sound means.

Several latents may take their steps together, each at a level of its own: the stream's slots do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engines.backends.base import Networks
from engines.guidance import Meant, OutputGuidance, Strength
from engines.schedule import Schedule
from engines.state import State, part, under
from engines.warp import Motion


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a frame is denoised under.

    text, negative: (1, tokens, width). scale: of classifier-free guidance away from ``negative``; 1 is none. refresh: it is
    seen anew in every so many frames. factors: (1, F), the sound factors of a model that takes them. led: what leads the
    clean latents, ``strength`` says how far. dt: seconds since the last frame.
    """

    text: Tensor
    negative: Tensor
    scale: float
    refresh: int
    factors: Tensor | None
    led: Meant | None
    strength: Strength
    dt: float


@dataclass(frozen=True, slots=True)
class Point:
    """A latent (1, C, h, w) on its way: at a level, about to take the step of that number."""

    step: int
    latent: Tensor
    level: float


@dataclass(frozen=True, slots=True)
class Found:
    """What a step finds in a latent: the clean one and its noise, (1, C, h, w) each."""

    clean: Tensor
    noise: Tensor


class Denoiser:
    """Takes steps for one stream, and keeps what its guidance has last seen at each."""

    def __init__(self, networks: Networks, schedule: Schedule) -> None:
        self._networks, self._schedule = networks, schedule
        self._away, self._sound = OutputGuidance(), OutputGuidance()
        self._look_away = self._look_at_sound = False

    def state(self) -> State:
        """What guidance has seen."""
        return under("away", self._away.state()) | under("output", self._sound.state())

    def restore(self, state: State) -> None:
        """Go on from a state."""
        self._away.restore(part("away", state))
        self._sound.restore(part("output", state))

    def run(self, latent: Tensor, levels: Sequence[float], wanted: Wanted, motion: Motion) -> Tensor:
        """A frame's clean latent from one that is noised to the first level, in a step at each."""
        self.begin(wanted, motion, len(levels))
        clean = latent
        for step, (level, following) in enumerate(zip(levels, [*levels[1:], 0.0], strict=True)):
            ((clean, noise),) = self.take([Point(step, latent, level)], wanted)
            latent = self._schedule.noised(clean, noise, following)
        self.end()
        return clean

    def begin(self, wanted: Wanted, motion: Motion, steps: int) -> None:
        """A frame of so many steps begins; its picture has moved by ``motion`` since the last."""
        self._look_away = wanted.scale != 1.0 and self._away.due(wanted.refresh, wanted.dt, steps)
        self._look_at_sound = wanted.led is not None and self._sound.due(wanted.strength.refresh, wanted.dt)
        if wanted.scale == 1.0:
            self._away.forget()
        elif not self._look_away:
            self._away.move(motion)

    def take(self, points: Sequence[Point], wanted: Wanted) -> list[tuple[Tensor, Tensor]]:
        """Each latent's step: (clean latent, noise) that it holds, (1, C, h, w) each."""
        asked = [wanted.text]
        if self._look_away:
            asked.append(wanted.negative)
        if self._look_at_sound and wanted.led is not None:
            asked.append(wanted.led.states)
        said = self._predicted(points, asked, wanted.factors)
        return [self._led(point, [one[i : i + 1] for one in said], wanted) for i, point in enumerate(points)]

    def end(self) -> None:
        """All steps of the frame have been taken."""
        if self._look_away:
            self._away.looked()
        if self._look_at_sound:
            self._sound.looked()

    def _led(self, point: Point, said: list[Tensor], wanted: Wanted) -> tuple[Tensor, Tensor]:
        """What a step finds, led by what was asked in this frame or an earlier one."""
        latent, level = point.latent, point.level
        plain, noise = self._schedule.split(latent, said[0], level)
        if wanted.scale == 1.0 and wanted.led is None:
            return plain, noise
        clean = plain
        if wanted.scale != 1.0:
            if self._look_away:
                self._away.look(point.step, self._schedule.split(latent, said[1], level)[0], plain)
            clean = self._away.lead(point.step, clean, wanted.scale - 1.0)
        if wanted.led is not None:
            if self._look_at_sound:
                sound = self._schedule.split(latent, said[-1], level)[0]
                self._sound.look(point.step, plain, sound, wanted.strength)
            clean = self._sound.lead(point.step, clean, wanted.strength.scale * wanted.led.presence)
        return clean, self._schedule.noise_in(latent, clean, level)

    def _predicted(self, points: Sequence[Point], asked: Sequence[Tensor], factors: Tensor | None) -> list[Tensor]:
        """The UNet's predictions (points, C, h, w) under each text: of two in one pass where the networks take so many."""
        if len(points) not in self._networks.batches:  # fewer slots than the networks were built for
            points = [*points, *[points[-1]] * (self._networks.batch - len(points))]
        latents = torch.cat([point.latent for point in points])
        times = [self._schedule.timestep(point.level) for point in points]
        found = []
        if len(asked) > 1 and 2 * len(points) in self._networks.batches:
            texts = torch.cat([text.expand(len(points), -1, -1) for text in asked[:2]])
            both = self._networks.unet(latents.repeat(2, 1, 1, 1), self._when(times * 2), texts, factors)
            found, asked = list(both.chunk(2)), asked[2:]
        when = self._when(times)
        return [*found, *(self._networks.unet(latents, when, text, factors) for text in asked)]

    def _when(self, times: list[float]) -> float | Tensor:
        return times[0] if len(times) == 1 else torch.tensor(times, device=self._networks.device)
