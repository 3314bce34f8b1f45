"""Styles as branches of a UNet's graph: what is exported or converted takes their weights as one more input.

So a weight is live in every frame without building anything anew. The other way would be to refit an engine's weights; but
TensorRT for RTX builds engines that can be refitted beside their GPU only, and an export keeps the names of some weights
alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from engines.styles.fit import Style


class StyledCall(nn.Module):
    """A UNet's call (``UNetCall``) whose last input is the styles' weights, (styles,). The UNet's layers are replaced."""

    def __init__(self, call: nn.Module, unet: nn.Module, styles: Sequence[Style]) -> None:
        super().__init__()
        self.call, self.weights = call, _Weights()
        for path in sorted({path for style in styles for path in style}):
            unet.set_submodule(path, _Branched(unet.get_submodule(path), path, styles, self.weights))

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        self.weights.now = inputs[-1]
        try:
            prediction: torch.Tensor = self.call(*inputs[:-1])
        finally:
            self.weights.now = None
        return prediction


class _Weights:
    """Those of the call under way: a UNet hands its layers nothing but what it computes."""

    now: torch.Tensor | None = None


class _Branched(nn.Module):
    """A layer, and beside it all its styles' matrices as one narrow layer and one that makes it wide again."""

    down: torch.Tensor
    up: torch.Tensor
    whose: torch.Tensor

    def __init__(self, layer: nn.Module, path: str, styles: Sequence[Style], weights: _Weights) -> None:
        super().__init__()
        assert isinstance(layer, nn.Linear | nn.Conv2d)
        self.layer, self._weights = layer, weights
        there = [(number, style[path]) for number, style in enumerate(styles) if path in style]
        up = torch.cat([low.up for _, low in there], 1)
        self.register_buffer("down", torch.cat([low.down for _, low in there]).to(layer.weight))
        self.register_buffer("up", up.reshape(*up.shape, *(1 for _ in layer.weight.shape[2:])).to(layer.weight))
        self.register_buffer("whose", torch.cat([torch.full((len(low.down),), n) for n, low in there]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        assert self._weights.now is not None
        scale = self._weights.now[self.whose]
        if isinstance(self.layer, nn.Conv2d):
            narrow = F.conv2d(x, self.down, None, self.layer.stride, self.layer.padding)
            return self.layer(x) + F.conv2d(narrow * scale[:, None, None], self.up)
        return self.layer(x) + F.linear(F.linear(x, self.down) * scale, self.up)
