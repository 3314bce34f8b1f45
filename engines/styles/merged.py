"""Styles written into a UNet's weights, in place, whenever their own weights change: painting costs nothing more then."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from engines.backends.graphed import Graphed
from engines.styles.fit import Style


class Merged:
    """A UNet whose layers hold what the styles make of them. The weights stay where they lie, so a captured graph reads
    what is written; they are made anew from a copy of the model's own each time, so no rounding adds up.

    The UNet is in its final type, place and memory format, channels last. graphed: in a CUDA graph, where there is CUDA.
    Takes the memory of the layers that are changed once more.
    """

    def __init__(self, unet: torch.nn.Module, styles: Sequence[Style], graphed: bool = True) -> None:
        self._layers = [_Layer(unet.get_submodule(path), path, styles) for path in sorted({p for s in styles for p in s})]
        device = next(unet.parameters()).device
        self._call = Graphed(self._write, (torch.ones(len(styles), device=device),), graphed)

    @torch.inference_mode()
    def write(self, weights: torch.Tensor) -> None:
        """Let each style weigh so much, (styles,) on the UNet's device, from the next call on."""
        self._call(weights)

    def _write(self, weights: torch.Tensor) -> torch.Tensor:
        for layer in self._layers:
            layer.write(weights)
        return weights


class _Layer:
    """One layer's weight as rows, its own values, and all styles' matrices side by side."""

    def __init__(self, layer: torch.nn.Module, path: str, styles: Sequence[Style]) -> None:
        assert isinstance(layer, torch.nn.Linear | torch.nn.Conv2d)
        weight = layer.weight.detach()
        self._rows = _rows(weight)
        assert self._rows.data_ptr() == weight.data_ptr()
        self._own = self._rows.clone()
        there = [(number, style[path]) for number, style in enumerate(styles) if path in style]
        self._down = torch.cat([_rows(low.down) for _, low in there]).to(weight)
        self._up = torch.cat([low.up for _, low in there], 1).to(weight)
        self._whose = torch.cat([torch.full((len(low.down),), n, device=weight.device) for n, low in there])

    def write(self, weights: torch.Tensor) -> None:
        torch.addmm(self._own, self._up * weights[self._whose].to(self._up), self._down, out=self._rows)


def _rows(weight: torch.Tensor) -> torch.Tensor:
    """(out, everything else), a view where the weight's channels lie last."""
    return weight if weight.dim() == 2 else weight.permute(0, 2, 3, 1).flatten(1)
