"""TensorRT on an NVIDIA GPU: a model's networks as engines for that very GPU, in fp16.

Engines are built at the first start, and kept; ``visualizer engine build`` builds them ahead. Building, keeping and
refusing are tested without a GPU. What needs one has not been run yet: loading an engine, running it, its CUDA graph, and
so all methods of ``TensorRtNetworks``. ``visualizer engine check`` runs them and compares their numbers with PyTorch's.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from engines.backends.base import PLAIN, Build, batched, blind
from engines.backends.tensorrt.build import Progress
from engines.backends.tensorrt.device import gpu
from engines.backends.tensorrt.library import find_for
from engines.backends.tensorrt.make import BATCHED, Target, engines
from engines.backends.tensorrt.runner import Runner
from engines.backends.tensorrt.store import Header, Store
from engines.model import ModelInfo
from engines.styles.file import checked, fingerprint
from engines.tokenizer import Tokenizers


def build_engines(
    info: ModelInfo, size: tuple[int, int], cache: Path, progress: Progress | None = None, precision: str = "fp16",
    build: Build = PLAIN,
) -> dict[str, tuple[bytes, Header]]:  # fmt: skip
    """Plans and headers of a model's engines for the GPU at hand, by network, built where they are missing.

    Raises BackendError where there is no GPU or no TensorRT for it.
    """
    found = gpu()
    library, target = find_for(found.capability), Target(found.capability, found.name)
    return engines(info, size, Store(cache), library, target, precision=precision, progress=progress, build=build)


class TensorRtNetworks:
    """A model's networks on TensorRT at one size. Raises BackendError where there is no GPU or no TensorRT for it."""

    def __init__(
        self, info: ModelInfo, size: tuple[int, int], cache: Path, precision: str = "fp16", build: Build = PLAIN
    ) -> None:  # fmt: skip
        self.latent_shape = info.latent_shape(size)
        found = gpu()
        self.device = torch.device("cuda")
        library = find_for(found.capability)
        self.name, self.precision, self.version = library.flavour, precision, library.version
        self._tokenizer = Tokenizers(info)
        self.styles = tuple(map(fingerprint, build.styles))
        self._weights: tuple[float, ...] = ()
        self.set_styles((1.0,) * len(self.styles))
        store = Store(cache)
        self.batch, self.batches = build.batch, frozenset((1, build.batch))
        made = build_engines(info, size, cache, precision=precision, build=build)
        self.runners = {name: Runner(library, plan, header, store) for name, (plan, header) in made.items()}
        width, height = size
        self._out = torch.empty((height, width, 3), dtype=torch.uint8, pin_memory=True)

    def encode_text(self, text: str) -> torch.Tensor:
        """Token states of a prompt, float32."""
        return self.runners["text"].run({"ids": torch.tensor(self._tokenizer(text))}).to(torch.float32, copy=True)

    def unet(
        self, latent: torch.Tensor, timestep: float | torch.Tensor, text: torch.Tensor, factors: torch.Tensor | None
    ) -> torch.Tensor:
        """The UNet's predictions, float32."""
        asked = latent, *batched(timestep, text, factors, len(latent))
        inputs = dict(zip(("latent", "timestep", "text", "factors"), asked, strict=False))
        if self.styles:
            inputs["styles"] = self._weighing
        return self.runners["unet" if len(latent) == 1 else BATCHED].run(inputs).to(torch.float32, copy=True)

    def set_styles(self, weights: tuple[float, ...]) -> None:
        """Give them to the engine from the next call on."""
        if checked(weights, len(self.styles)) != self._weights:
            self._weights, self._weighing = weights, torch.tensor(weights, device=self.device)

    def encode(self, picture: npt.NDArray[np.uint8]) -> torch.Tensor:
        """The clean latent of a picture (height, width, 3), float32."""
        if "encoder" not in self.runners:
            raise blind(self.name)
        return self.runners["encoder"].run({"picture": torch.from_numpy(picture)}).to(torch.float32, copy=True)

    def decode(self, latent: torch.Tensor, matrix: torch.Tensor, offset: torch.Tensor) -> npt.NDArray[np.uint8]:
        """The picture (height, width, 3)."""
        picture = self.runners["decoder"].run({"latent": latent, "matrix": matrix, "offset": offset})
        self._out.copy_(picture, non_blocking=True)
        torch.cuda.current_stream().synchronize()
        return self._out.numpy().copy()
