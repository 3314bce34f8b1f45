"""States: what an object needs to go on elsewhere exactly as it would have here, as tensors by name.

Tensors alone, so that a state is written and read without running code. Taking one copies nothing: whoever has a state
replaces its tensors and never writes into them.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

State = dict[str, Tensor]


def number(value: float) -> Tensor:
    """A number as float64, which holds every float and every whole number below 2⁵³ exactly."""
    return torch.tensor(float(value), dtype=torch.float64)


def under(name: str, state: Mapping[str, Tensor]) -> State:
    """The state of a part, named ``name``, for the state of the whole."""
    return {f"{name}.{key}": value for key, value in state.items()}


def part(name: str, state: Mapping[str, Tensor]) -> State:
    """The state of the part named ``name`` in the state of a whole; empty where it has none."""
    return {key.removeprefix(f"{name}."): value for key, value in state.items() if key.startswith(f"{name}.")}
