"""How near a backend's networks are to others of the same model, and how quick: ``visualizer engine check``."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from visualizer.bench.networks import calls, inputs, median_ms

if TYPE_CHECKING:
    import torch

    from engines.backends import Networks
    from engines.model import ModelInfo

TIMESTEPS = (950.0, 500.0, 50.0)
FARTHEST = {"text": 0.01, "unet": 0.02, "decode": 0.02}
"""Differences, root mean square over root mean square, up to which fp16 counts as the same; PyTorch's own are 0.001."""


def check_engines(info: ModelInfo, size: tuple[int, int], cache: Path) -> dict[str, Any]:
    """Figures of TensorRT and of PyTorch in fp16 on the GPU at hand, each against PyTorch in float32 there.

    Has not been run on a GPU yet. Raises BackendError or ModelError.
    """
    import torch

    from engines.backends.tensorrt.device import gpu
    from engines.backends.tensorrt_backend import TensorRtNetworks
    from engines.backends.torch_backend import TorchNetworks

    reference = outputs(info, TorchNetworks(info, size, precision="f32"))
    engine, usual = TensorRtNetworks(info, size, cache), TorchNetworks(info, size, precision="fp16")
    rows = {networks.name: measured(info, networks, reference) for networks in (engine, usual)}
    return {
        "gpu": gpu().name, "capability": gpu().capability, "memory_gb": round(gpu().memory / 1e9, 1),
        "tensorrt": f"{engine.name} {engine.version}", "torch": torch.__version__, "cuda": torch.version.cuda,
        "python": platform.python_version(), "system": platform.platform(), "model": info.path.name,
        "fingerprint": info.fingerprint, "size": list(size), "networks": rows, "agrees": agrees(rows[engine.name]),
        "cuda_graphs": {name: runner.graph for name, runner in engine.runners.items()},
    }  # fmt: skip


def outputs(info: ModelInfo, networks: Networks) -> dict[str, torch.Tensor]:
    """What networks make of the same inputs, float32: text states, the UNet at three timesteps, a picture (0–255)."""
    import torch

    latent, text, factors = inputs(info, networks)
    predicted = [networks.unet(latent, timestep, text, factors) for timestep in TIMESTEPS]
    picture = networks.decode(latent, torch.eye(3), torch.zeros(3))
    return {"text": text.cpu(), "unet": torch.cat(predicted).cpu(), "decode": torch.from_numpy(picture.astype(np.float32))}


def measured(info: ModelInfo, networks: Networks, reference: dict[str, torch.Tensor], times: int = 60) -> dict[str, Any]:
    """Relative differences from a reference's outputs, and median times in milliseconds of calls that are waited for."""
    errors = {
        f"{name}_error": round(float((got - reference[name]).norm() / reference[name].norm()), 6)
        for name, got in outputs(info, networks).items()
    }
    spent = {name: median_ms(call, networks.device, times) for name, call in calls(info, networks).items()}
    return {"precision": networks.precision, **errors, **spent}


def agrees(row: dict[str, Any]) -> bool:
    """Whether all differences are such as fp16 makes; one that is not a number is not."""
    return all(row[f"{name}_error"] <= farthest for name, farthest in FARTHEST.items())
