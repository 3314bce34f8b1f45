"""Backends: each runs a model's networks at fixed shapes; the stream above does not know which."""

from __future__ import annotations

from pathlib import Path

from engines import BACKENDS
from engines.backends.base import BackendError, Networks
from engines.model import ModelInfo

__all__ = ["BackendError", "Networks", "default_backend", "open_networks"]


def default_backend() -> str:
    """The quickest backend for this machine: torch where CUDA runs, OpenVINO on a CPU."""
    import torch

    return "torch" if torch.cuda.is_available() else "openvino"


def open_networks(info: ModelInfo, size: tuple[int, int], backend: str, cache: Path) -> Networks:
    """Bring a model up at (width, height) on a backend, "" for the machine's best.

    Raises BackendError or ModelError with one sentence.
    """
    backend = backend or default_backend()
    if backend == "torch":
        from engines.backends.torch_backend import TorchNetworks

        return TorchNetworks(info, size)
    if backend == "openvino":
        try:
            from engines.backends.openvino_backend import OpenVinoNetworks
        except ImportError as error:
            raise BackendError(f"OpenVINO is not installed ({error}): pip install openvino, or use torch") from error
        return OpenVinoNetworks(info, size, cache)
    if backend == "tensorrt":
        from engines.backends.tensorrt_backend import TensorRtNetworks

        return TensorRtNetworks(info, size, cache)
    raise BackendError(f"there is no backend {backend!r}: choose one of {', '.join(BACKENDS)}")
