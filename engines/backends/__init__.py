"""Backends: each runs a model's networks at fixed shapes; the stream above does not know which."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from engines import BACKENDS
from engines.backends.base import PLAIN, BackendError, Build, Networks
from engines.model import ModelInfo

__all__ = ["BackendError", "Build", "Networks", "build", "default_backend", "open_networks"]


def default_backend() -> str:
    """The quickest backend for this machine: torch where CUDA runs, OpenVINO on a CPU."""
    import torch

    return "torch" if torch.cuda.is_available() else "openvino"


def build(
    info: ModelInfo, size: tuple[int, int], backend: str, cache: Path, tell: Callable[[str], None], build: Build = PLAIN
) -> None:  # fmt: skip
    """Make and keep all that ``open_networks`` would have to make first, and nothing where there is nothing to be kept.

    tell: is told what is being done, in a few words. Raises BackendError or ModelError with one sentence.
    """
    _check(info, build)
    backend = backend or default_backend()
    if backend == "openvino":
        tell("converting the model")
        _openvino().converted(info, size, cache, build)
    elif backend == "tensorrt":
        from engines.backends.tensorrt_backend import build_engines

        build_engines(info, size, cache, lambda phase, done, steps: tell(f"{phase}, {done} of {steps}"), build=build)
    elif backend == "compiled":
        tell("compiling the model")
        open_networks(info, size, backend, cache, build)


def _check(info: ModelInfo, build: Build) -> None:
    if build.batch > 1 and info.steps == 1:
        raise BackendError(f"{info.path.name} paints in one step, so no steps can share a pass: leave --batch out")


def _openvino() -> ModuleType:
    try:
        from engines.backends import openvino_backend
    except ImportError as error:
        raise BackendError(f"OpenVINO is not installed ({error}): pip install openvino, or use torch") from error
    return openvino_backend


def open_networks(
    info: ModelInfo, size: tuple[int, int], backend: str, cache: Path, build: Build = PLAIN
) -> Networks:  # fmt: skip
    """Bring a model up at (width, height) on a backend, "" for the machine's best.

    Raises BackendError or ModelError with one sentence.
    """
    _check(info, build)
    backend = backend or default_backend()
    if backend in ("torch", "compiled"):
        from engines.backends.torch_backend import TorchNetworks

        if backend == "compiled":
            os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(cache / "compiled"))
        return TorchNetworks(info, size, compiled=backend == "compiled", build=build)
    if backend == "openvino":
        networks: Networks = _openvino().OpenVinoNetworks(info, size, cache, build=build)
        return networks
    if backend == "tensorrt":
        from engines.backends.tensorrt_backend import TensorRtNetworks

        return TensorRtNetworks(info, size, cache, build=build)
    raise BackendError(f"there is no backend {backend!r}: choose one of {', '.join(BACKENDS)}")
