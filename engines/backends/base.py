"""What a backend owes: the three networks of a model at one fixed size, nothing of the stream's logic."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch


class BackendError(RuntimeError):
    """A backend that cannot run here; the message says why and what to do."""


class RoomError(BackendError):
    """There is too little memory, the GPU's or the computer's: what else uses it may be closed."""


class Networks(Protocol):
    """The networks of one model at one size. Tensors are float32 and lie on ``device``, given and taken; the light map may
    lie on the CPU. What a call gives is the caller's own.
    """

    name: str
    precision: str
    latent_shape: tuple[int, int, int, int]
    device: torch.device

    def encode_text(self, text: str) -> torch.Tensor:
        """Token states (1, tokens, width) of a prompt."""
        ...

    def unet(
        self, latent: torch.Tensor, timestep: float, text: torch.Tensor, factors: torch.Tensor | None
    ) -> torch.Tensor:
        """The UNet's prediction for a latent of ``latent_shape``."""
        ...

    def decode(self, latent: torch.Tensor, matrix: torch.Tensor, offset: torch.Tensor) -> npt.NDArray[np.uint8]:
        """The picture (height, width, 3) of a clean latent, with the light map (3, 3), (3,) applied to RGB in 0–1."""
        ...
