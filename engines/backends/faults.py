"""What a GPU's failures mean, in one sentence for the user, and whether PyTorch can use the GPU that is there."""

from __future__ import annotations

import shutil
from pathlib import Path

import torch

from engines.backends.base import BackendError, RoomError

GIB = 2**30
FAULTS = (
    ("no kernel image is available", "this PyTorch was not built for your GPU ({gpu}): install a newer one as "
     "https://pytorch.org/get-started tells, or use --backend openvino"),
    ("driver version is insufficient", "the NVIDIA driver is too old for this PyTorch (CUDA {cuda}): install a newer one"),
    ("nvidia driver on your system is too old", "the NVIDIA driver is too old for this PyTorch (CUDA {cuda}): install a "
     "newer driver"),
    ("all cuda-capable devices are busy", "another program has the GPU for itself: close it"),
    ("no cuda gpus are available", "PyTorch sees no NVIDIA GPU: look whether nvidia-smi lists it"),
    ("unspecified launch failure", "the GPU failed while painting: update its driver if that comes again"),
    ("illegal memory access", "the GPU failed while painting: update its driver if that comes again"),
    ("gpu is lost", "the GPU has gone away (its cable, its power or its driver): look at nvidia-smi"),
)  # fmt: skip
"""What CUDA says, and what it means."""


def fault(error: BaseException) -> BackendError | None:
    """What an error of PyTorch or CUDA means for the user; None for one that is no fault of the GPU."""
    said = str(error).lower()
    if isinstance(error, torch.OutOfMemoryError) or "cuda out of memory" in said or "cublas_status_alloc_failed" in said:
        return RoomError(
            f"the GPU's memory is full{_free()}: choose a smaller size or model, or close what else uses the GPU"
        )
    if isinstance(error, MemoryError) or "allocate memory" in said or "bad_alloc" in said:
        return RoomError("this computer's memory is full: choose a smaller size or model, or close other programs")
    for pattern, sentence in FAULTS:
        if pattern in said:
            gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "unknown"
            return BackendError(sentence.format(gpu=gpu, cuda=torch.version.cuda))
    return None


def _free() -> str:
    if not torch.cuda.is_available():
        return ""
    try:
        return f" ({torch.cuda.mem_get_info()[0] / GIB:.1f} GiB are free)"
    except RuntimeError:  # a GPU that has failed says no more
        return ""


def unused_gpu() -> str:
    """Why an NVIDIA GPU that is there is not used: one sentence; "" where there is none, or it is used."""
    if torch.cuda.is_available() or not has_nvidia():
        return ""
    if torch.version.cuda is None:
        return (
            "there is an NVIDIA GPU, and this PyTorch knows CPUs only: install it anew for CUDA as "
            "https://pytorch.org/get-started tells"
        )
    try:
        torch.cuda.init()
    except RuntimeError as error:
        known = fault(error)
        if known is not None:
            return str(known)
    return f"PyTorch (CUDA {torch.version.cuda}) cannot use the NVIDIA GPU: update its driver, and look at nvidia-smi"


def has_nvidia() -> bool:
    """Whether the system has an NVIDIA driver, and so a GPU, that PyTorch might use."""
    return Path("/proc/driver/nvidia/gpus").is_dir() or shutil.which("nvidia-smi") is not None
