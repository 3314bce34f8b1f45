"""A network's call as a CUDA graph: captured once, then replayed, so that the processor starts one thing, not a thousand.

A few-step frame of a small batch is bound by how fast kernels are started, not by what they compute. Shapes are fixed,
inputs are copied into the graph's own buffers, and what comes out lies in one, too. Without CUDA the call is made as it is.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

WARM_UPS = 3
"""Calls before the capture: cuDNN and cuBLAS choose their kernels and take their memory in them."""


class Graphed:
    """``call`` for inputs of the examples' shapes, types and device. capture: False makes the call as it is on CUDA, too.

    Raises what the call raises while it is captured.
    """

    def __init__(
        self, call: Callable[..., torch.Tensor], examples: tuple[torch.Tensor, ...], capture: bool = True
    ) -> None:
        self._call = call
        self._graph: torch.cuda.CUDAGraph | None = None
        self._inputs = tuple(example.clone() for example in examples)
        self._output: torch.Tensor | None = None
        if capture and examples[0].device.type == "cuda":
            self._capture()

    @torch.inference_mode()
    def _capture(self) -> None:
        beside = torch.cuda.Stream()
        beside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(beside):
            for _ in range(WARM_UPS):
                self._call(*self._inputs)
        torch.cuda.current_stream().wait_stream(beside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._output = self._call(*self._inputs)
        self._graph = graph

    @torch.inference_mode()
    def __call__(self, *inputs: torch.Tensor) -> torch.Tensor:
        """What the call gives for these; with a graph its own buffer, which the next call writes anew."""
        if self._graph is None or self._output is None:
            return self._call(*inputs)
        for buffer, given in zip(self._inputs, inputs, strict=True):
            buffer.copy_(given, non_blocking=True)
        self._graph.replay()
        return self._output
