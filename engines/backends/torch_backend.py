"""PyTorch: eager on a CPU, half precision in CUDA graphs on an NVIDIA GPU."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from engines.backends.base import PLAIN, BackendError, Build, batched, blind
from engines.backends.faults import fault
from engines.backends.graphed import Graphed
from engines.backends.wrappers import DecodeCall, EncodeCall, TextCall, UNetCall
from engines.model import ModelInfo, Modules, load
from engines.styles.file import checked, fingerprint
from engines.styles.fit import fitted
from engines.styles.merged import Merged
from engines.tokenizer import Tokenizers


class TorchNetworks:
    """A model's networks in PyTorch: fp16 on CUDA, float32 on a CPU (the reference for other backends).

    modules: instead of those in the model's folder. graphed: in CUDA graphs, where there is CUDA. compiled: through
    torch.compile, which takes minutes once and is quicker then. precision: "fp16" or "f32". build: what they are made for.
    Raises BackendError where the GPU's memory does not do.
    """

    def __init__(
        self, info: ModelInfo, size: tuple[int, int], modules: Modules | None = None, graphed: bool = True,
        compiled: bool = False, precision: str | None = None, build: Build = PLAIN,
    ) -> None:  # fmt: skip
        self.name = "compiled" if compiled else "torch"
        self.latent_shape = info.latent_shape(size)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.precision = precision or ("fp16" if self.device.type == "cuda" else "f32")
        self._dtype = torch.float16 if self.precision == "fp16" else torch.float32
        self.batch = build.batch
        # With guidance a step has two questions, which one pass answers.
        self.batches = frozenset(most * times for most in (1, self.batch) for times in (1, 1 + (info.text_scale > 1.0)))
        modules = modules or load(info)
        self._tokenizer = Tokenizers(info)
        styles = fitted(build.styles, modules.unet, info)
        self.styles = tuple(map(fingerprint, build.styles))
        # The autoencoder of the XL families says of itself that it leaves the range of half precision.
        wide = info.pooled and bool(getattr(modules.vae.config, "force_upcast", False))
        self._colours = torch.float32 if wide else self._dtype
        last = {"memory_format": torch.channels_last}
        try:
            unet = UNetCall(modules.unet, info).to(self.device, self._dtype).to(**last)  # type: ignore[call-overload]
            decode = DecodeCall(modules.vae).to(self.device, self._colours).to(**last)  # type: ignore[call-overload]
            self._text = TextCall(modules).to(self.device)
            self._merged = Merged(modules.unet, styles, graphed) if styles else None
            self._weights: tuple[float, ...] = ()
            self.set_styles((1.0,) * len(styles))
            if compiled:
                unet, decode = (torch.compile(call, mode="max-autotune-no-cudagraphs") for call in (unet, decode))
            latent = torch.zeros(self.latent_shape)
            text = self.encode_text("")
            labels = torch.zeros((1, len(info.sound_factors)), device=self.device) if info.sound_factors else None
            self._unet = {}
            for batch in self.batches:
                asked = self._asked(latent.expand(batch, -1, -1, -1), 0.0, text, labels)
                self._unet[batch] = Graphed(unet, asked, graphed)
            self._decode = Graphed(decode, tuple(map(self._seen, (latent, torch.eye(3), torch.zeros(3)))), graphed)
            self._encode: Graphed | None = None
            if build.sees:
                black = torch.zeros(size[1], size[0], 3, dtype=torch.uint8, device=self.device)
                encode = EncodeCall(modules.vae).to(self.device, self._colours)
                self._encode = Graphed(encode.to(**last), (black,), graphed)  # type: ignore[call-overload]
        except Exception as error:
            if (known := fault(error)) is not None:
                raise known from error
            if compiled:  # torch.compile raises whatever the compiler below it does
                first = (str(error).strip().splitlines() or [type(error).__name__])[0]
                raise BackendError(f"{info.path.name} cannot be compiled ({first}): use the torch backend") from error
            raise
        width, height = size
        self._out = torch.empty((height, width, 3), dtype=torch.uint8, pin_memory=self.device.type == "cuda")

    def _in(self, tensor: torch.Tensor) -> torch.Tensor:
        """As the UNet takes it."""
        return tensor.to(self.device, self._dtype, non_blocking=True)

    def _seen(self, tensor: torch.Tensor) -> torch.Tensor:
        """As the decoder takes it."""
        return tensor.to(self.device, self._colours, non_blocking=True)

    @torch.inference_mode()
    def encode_text(self, text: str) -> torch.Tensor:
        """Token states of a prompt, float32."""
        return self._text(torch.tensor(self._tokenizer(text), device=self.device)).float()

    @torch.inference_mode()
    def unet(
        self, latent: torch.Tensor, timestep: float | torch.Tensor, text: torch.Tensor, factors: torch.Tensor | None
    ) -> torch.Tensor:
        """The UNet's predictions, float32."""
        # A copy in every case: the graph writes its buffer anew, also where that is float32 already.
        return self._unet[len(latent)](*self._asked(latent, timestep, text, factors)).to(torch.float32, copy=True)

    def _asked(
        self, latent: torch.Tensor, timestep: float | torch.Tensor, text: torch.Tensor, factors: torch.Tensor | None
    ) -> tuple[torch.Tensor, ...]:
        when, *conditions = batched(timestep, text, factors, len(latent))
        return self._in(latent), when, *map(self._in, conditions)

    def set_styles(self, weights: tuple[float, ...]) -> None:
        """Write them into the UNet's weights, if they are others than before."""
        weights = checked(weights, len(self.styles))
        if self._merged is not None and weights != self._weights:
            self._merged.write(torch.tensor(weights, device=self.device))
            self._weights = weights

    @torch.inference_mode()
    def encode(self, picture: npt.NDArray[np.uint8]) -> torch.Tensor:
        """The clean latent of a picture (height, width, 3), float32."""
        if self._encode is None:
            raise blind(self.name)
        return self._encode(torch.from_numpy(picture).to(self.device)).to(torch.float32, copy=True)

    @torch.inference_mode()
    def decode(self, latent: torch.Tensor, matrix: torch.Tensor, offset: torch.Tensor) -> npt.NDArray[np.uint8]:
        """The picture (height, width, 3)."""
        picture = self._decode(self._seen(latent), self._seen(matrix), self._seen(offset))
        if picture.device.type == "cuda":
            self._out.copy_(picture, non_blocking=True)
            torch.cuda.current_stream().synchronize()  # of this stream alone: the picture is what is waited for
            picture = self._out
        return picture.numpy().copy()
