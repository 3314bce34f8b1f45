"""The picture that is painted over: its latent takes the place of a part of the last frame's (SDEdit, Meng et al. 2021)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from engines.backends.base import Networks


class Source:
    """The newest source picture as a latent, encoded when it changes: cameras give fewer pictures than are painted."""

    def __init__(self, networks: Networks) -> None:
        self._networks = networks
        self._seen: tuple[npt.NDArray[np.uint8], bool] | None = None
        self._latent: torch.Tensor | None = None

    def mixed(
        self, latent: torch.Tensor, picture: npt.NDArray[np.uint8], share: float, mirrored: bool = False
    ) -> torch.Tensor:
        """A clean latent with a ``share`` (0–1) of the picture's.

        picture: uint8 RGB (height, width, 3) of the networks' size. The same array again means that the picture has not
        changed. mirrored: left and right exchanged.
        """
        if self._latent is None or self._seen is None or self._seen[0] is not picture or self._seen[1] != mirrored:
            self._seen = picture, mirrored
            self._latent = self._networks.encode(np.ascontiguousarray(picture[:, ::-1]) if mirrored else picture)
        return torch.lerp(latent, self._latent, share)
