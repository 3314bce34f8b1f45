"""What the calls of a backend's networks cost; a device that works on by itself is waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

    from engines.backends import Networks
    from engines.model import ModelInfo

PROMPT = "glowing violet nebula"


def inputs(info: ModelInfo, networks: Networks) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
    """A latent, a text's states and sound factors, the same for all networks but for where they lie."""
    import torch

    generator = torch.Generator().manual_seed(5)
    latent = torch.randn(networks.latent_shape, generator=generator).to(networks.device)
    factors = torch.rand(1, len(info.sound_factors), generator=generator).to(networks.device)
    return latent, networks.encode_text(PROMPT), factors if info.sound_factors else None


def calls(info: ModelInfo, networks: Networks) -> dict[str, Callable[[], object]]:
    """A call of each of the networks, by what stands before the time that it took; the UNet's of a whole batch."""
    import torch

    latent, text, factors = inputs(info, networks)
    latents, eye, zero = latent.repeat(networks.batch, 1, 1, 1), torch.eye(3), torch.zeros(3)
    return {
        "text_ms": lambda: networks.encode_text(PROMPT),
        "unet_ms": lambda: networks.unet(latents, 500.0, text, factors),
        "decode_ms": lambda: networks.decode(latent, eye, zero),
    }


def median_ms(call: Callable[[], object], device: torch.device, times: int = 60) -> float:
    """Median time of a call until the device has done it, in milliseconds, to hundredths."""
    settle(device)
    spent = []
    for _ in range(times):
        begun = time.perf_counter()
        call()
        settle(device)
        spent.append(time.perf_counter() - begun)
    return round(1000 * float(np.median(spent)), 2)


def settle(device: torch.device) -> None:
    """Wait for what was started."""
    import torch

    if device.type == "cuda":
        torch.cuda.synchronize()
