"""PyTorch: eager on a CPU, half precision on an NVIDIA GPU."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from engines.backends.wrappers import DecodeCall, TextCall, UNetCall
from engines.model import ModelInfo, load
from engines.tokenizer import Tokenizers


class TorchNetworks:
    """A model's networks in eager PyTorch: fp16 on CUDA, float32 on a CPU (the reference for other backends)."""

    name = "torch"

    def __init__(self, info: ModelInfo, size: tuple[int, int]) -> None:
        self.latent_shape = info.latent_shape(size)
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._dtype = torch.float16 if self._device.type == "cuda" else torch.float32
        self.precision = "fp16" if self._device.type == "cuda" else "f32"
        modules = load(info)
        self._tokenizer = Tokenizers(info)
        place = {"device": self._device, "dtype": self._dtype}
        last = {"memory_format": torch.channels_last}
        self._unet = UNetCall(modules.unet, info).to(**place).to(**last)  # type: ignore[call-overload]
        # The decoder of the XL families says of itself that it leaves the range of half precision.
        wide = info.pooled and bool(getattr(modules.vae.config, "force_upcast", False))
        self._colours = torch.float32 if wide else self._dtype
        self._decode = DecodeCall(modules.vae).to(device=self._device, dtype=self._colours).to(**last)  # type: ignore[call-overload]
        self._text = TextCall(modules).to(self._device)

    def _in(self, tensor: torch.Tensor) -> torch.Tensor:
        return tensor.to(self._device, self._dtype)

    @torch.inference_mode()
    def encode_text(self, text: str) -> torch.Tensor:
        """Token states of a prompt, float32 on the CPU."""
        return self._text(torch.tensor(self._tokenizer(text), device=self._device)).float().cpu()

    @torch.inference_mode()
    def unet(
        self, latent: torch.Tensor, timestep: float, text: torch.Tensor, factors: torch.Tensor | None
    ) -> torch.Tensor:
        """The UNet's prediction, float32 on the CPU."""
        labels = None if factors is None else self._in(factors)
        when = torch.tensor([timestep], device=self._device)
        return self._unet(self._in(latent), when, self._in(text), labels).float().cpu()

    @torch.inference_mode()
    def decode(self, latent: torch.Tensor, matrix: torch.Tensor, offset: torch.Tensor) -> npt.NDArray[np.uint8]:
        """The picture (height, width, 3)."""
        place = (self._device, self._colours)
        return self._decode(latent.to(*place), matrix.to(*place), offset.to(*place)).cpu().numpy()
