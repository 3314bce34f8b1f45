"""The published method, for pictures that are not painted live (TPoS, Jeong et al. 2023; after SEGA, Brack et al. 2023).

Every picture is denoised from one and the same noise x_T, in many DDIM steps (Song et al. 2021; for flow matching they
are Euler's), each of them ε = ε_u + 7.5·(ε_text − ε_u) + γ, where γ is what the sound adds (``PublishedGuidance``). The
first picture has no sound; what changes from one to the next is the sound's condition alone, slerped from segment to
segment.

The published scales are for models that were trained with the text left out now and then, and whose pictures gain by
guidance. The embedded model was not. Seen on it, at 256×256: with a text scale of 7.5 colours burn to the gamut's edge and
blacks close, though form and palette stay those of the text; what the sound adds at s = 6, λ = 0.9 is right in its colours,
but comes as speckle and grain, and for some pairs of text and sound (a mandala and rain) nothing else is left. A text
scale of 1 takes the burning away, and s = 2, λ = 0.5, t_start = 950 with it most of the grain.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from engines.backends.base import Networks
from engines.guidance import PUBLISHED_TEXT_SCALE, Meant, PublishedGuidance
from engines.light import light_map
from engines.model import ModelInfo
from engines.noise import NoiseWalk
from engines.schedule import Schedule
from engines.slerp import slerp

FIRST_LEVEL = 0.999
"""Where the first step begins. At level 1 a flow is noise and nothing else: its ε says nothing of the clean latent."""

NEUTRAL_FACTOR = 0.5
"""The sound factors of models that take them: the published method knows of none."""


@dataclass(frozen=True, slots=True)
class Published:
    """The published method's settings, by default in the middle of what was published.

    steps: a picture. text_scale: of classifier-free guidance. sound_scale: s, 4 to 10. mask: λ, 0.8 to 0.95 (possible: 0 to
    below 1). start: t_start, 800 to 950 of 1,000; the sound counts below it. Raises ValueError, one sentence.
    """

    steps: int = 50
    text_scale: float = PUBLISHED_TEXT_SCALE
    sound_scale: float = 6.0
    mask: float = 0.9
    start: float = 900.0

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ValueError(f"a picture takes at least 1 step, not {self.steps}")
        if not 0.0 <= self.mask < 1.0:
            raise ValueError(f"the mask leaves out a share from 0 to below 1, not {self.mask:g}")


class PublishedPictures:
    """Paints one prompt from one noise under whatever a sound means; it keeps nothing from picture to picture.

    info, networks: of any model. prompt: in words; the unconditioned one is empty. seed: of x_T, which is the noise that a
    ``Stream`` of this seed begins with.
    """

    def __init__(self, info: ModelInfo, networks: Networks, settings: Published, prompt: str, seed: int) -> None:
        self._networks, self._settings = networks, settings
        self._schedule = Schedule.of(info)
        self._text, self._nothing = networks.encode_text(prompt), networks.encode_text("")
        self._noise = NoiseWalk(networks.latent_shape, seed, networks.device).at(0.0)
        factors = [NEUTRAL_FACTOR] * len(info.sound_factors)
        self._factors = torch.tensor([factors], device=networks.device) if factors else None
        self._light = light_map(1.0, 1.0, 1.0, 0.0)

    def paint(self, meant: Meant | None) -> npt.NDArray[np.uint8]:
        """The picture, RGB (height, width, 3), under what the sound means; None paints the text alone."""
        return self._networks.decode(self.denoise(meant), *self._light)

    def denoise(self, meant: Meant | None) -> torch.Tensor:
        """The clean latent (1, C, h, w) of that picture. How much is meant, its presence, scales s."""
        settings = self._settings
        meant = None if meant is None else meant.on(self._networks.device)
        scale = 0.0 if meant is None else settings.sound_scale * meant.presence
        guidance = PublishedGuidance(scale, settings.mask, settings.start, settings.text_scale)
        latent = clean = self._noise
        levels = self._schedule.levels(FIRST_LEVEL, settings.steps)
        for level, following in zip(levels, [*levels[1:], 0.0], strict=True):
            timestep = self._schedule.timestep(level)
            sound = None
            if meant is not None and scale != 0.0 and guidance.listens(timestep):
                sound = self._noise_found(latent, level, meant.states)
            unconditioned = self._noise_found(latent, level, self._nothing)
            noise = guidance.lead(timestep, unconditioned, self._noise_found(latent, level, self._text), sound)
            clean = self._schedule.clean_in(latent, noise, level)
            latent = self._schedule.noised(clean, noise, following)
        return clean

    def _noise_found(self, latent: torch.Tensor, level: float, states: torch.Tensor) -> torch.Tensor:
        """ε that the network finds in a latent at a level under these states."""
        predicted = self._networks.unet(latent, self._schedule.timestep(level), states, self._factors)
        return self._schedule.split(latent, predicted, level)[1]


def between(first: Meant | None, second: Meant | None, share: float) -> Meant | None:
    """What is meant between two moments, slerped token by token; share: 0 is the first, 1 the second.

    Nothing has no states to come from: beside it only the presence grows or fades.
    """
    if first is None or second is None:
        known = first or second
        if known is None:
            return None
        return Meant(known.states, known.neutral, known.presence * (share if first is None else 1 - share))
    presence = first.presence + share * (second.presence - first.presence)
    return Meant(slerp(first.states, second.states, share), second.neutral, presence)
