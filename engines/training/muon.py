"""Muon: momentum whose matrix updates are made orthogonal, so that every direction of a layer learns at the same pace.

After Jordan et al. 2024 ("Muon: an optimizer for hidden layers"), with the scale of Liu et al. 2025, which makes one
learning rate serve both kinds of parameter: an update's root mean square is 0.2, as AdamW's is in practice. Convolutions
count as matrices (out, in·kh·kw). Vectors, and the layers that touch the data or the condition, stay with AdamW.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor, nn

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5
UPDATE_RMS = 0.2
OUTSIDE = ("conv_in", "conv_out", "class_embedding", "time_embedding")
"""Names of layers whose matrices are not hidden ones."""


def orthogonal(matrices: Tensor) -> Tensor:
    """The nearest half-orthogonal matrices, roughly, of (N, rows, columns) with rows ≤ columns; singular values 0.7–1.2.

    Five Newton–Schulz steps of a quintic. Every step is a polynomial of the Gram matrix from the left, so the steps go
    on small squares and the long matrices are touched twice instead of ten times.
    """
    a, b, c = NEWTON_SCHULZ
    x = matrices / (matrices.norm(dim=(1, 2), keepdim=True) + 1e-7)
    gram = x @ x.mT
    whole = torch.eye(gram.shape[-1], device=gram.device).expand_as(gram)
    for _ in range(ITERATIONS):
        factor = a * torch.eye(gram.shape[-1], device=gram.device) + b * gram + c * gram @ gram
        whole = factor @ whole
        gram = factor @ gram @ factor
    turned: Tensor = whole @ x
    return turned


class Muon(torch.optim.Optimizer):
    """Muon for the given matrices and convolutions; decoupled weight decay; Nesterov momentum."""

    def __init__(
        self, parameters: Iterable[nn.Parameter], lr: float, momentum: float = 0.95, weight_decay: float = 0.0
    ) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One update of every parameter that has a gradient."""
        for group in self.param_groups:
            alike: dict[tuple[int, int], list[tuple[nn.Parameter, Tensor]]] = defaultdict(list)
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["momentum"] = torch.zeros_like(parameter)
                held: Tensor = state["momentum"].lerp_(parameter.grad, 1 - group["momentum"])
                ahead = parameter.grad.lerp(held, group["momentum"]).flatten(1)
                rows, columns = ahead.shape
                alike[min(rows, columns), max(rows, columns)].append((parameter, ahead))
            for (short, long), members in alike.items():
                # Matrices of one shape go through the iteration together: many small products cost little.
                stack = torch.stack([ahead if len(ahead) == short else ahead.mT for _, ahead in members])
                turned = orthogonal(stack) * (UPDATE_RMS * long**0.5)
                for (parameter, ahead), update in zip(members, turned, strict=True):
                    parameter.mul_(1 - group["lr"] * group["weight_decay"])
                    update = update if len(ahead) == short else update.mT
                    parameter.sub_(update.reshape(parameter.shape), alpha=group["lr"])


def optimizers(network: nn.Module, lr: float, weight_decay: float) -> list[torch.optim.Optimizer]:
    """Muon for the hidden matrices and convolutions of ``network``, AdamW for everything else."""
    hidden: list[nn.Parameter] = []
    rest: list[nn.Parameter] = []
    for name, parameter in network.named_parameters():
        inside = parameter.ndim >= 2 and not name.startswith(OUTSIDE)
        (hidden if inside else rest).append(parameter)
    return [
        Muon(hidden, lr, weight_decay=weight_decay),
        torch.optim.AdamW(rest, lr=lr, betas=(0.9, 0.99), weight_decay=0.0, fused=True),
    ]
