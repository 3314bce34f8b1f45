"""What goes into an engine and comes out: names, shapes and types, and the buffers that lie still on the device."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import torch

from engines.backends.base import BackendError

TYPES = {
    "HALF": torch.float16, "FLOAT": torch.float32, "BF16": torch.bfloat16, "INT32": torch.int32, "INT64": torch.int64,
    "UINT8": torch.uint8, "BOOL": torch.bool,
}  # fmt: skip
"""Types by the names that TensorRT has for them."""


@dataclass(frozen=True, slots=True)
class Binding:
    """One input or output. shape: every side fixed. type: a key of TYPES."""

    name: str
    shape: tuple[int, ...]
    type: str
    is_input: bool

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    @classmethod
    def of(cls, plain: dict[str, Any]) -> Binding:
        """The other way. Raises KeyError, TypeError or ValueError."""
        return cls(str(plain["name"]), tuple(map(int, plain["shape"])), str(plain["type"]), bool(plain["is_input"]))


def of_network(network: Any) -> tuple[Binding, ...]:
    """Bindings of a TensorRT network definition, inputs first."""
    inputs = [(network.get_input(i), True) for i in range(network.num_inputs)]
    outputs = [(network.get_output(i), False) for i in range(network.num_outputs)]
    return _checked(Binding(t.name, tuple(t.shape), t.dtype.name, is_input) for t, is_input in (*inputs, *outputs))


def of_engine(trt: Any, engine: Any) -> tuple[Binding, ...]:
    """Bindings of a deserialized engine, in its own order.

    Has not been run yet: engines are deserialized on a GPU only.
    """
    names = [engine.get_tensor_name(i) for i in range(engine.num_io_tensors)]
    return _checked(
        Binding(
            name, tuple(engine.get_tensor_shape(name)), engine.get_tensor_dtype(name).name,
            engine.get_tensor_mode(name) == trt.TensorIOMode.INPUT,
        )
        for name in names
    )  # fmt: skip


def _checked(found: Iterable[Binding]) -> tuple[Binding, ...]:
    bindings = tuple(found)
    for binding in bindings:
        if binding.type not in TYPES or any(side < 0 for side in binding.shape):
            raise BackendError(f"the engine's {binding.name} is {binding.type} {binding.shape}, which cannot be run here")
    return bindings


class Buffers:
    """One tensor for each binding, allocated once: their addresses never change, as a captured graph needs."""

    def __init__(self, bindings: Iterable[Binding], device: torch.device) -> None:
        self._bindings = {binding.name: binding for binding in bindings}
        self._tensors = {
            b.name: torch.zeros(b.shape, dtype=TYPES[b.type], device=device) for b in self._bindings.values()
        }  # fmt: skip

    @property
    def addresses(self) -> dict[str, int]:
        """Device addresses by name."""
        return {name: tensor.data_ptr() for name, tensor in self._tensors.items()}

    @property
    def outputs(self) -> dict[str, torch.Tensor]:
        """The output tensors themselves; the next run overwrites them."""
        return {name: self._tensors[name] for name, binding in self._bindings.items() if not binding.is_input}

    def held(self, name: str) -> torch.Tensor:
        """The tensor that lies under a name, an input's or an output's."""
        return self._tensors[name]

    def put(self, inputs: dict[str, torch.Tensor]) -> None:
        """Copy every input into its buffer, in the buffer's type. Raises BackendError where one is amiss."""
        wanted = {name for name, binding in self._bindings.items() if binding.is_input}
        if wanted != inputs.keys():
            raise BackendError(f"the engine takes {', '.join(sorted(wanted))}, and was given {', '.join(sorted(inputs))}")
        for name, tensor in inputs.items():
            binding = self._bindings[name]
            if tuple(tensor.shape) != binding.shape:
                raise BackendError(
                    f"the engine's {name} is {_sides(binding.shape)}, and was given {_sides(tensor.shape)}: "
                    "open the model at the size that is painted"
                )
            self._tensors[name].copy_(tensor, non_blocking=True)


def _sides(shape: Iterable[int]) -> str:
    return "×".join(map(str, shape)) or "one number"
