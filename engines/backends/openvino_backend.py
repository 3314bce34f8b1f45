"""OpenVINO on the CPU: the quickest way to run a small UNet there.

The networks are converted once a model and size and kept in a cache folder, so that later starts load neither diffusers
nor the torch weights. On CPUs with native bf16 the UNet and the decoder run in it (half the time); elsewhere in f32. The
text encoder always runs in f32: it runs once a prompt.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from engines.backends.base import PLAIN, BackendError, Build, batched, blind
from engines.backends.openvino_quiet import ov
from engines.backends.wrappers import DecodeCall, EncodeCall, TextCall, UNetCall
from engines.model import ModelInfo, load
from engines.styles.branches import StyledCall
from engines.styles.file import checked, fingerprint
from engines.styles.fit import fitted
from engines.tokenizer import Tokenizers

NETWORKS = ("unet", "decoder", "text")
SEEING = ("encoder",)
"""What is converted, into a folder of its own, where pictures are seen."""
BATCHED = ("unet",)
"""And where several latents are taken at once."""
STALE_S = 3600.0
LEAST_ROOM = 64 * 2**20
"""With less left when a conversion fails, that is why."""
LAYOUT_VERSION = 2
"""Raise it when what is converted changes, so that older conversions are made anew."""


class OpenVinoNetworks:
    """A model's networks compiled by OpenVINO for this CPU at one size."""

    name = "openvino"
    device = torch.device("cpu")

    def __init__(
        self, info: ModelInfo, size: tuple[int, int], cache: Path, precision: str | None = None, build: Build = PLAIN
    ) -> None:  # fmt: skip
        # Beside these networks torch has small things to do. Its threads would spin between them on the cores that
        # OpenVINO's need: with two cores a live show had 15 frames/s instead of 19.
        torch.set_num_threads(1)
        self.latent_shape = info.latent_shape(size)
        self._tokenizer = Tokenizers(info)
        self.styles = tuple(map(fingerprint, build.styles))
        self.set_styles((1.0,) * len(self.styles))
        self.batch, self.batches = build.batch, frozenset((1, build.batch))
        folders, seeing = converted(info, size, cache, build)
        folder = folders[1]
        core = ov.Core()
        able = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        self.precision = precision or ("bf16" if "BF16" in able else "f32")
        live = {"INFERENCE_PRECISION_HINT": self.precision, "PERFORMANCE_HINT": "LATENCY"}
        if self.precision == "f32":
            # OpenVINO 2026's fuser of small operations crashes the process on a UNet whose embedding scales and shifts.
            live["SNIPPETS_MODE"] = "DISABLE"
        try:
            self._unets = {
                batch: core.compile_model(place / "unet.xml", "CPU", live).create_infer_request()
                for batch, place in folders.items()
            }
            self._decoder = core.compile_model(folder / "decoder.xml", "CPU", live).create_infer_request()
            self._text = core.compile_model(
                folder / "text.xml", "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
            ).create_infer_request()
            self._encoder = None
            if seeing is not None:
                self._encoder = core.compile_model(seeing / "encoder.xml", "CPU", live).create_infer_request()
        except RuntimeError as error:
            raise BackendError(f"OpenVINO cannot load {folder} ({_first_line(error)}): delete it") from error

    def encode_text(self, text: str) -> torch.Tensor:
        """Token states of a prompt, float32."""
        return torch.from_numpy(self._text.infer([np.array(self._tokenizer(text), np.int64)])[0].copy())

    def unet(
        self, latent: torch.Tensor, timestep: float | torch.Tensor, text: torch.Tensor, factors: torch.Tensor | None
    ) -> torch.Tensor:
        """The UNet's predictions, float32."""
        asked = latent, *batched(timestep, text, factors, len(latent))
        inputs = [tensor.contiguous().numpy() for tensor in asked]
        if self.styles:
            inputs.append(self._weights)
        return torch.from_numpy(self._unets[len(latent)].infer(inputs)[0].copy())

    def set_styles(self, weights: tuple[float, ...]) -> None:
        """Give them to the graph from the next call on."""
        self._weights = np.array(checked(weights, len(self.styles)), np.float32)

    def encode(self, picture: npt.NDArray[np.uint8]) -> torch.Tensor:
        """The clean latent of a picture (height, width, 3), float32."""
        if self._encoder is None:
            raise blind(self.name)
        return torch.from_numpy(self._encoder.infer([np.ascontiguousarray(picture)])[0].copy())

    def decode(self, latent: torch.Tensor, matrix: torch.Tensor, offset: torch.Tensor) -> npt.NDArray[np.uint8]:
        """The picture (height, width, 3)."""
        return self._decoder.infer([latent.contiguous().numpy(), matrix.numpy(), offset.numpy()])[0].copy()


