"""What a backend owes: the three networks of a model at one fixed size, nothing of the stream's logic."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch


class BackendError(RuntimeError):
    """A backend that cannot run here; the message says why and what to do."""


class RoomError(BackendError):
    """There is too little memory, the GPU's or the computer's: what else uses it may be closed."""


@dataclass(frozen=True, slots=True)
class Build:
    """What networks are made for, beside model and size. styles: LoRA files whose weights can be moved, in order.

    sees: with the encoder of pictures, for ``Networks.encode``. batch: how many latents at once, one a slot of the stream.
    """

    styles: tuple[Path, ...] = ()
    sees: bool = False
    batch: int = 1


PLAIN = Build()
"""A model as it is, for painting alone, a latent at a time."""


def blind(name: str) -> BackendError:
    """What networks say that are to encode a picture, and were made without the encoder."""
    return BackendError(f"the {name} networks were made without the encoder of pictures: open them with Build(sees=True)")


class Networks(Protocol):
    """The networks of one model at one size. Tensors are float32 and lie on ``device``, given and taken; the light map may
    lie on the CPU. What a call gives is the caller's own. styles: the fingerprints of those that were built in. batch: as
    they were built. batches: how many latents the UNet takes at once, 1 and ``batch`` among them.
    """

    name: str
    precision: str
    latent_shape: tuple[int, int, int, int]
    device: torch.device
    styles: tuple[str, ...]
    batch: int
    batches: frozenset[int]

    def encode_text(self, text: str) -> torch.Tensor:
        """Token states (1, tokens, width) of a prompt."""
        ...

    def unet(
        self, latent: torch.Tensor, timestep: float | torch.Tensor, text: torch.Tensor, factors: torch.Tensor | None
    ) -> torch.Tensor:
        """The UNet's prediction for B latents (B, C, h, w) of ``latent_shape``, B one of ``batches``.

        timestep: (B,), or one for all. text: (B or 1, tokens, width). factors: (B or 1, F).
        """
        ...

    def set_styles(self, weights: tuple[float, ...]) -> None:
        """Let each style weigh so much, −2 to 2, from the next call of ``unet`` on; 1 before the first time. Costs nothing
        while they stay what they are.

        Raises ValueError unless there is one weight for each.
        """
        ...

    def encode(self, picture: npt.NDArray[np.uint8]) -> torch.Tensor:
        """The clean latent, as ``decode`` takes it, of a picture (height, width, 3) of the networks' size.

        Raises BackendError where the networks were made without (``Build.sees``).
        """
        ...

    def decode(self, latent: torch.Tensor, matrix: torch.Tensor, offset: torch.Tensor) -> npt.NDArray[np.uint8]:
        """The picture (height, width, 3) of a clean latent, with the light map (3, 3), (3,) applied to RGB in 0–1."""
        ...


def batched(
    timestep: float | torch.Tensor, text: torch.Tensor, factors: torch.Tensor | None, batch: int
) -> list[torch.Tensor]:
    """[timesteps (batch,), text (batch, tokens, width)[, factors (batch, F)]] from what the UNet is asked with."""
    when = timestep if isinstance(timestep, torch.Tensor) else torch.full((batch,), timestep, device=text.device)
    labels = [] if factors is None else [factors.expand(batch, -1)]
    return [when, text.expand(batch, -1, -1), *labels]
