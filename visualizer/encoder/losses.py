"""What the encoder is trained towards: the right captions among all captions, and token states where there is a mapper.

Against a table of all captions there are no false negatives; in-batch contrast, as TPoS and CLIP (Radford et al. 2021)
have it, needs repeated captions taken out. The scale starts at CLIP's 1/0.07, where TPoS started at exp(0.07). Which of
the two it is, ``[loss] contrast`` says.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

START_SCALE, LARGEST_SCALE = 1 / 0.07, 100.0
SOFT_SHARE = 0.1
PULL = 1.0


class Scale(nn.Module):
    """The learned factor on cosines, at most 100."""

    def __init__(self) -> None:
        super().__init__()
        self.log = nn.Parameter(torch.tensor(math.log(START_SCALE)))

    def forward(self) -> Tensor:
        """The scale, a scalar."""
        return self.log.clamp(max=math.log(LARGEST_SCALE)).exp()


def nearness(table: Tensor) -> Tensor:
    """How near the texts of a table (C, width) are to one another: for each a softmax over all, (C, C)."""
    return (table @ table.T * START_SCALE).softmax(-1)


def softened(targets: Tensor, near: Tensor, share: float = SOFT_SHARE) -> Tensor:
    """Targets (…, C) with ``share`` of each spread over the texts by their nearness (C, C)."""
    return (1 - share) * targets + share * (targets @ near)


class TableLoss(nn.Module):
    """The choice among all texts of a table (C, width) of unit vectors, and the distance to what was right.

    The choice alone leaves latents far from every text, at cosines of 0.3, where a bank can hardly read them; ``pull``
    weighs 1 − cosine to the right texts.
    """

    table: Tensor
    near: Tensor

    def __init__(self, table: Tensor, soft_share: float = SOFT_SHARE, pull: float = PULL) -> None:
        super().__init__()
        self.register_buffer("table", table, persistent=False)
        self.register_buffer("near", nearness(table), persistent=False)
        self.scale, self._share, self._pull = Scale(), soft_share, pull

    def forward(self, latents: Tensor, targets: Tensor) -> Tensor:
        """Unit latents (N, width) and targets (N, M), M ≤ C, over the table's first texts, rows that sum to 1; a scalar."""
        targets = F.pad(targets, (0, len(self.table) - targets.shape[1]))
        chosen = (self.scale() * latents @ self.table.T).log_softmax(-1)
        aim = F.normalize(targets @ self.table, dim=-1)
        each = -(softened(targets, self.near, self._share) * chosen).sum(-1) + self._pull * (1 - (latents * aim).sum(-1))
        mean: Tensor = each.sum() / max(len(each), 1)  # where nothing is asked nothing is lost
        return mean


class BatchLoss(nn.Module):
    """The choice among the other texts of a batch, both ways, and the distance to what was right as in ``TableLoss``."""

    table: Tensor

    def __init__(self, table: Tensor, pull: float = PULL) -> None:
        super().__init__()
        self.register_buffer("table", table, persistent=False)
        self.scale, self._pull = Scale(), pull

    def forward(self, latents: Tensor, targets: Tensor) -> Tensor:
        """Unit latents (N, width) and targets (N, M) over the table's first M texts, rows that sum to 1; a scalar."""
        texts = F.normalize(targets @ self.table[: targets.shape[1]], dim=-1)
        shared = targets @ targets.T > 0  # what shares a right caption is no negative
        pulled = (1 - (latents * texts).sum(-1)).sum() / max(len(latents), 1)
        return in_batch(latents, texts, shared, self.scale()) + self._pull * pulled


def in_batch(latents: Tensor, texts: Tensor, shared: Tensor, scale: Tensor) -> Tensor:
    """Symmetric cross-entropy of pairs: unit latents and text vectors (N, width); 0 for none.

    shared: (N, N), which rows are about the same: they are left out of one another's choice, for they are no negatives.
    """
    logits = scale * latents @ texts.T
    if not len(logits):
        return logits.sum()
    own = torch.eye(len(logits), dtype=torch.bool, device=logits.device)
    logits = logits.masked_fill(shared & ~own, -torch.inf)
    rows = torch.arange(len(logits), device=logits.device)
    return (F.cross_entropy(logits, rows) + F.cross_entropy(logits.T, rows)) / 2


def to_states(mapped: Tensor, states: Tensor) -> Tensor:
    """Mean squared error of a mapper's output (N, tokens · width) to a text encoder's states (N, tokens, width)."""
    return F.mse_loss(mapped, states.flatten(1))