def converted(
    info: ModelInfo, size: tuple[int, int], cache: Path, build: Build = PLAIN
) -> tuple[dict[int, Path], Path | None]:  # fmt: skip
    """The folders with the converted networks by how many latents at once, and that with the encoder, which knows no
    styles, if it sees. That of more than one latent has nothing but the UNet.
    """
    painting = {
        batch: _folder(info, size, cache, Build(build.styles, batch=batch), NETWORKS if batch == 1 else BATCHED)
        for batch in sorted({1, build.batch})
    }
    return painting, _folder(info, size, cache, PLAIN, SEEING) if build.sees else None


def _folder(info: ModelInfo, size: tuple[int, int], cache: Path, build: Build, names: tuple[str, ...]) -> Path:
    """The folder with the networks of these names, made first if need be; a half-made one never gets the final name."""
    key = f"{info.fingerprint}|{info.guidance}|{size}|{ov.__version__}|{LAYOUT_VERSION}"
    if names != NETWORKS:
        key += f"|{' '.join(names)}"
    key += "".join(f"|{fingerprint(style)}" for style in build.styles)
    if build.batch > 1:
        key += f"|batch {build.batch}"
    folder = cache / f"openvino-{hashlib.sha256(key.encode()).hexdigest()[:20]}"
    if all((folder / f"{name}.bin").exists() for name in names):
        return folder
    try:
        cache.mkdir(parents=True, exist_ok=True)
        for left in cache.glob("making-*"):  # of a conversion that was killed
            if time.time() - left.stat().st_mtime > STALE_S:
                shutil.rmtree(left, ignore_errors=True)
        making = Path(tempfile.mkdtemp(dir=cache, prefix="making-"))
    except OSError as error:
        raise BackendError(f"the engine cache {cache} cannot be written ({error.strerror}): free or mend it") from error
    try:
        _convert(info, size, making, build, names)
        making.replace(folder)
    except (OSError, RuntimeError) as error:
        free = shutil.disk_usage(cache).free
        if free < LEAST_ROOM:
            raise BackendError(
                f"the disk of {cache} is full ({free / 1e6:.0f} MB are left): {info.path.name} cannot be converted before "
                "there is room"
            ) from error
        if not folder.exists():  # another process may have made it meanwhile
            raise BackendError(f"{info.path} cannot be converted into {cache} ({_first_line(error)})") from error
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return folder


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _convert(info: ModelInfo, size: tuple[int, int], folder: Path, build: Build, names: tuple[str, ...]) -> None:
    modules = load(info)
    styles = fitted(build.styles, modules.unet, info)
    latent = torch.zeros(info.latent_shape(size))
    ids = torch.tensor(Tokenizers(info)(""))
    text_call = TextCall(modules)
    with torch.inference_mode():
        text = text_call(ids)
    factors = torch.zeros(1, len(info.sound_factors)) if info.sound_factors else None
    unet_call: torch.nn.Module = UNetCall(modules.unet, info)
    unet_inputs = latent.repeat(build.batch, 1, 1, 1), *batched(500.0, text, factors, build.batch)
    if styles:
        unet_call, unet_inputs = StyledCall(unet_call, modules.unet, styles), (*unet_inputs, torch.ones(len(styles)))
    jobs: dict[str, tuple[torch.nn.Module, tuple[torch.Tensor, ...]]] = {
        "unet": (unet_call, unet_inputs),
        "decoder": (DecodeCall(modules.vae), (latent, torch.eye(3), torch.zeros(3))),
        "text": (text_call, (ids,)),
        "encoder": (EncodeCall(modules.vae), (torch.zeros(size[1], size[0], 3, dtype=torch.uint8),)),
    }
    for name in names:
        module, inputs = jobs[name]
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the tracer warns of every shape that it fixes, which is what is wanted
            model = ov.convert_model(module.eval(), example_input=inputs, input=[tuple(i.shape) for i in inputs])
        ov.save_model(model, folder / f"{name}.xml", compress_to_fp16=True)
