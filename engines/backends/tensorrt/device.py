"""The NVIDIA GPU that engines run on, as PyTorch sees it."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from engines.backends.base import BackendError


@dataclass(frozen=True, slots=True)
class Gpu:
    """name: as the driver says. capability: compute capability, 89 for 8.9. memory: bytes."""

    name: str
    capability: int
    memory: int


def gpu() -> Gpu:
    """The GPU at hand. Raises BackendError with what is missing: PyTorch with CUDA, a GPU, or its driver.

    Has not been run on a GPU yet; what is raised without one has.
    """
    if torch.version.cuda is None:
        raise BackendError(
            "TensorRT needs an NVIDIA GPU and PyTorch with CUDA, and this PyTorch knows CPUs only: "
            "install it anew as https://pytorch.org/get-started tells for CUDA, or use another backend"
        )
    if not torch.cuda.is_available():
        raise BackendError(
            "TensorRT needs an NVIDIA GPU and its driver, and there is none that PyTorch can use: "
            "install NVIDIA's driver (nvidia-smi must list the GPU), or use another backend"
        )
    found = torch.cuda.get_device_properties(torch.cuda.current_device())
    return Gpu(found.name, 10 * found.major + found.minor, found.total_memory)
