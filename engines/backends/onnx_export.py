"""A model's networks as ONNX graphs at fixed shapes, for engines that are built from ONNX.

What is exported are the functions that every backend runs (``wrappers.py``). In fp16 a graph is fp16 throughout, for a
strongly typed engine computes what the graph says: a layer in fp32 between two in fp16 would cost more than it brings.
Only what depends on the timestep alone, and the sum that makes a velocity of the UNet's answer, stay in fp32: they hold
no weights, and fp16 knows timesteps above 512 only by halves. ``wide_layers`` finds what strays.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from engines.backends.base import PLAIN, BackendError, Build, batched
from engines.backends.wrappers import DecodeCall, EncodeCall, TextCall, UNetCall
from engines.model import ModelInfo, Modules
from engines.styles.branches import StyledCall
from engines.styles.fit import fitted
from engines.tokenizer import Tokenizers

if TYPE_CHECKING:
    import onnx

PRECISIONS = {"fp16": torch.float16, "fp32": torch.float32}
NETWORKS = ("unet", "decoder", "text")
ENCODER = "encoder"
"""Beside them where pictures are seen."""
OPSET = 21
HEAVY = {"Attention", "Conv", "ConvTranspose", "Gemm", "GroupNormalization", "InstanceNormalization", "LayerNormalization",
         "MatMul", "Softmax"}  # fmt: skip
"""Operators that a network's time goes into."""


@dataclass(frozen=True, slots=True)
class Network:
    """One network, ready to be exported: the module, its inputs in order by name, and its output's name."""

    module: torch.nn.Module
    inputs: dict[str, torch.Tensor]
    output: str


def network(
    name: str, modules: Modules, info: ModelInfo, size: tuple[int, int], precision: str, build: Build = PLAIN
) -> Network:  # fmt: skip
    """The "unet", "decoder", "text" or "encoder" network of a loaded model at (width, height), in "fp16" or "fp32".

    unet: latent (B, C, h, w), timestep (B,), text (B, tokens, width)[, factors (B, F)][, styles (S,)] → prediction
    (B, C, h, w), B the build's batch; the modules' own UNet has the styles' branches afterwards.
    decoder: latent, matrix (3, 3), offset (3,) → picture (height, width, 3), uint8. text: ids (encoders, tokens), int64 →
    states (1, tokens, width). encoder: picture → latent. Timestep, ids and pictures have types of their own; the rest has
    that of the precision, and so have the modules afterwards.
    """
    dtype = PRECISIONS[precision]
    latent = torch.zeros(info.latent_shape(size), dtype=dtype)
    if name == "decoder":
        light = {"matrix": torch.eye(3, dtype=dtype), "offset": torch.zeros(3, dtype=dtype)}
        return Network(DecodeCall(modules.vae.to(dtype)).eval(), {"latent": latent, **light}, "picture")
    if name == ENCODER:
        picture = torch.zeros(size[1], size[0], 3, dtype=torch.uint8)
        return Network(EncodeCall(modules.vae.to(dtype)).eval(), {"picture": picture}, "latent")
    ids, text_call = torch.tensor(Tokenizers(info)("")), TextCall(modules)
    if name == "text":
        return Network(text_call.to(dtype).eval(), {"ids": ids}, "states")
    with torch.no_grad():
        text = text_call(ids).to(dtype)
    factors = torch.zeros(1, len(info.sound_factors), dtype=dtype) if info.sound_factors else None
    asked = latent.repeat(build.batch, 1, 1, 1), *batched(500.0, text, factors, build.batch)
    inputs = dict(zip(("latent", "timestep", "text", "factors"), map(torch.Tensor.contiguous, asked), strict=False))
    call: torch.nn.Module = UNetCall(modules.unet, info)
    if styles := fitted(build.styles, modules.unet, info):
        call, inputs["styles"] = StyledCall(call, modules.unet, styles), torch.ones(len(styles), dtype=dtype)
    return Network(call.to(dtype).eval(), inputs, "prediction")


def export(wanted: Network, path: Path) -> None:
    """Write a network to ``path`` (.onnx), its weights beside it.

    Raises BackendError where the exporter is not installed or a network cannot be exported, OSError where the file cannot
    be written.
    """
    try:
        import onnxscript  # noqa: F401  (torch's exporter asks for it late, and at length)
    except ImportError as error:
        raise BackendError(f"ONNX export needs another package ({error}): pip install onnx onnxscript") from error
    try:
        with torch.no_grad(), _quiet():
            torch.onnx.export(
                wanted.module, tuple(wanted.inputs.values()), str(path), dynamo=True, external_data=True,
                input_names=list(wanted.inputs), output_names=[wanted.output], opset_version=OPSET, verbose=False,
            )  # fmt: skip
    except OSError:
        raise
    except Exception as error:  # the exporter raises whatever the step it failed in does
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        if isinstance(error, MemoryError) or "allocate memory" in first:
            raise BackendError(f"there is too little memory to export {path.stem}: close other programs") from error
        raise BackendError(f"the network cannot be exported to ONNX ({first}): use another backend for it") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's remarks, which are for those who write models."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def wide_layers_of(path: Path) -> list[str]:
    """``wide_layers`` of an .onnx file, its weights left where they are."""
    import onnx

    return wide_layers(onnx.load(path, load_external_data=False))


def wide_layers(model: onnx.ModelProto) -> list[str]:
    """Names of an fp16 graph's heavy operators, and of those with weights, that compute in fp32 or fp64."""
    import onnx

    wide = {onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE}
    graph = onnx.shape_inference.infer_shapes(model).graph
    kinds: dict[str, Any] = {v.name: v.type.tensor_type.elem_type for v in (*graph.value_info, *graph.input, *graph.output)}
    kinds |= {tensor.name: tensor.data_type for tensor in graph.initializer}
    weights = {tensor.name for tensor in graph.initializer if len([side for side in tensor.dims if side > 1]) > 1}
    return [
        node.name
        for node in graph.node
        if (node.op_type in HEAVY or weights.intersection(node.input))
        and any(kinds.get(name) in wide for name in (*node.input, *node.output))
    ]
