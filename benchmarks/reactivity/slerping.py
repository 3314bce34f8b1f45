"""What stable-diffusion-videos does with sound, as a painter to compare with: slerp between prompts and seeds.

Its pictures go from one prompt and noise to the next; sound does not choose what is painted, but how fast the way is gone:
the share of the way at a moment is the share of all percussive onset strength that has been heard by then. Every picture is
denoised from its own noise. Written from the description of the method, not from its code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from engines.backends import Networks
from engines.light import light_map
from engines.model import ModelInfo
from engines.noise import NoiseWalk
from engines.schedule import Schedule
from engines.slerp import slerp
from engines.state import State
from visualizer.analysis.analyzer import Analyzer
from visualizer.preset import Preset
from visualizer.snapshots import SAMPLE_RATE, Controls, FloatArray, Picture

LEG_S = 3.0
"""From one prompt to the next."""


class SlerpPainter:
    """Slerp between prompts. steps: denoising steps a picture."""

    def __init__(self, info: ModelInfo, networks: Networks, prompts: Sequence[str], steps: int) -> None:
        self._networks, self._steps = networks, steps
        self._schedule = Schedule.of(info)
        self._texts = [networks.encode_text(prompt) for prompt in prompts]
        self._noises = [NoiseWalk(networks.latent_shape, seed).at(0.0) for seed in range(len(prompts))]
        self._factors = torch.full((1, len(info.sound_factors)), 0.5) if info.sound_factors else None
        self._light = light_map(1.0, 1.0, 1.0, 0.0)

    def begin(self, preset: Preset, sound: FloatArray) -> None:
        """Share out the way by the onset strength of the whole sound, leg by leg."""
        strength = np.array([heard.onset for heard in Analyzer().push(sound)]) + 1e-3
        hop = 0.01
        self._way = np.zeros(len(strength) + 1)
        leg = round(LEG_S / hop)
        for start in range(0, len(strength), leg):
            part = np.cumsum(strength[start : start + leg])
            length = min(1.0, len(part) / leg)
            self._way[start + 1 : start + 1 + len(part)] = start / leg + length * part / part[-1]

    def say(self, prompts: tuple[str, str], fade_s: float) -> None:
        """Nothing: it has prompts of its own."""

    def hear(self, mel: FloatArray, dt: float) -> None:
        """Nothing: the way is known."""

    def paint(self, controls: Controls, time: float) -> Picture:
        """The picture where the way has come to by the sound of the controls."""
        place = self._way[min(controls.sample * 100 // SAMPLE_RATE, len(self._way) - 1)]
        leg, share = int(place), float(place - int(place))
        here, there = leg % len(self._texts), (leg + 1) % len(self._texts)
        text = slerp(self._texts[here], self._texts[there], share)
        noise = slerp(self._noises[here].flatten(), self._noises[there].flatten(), share).view(self._noises[0].shape)
        return self._networks.decode(self._denoise(noise, text), *self._light)

    def _denoise(self, latent: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        levels = self._schedule.levels(1.0, self._steps)
        clean = latent
        for level, following in zip(levels, [*levels[1:], 0.0], strict=True):
            predicted = self._networks.unet(latent, self._schedule.timestep(level), text, self._factors)
            clean, noise = self._schedule.split(latent, predicted, level)
            latent = self._schedule.noised(clean, noise, following)
        return clean

    def state(self) -> State:
        """A picture depends on the sound alone."""
        return {}

    def restore(self, state: State) -> None:
        """Nothing is kept."""

    def about(self) -> Mapping[str, Any]:
        """What shapes the pictures."""
        return {"method": "slerp", "steps": self._steps}
