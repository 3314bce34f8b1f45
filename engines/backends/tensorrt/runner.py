"""One engine on the GPU: its context, its buffers, and the CUDA graph that its runs are replayed from.

Nothing in this file has been run yet: an engine is deserialized and run on an NVIDIA GPU only, and this was written on a
machine without one. ``visualizer engine check`` is what runs it and compares its numbers with PyTorch's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from engines.backends.base import BackendError
from engines.backends.tensorrt.bindings import Buffers, of_engine
from engines.backends.tensorrt.library import Library
from engines.backends.tensorrt.store import Header, Store

WARM_RUNS = 2
"""Runs before a graph is captured: kernels are loaded, or compiled, in the first."""


class Runner:
    """An engine at work. ``graph`` says whether its runs are replayed from a CUDA graph."""

    def __init__(self, library: Library, plan: bytes, header: Header, store: Store) -> None:
        """Raises BackendError where the plan is not one for this GPU and this TensorRT, or memory runs out."""
        trt = library.trt
        self._library, self._store, self._key = library, store, header.key
        # Not the default stream, which TensorRT would wait for the whole device on.
        self._stream = torch.cuda.Stream()
        self._logger = trt.Logger(trt.Logger.ERROR)
        self._runtime = trt.Runtime(self._logger)  # an engine must not outlive it
        self._engine = self._runtime.deserialize_cuda_engine(plan)
        if self._engine is None:
            raise BackendError(
                f"{library.flavour} cannot load the engine of {header.key.network} on this GPU: "
                "free its memory, or remove the engine (visualizer engine clean)"
            )
        bindings = of_engine(trt, self._engine)
        if set(bindings) != set(header.bindings):
            raise BackendError(f"the engine of {header.key.network} is not what it was built as: visualizer engine clean")
        try:
            self._buffers = Buffers(bindings, torch.device("cuda"))
        except torch.cuda.OutOfMemoryError as error:
            raise BackendError("the GPU's memory is full: close other programs, or choose a smaller --size") from error
        self._kernels: Any = None
        self._context = self._create_context()
        if self._context is None:
            raise BackendError("the GPU's memory is full: close other programs, or choose a smaller --size")
        for name, address in self._buffers.addresses.items():
            self._context.set_tensor_address(name, address)
        self._replay: torch.cuda.CUDAGraph | None = None
        self._warm()
        self.graph = library.is_rtx or self._replay is not None

    def run(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        """The output on the device, in the engine's own buffer: valid until the next run, on torch's current stream.

        inputs: from any device and of any type; they are copied into the engine's own buffers.
        """
        current = torch.cuda.current_stream()
        self._buffers.put(inputs)
        self._stream.wait_stream(current)
        with torch.cuda.stream(self._stream):
            if self._replay is not None:
                self._replay.replay()
            else:
                self._execute()
        current.wait_stream(self._stream)
        (output,) = self._buffers.outputs.values()
        return output

    def refit(self, weights: Mapping[str, torch.Tensor]) -> None:
        """Put other weights into an engine that was built refittable, without building it anew.

        weights: by the names that they have in the ONNX graph, in the engine's type and shape. Addresses that a captured
        graph works on do not change. Raises BackendError where the engine is not refittable or a weight does not fit.
        """
        trt = self._library.trt
        if not self._key.refittable:
            raise BackendError(f"the engine of {self._key.network} was not built to be refitted: build it refittable")
        network = self._key.network
        refitter = trt.Refitter(self._engine, self._logger)
        kept = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
        for name, tensor in kept.items():
            if not refitter.set_named_weights(name, trt.Weights(tensor.numpy())):
                raise BackendError(f"the engine of {network} has no weight {name!r} of shape {tuple(tensor.shape)}")
        self._stream.synchronize()
        if not refitter.refit_cuda_engine():
            raise BackendError(f"the engine of {network} lacks weights: {', '.join(refitter.get_missing_weights())}")

    def _create_context(self) -> Any:
        """An execution context. TensorRT for RTX captures graphs by itself and keeps the kernels that it compiles."""
        if not self._library.is_rtx:
            return self._engine.create_execution_context()
        trt = self._library.trt
        config = self._engine.create_runtime_config()
        config.cuda_graph_strategy = trt.CudaGraphStrategy.WHOLE_GRAPH_CAPTURE
        self._kernels = config.create_runtime_cache()
        if kept := self._store.learnt("kernels", self._key.name):
            self._kernels.deserialize(kept)
        config.set_runtime_cache(self._kernels)
        return self._engine.create_execution_context(config)

    def _execute(self) -> None:
        if not self._context.execute_async_v3(self._stream.cuda_stream):
            raise BackendError(f"the engine of {self._key.network} failed on the GPU: start again, or use another backend")

    def _warm(self) -> None:
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            for _ in range(WARM_RUNS):
                self._execute()
        self._stream.synchronize()
        if self._library.is_rtx:
            kernels = bytes(self._kernels.serialize())
            if kernels != self._store.learnt("kernels", self._key.name):
                self._store.keep_learnt("kernels", self._key.name, kernels)
            return
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=self._stream):
            self._execute()
        self._replay = graph
