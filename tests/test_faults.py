"""What a GPU's failures are called, as the libraries word them."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest
import torch

from engines.backends.base import RoomError
from engines.backends.faults import fault, unused_gpu


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has"), "memory is full"),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), "memory is full"),
        (MemoryError(), "this computer's memory is full"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "computer's memory"),
        (RuntimeError("CUDA error: no kernel image is available for execution on the device"), "not built for your GPU"),
        (RuntimeError("CUDA driver version is insufficient for CUDA runtime version"), "driver is too old"),
        (RuntimeError("The NVIDIA driver on your system is too old (found version 11040)."), "driver is too old"),
        (RuntimeError("No CUDA GPUs are available"), "nvidia-smi"),
        (RuntimeError("CUDA error: all CUDA-capable devices are busy or unavailable"), "another program"),
        (RuntimeError("CUDA error: unspecified launch failure"), "failed while painting"),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), "failed while painting"),
        (RuntimeError("CUDA error: GPU is lost"), "gone away"),
    ],
)
def test_a_failure_is_one_sentence_that_says_what_to_do(error: Exception, words: str) -> None:
    known = fault(error)
    assert known is not None and words in str(known) and "\n" not in str(known)
    assert isinstance(known, RoomError) == ("memory is full" in str(known))


def test_what_is_no_fault_of_the_gpu_is_left_to_others() -> None:
    assert fault(ValueError("a bad value")) is None


@pytest.mark.skipif(sys.platform == "win32" or torch.cuda.is_available(), reason="a machine whose GPU is not used")
def test_a_gpu_that_is_there_and_not_used_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    if not Path("/proc/driver/nvidia/gpus").exists():
        assert unused_gpu() == ""
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    assert os.access(tool, os.X_OK)
    said = unused_gpu()
    assert "NVIDIA GPU" in said and "\n" not in said
    assert ("knows CPUs only" in said) == (torch.version.cuda is None)
