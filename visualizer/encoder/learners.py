"""What learns in each stage: a network with the loss on it, called once a batch."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visualizer.encoder.losses import BatchLoss, TableLoss, to_states
from visualizer.encoder.network import AudioEncoder, State
from visualizer.encoder.settings import LossConfig

OUTPUTS_WEIGHT = 0.5
"""Of the LSTM's own newest output in the loss beside the attended mixture; TPoS trains both."""


def contrast(settings: LossConfig, table: Tensor) -> TableLoss | BatchLoss:
    """The loss that the settings name. table: (C + D, width), the captions first, then texts that are never right."""
    if settings.contrast == "batch":
        return BatchLoss(table, settings.pull)
    return TableLoss(table, settings.soft, settings.pull)


def named(latents: Tensor, targets: Tensor, table: Tensor) -> float:
    """The share of latents (N, width) whose nearest caption is one of the heaviest in their targets (N, C); 0 of none."""
    if not len(latents):
        return 0.0
    nearest = (latents.detach() @ table[: targets.shape[1]].T).argmax(1, keepdim=True)
    right = targets.gather(1, nearest)[:, 0] >= 0.999 * targets.amax(1)
    return float(right.float().mean())


class SegmentLearner(nn.Module):
    """Stage 1: the ResNet and a head that points from one segment into the text space, which is dropped afterwards."""

    def __init__(self, network: AudioEncoder, loss: TableLoss | BatchLoss) -> None:
        super().__init__()
        self.network, self.loss = network, loss
        self.head = nn.Linear(network.features, network.config.latent)
        network.requires_grad_(False)
        for part in (network.expand, network.resnet):
            part.requires_grad_(True)

    def forward(self, mel: Tensor, targets: Tensor, kept: Tensor) -> tuple[Tensor, Tensor]:
        """Mel (B, past_frames + n, bands), its last segment named, targets (B, C), and rows (B,) that keep all their level
        features: loss, and latents (B, width)."""
        network, segment = self.network, mel[:, -self.network.config.segment_frames :]
        if network.config.level_s:
            slow, measures, _ = network.measure(mel, mel.new_zeros(len(mel), 2))
            level = network.dropped(measures[:, -1], kept)
            features = torch.cat([network.look(segment, slow[:, -1]), level], 1)
        else:
            features = network.look(segment, None)
        latents = F.normalize(self.head(features), dim=-1)
        return self.loss(latents, targets), latents


class SceneLearner(nn.Module):
    """Stage 2: LSTM, attention and projection over the features of a ResNet that stays as it is."""

    def __init__(self, network: AudioEncoder, loss: TableLoss | BatchLoss) -> None:
        super().__init__()
        self.network, self.loss = network, loss
        network.requires_grad_(False)
        for part in (network.lstm, network.attend, network.project):
            part.requires_grad_(True)

    def forward(
        self, features: Tensor, measures: Tensor, targets: Tensor, asked: Tensor, kept: Tensor, state: State
    ) -> tuple[Tensor, Tensor, State]:
        """Features (B, S, F), level features (B, S, ·), targets (B, S, C), asked (B, S), rows (B,) that keep all their
        level features: loss, the latents (N, width) of the steps that are asked for, state."""
        steps, after = self.network.remember(features, measures, state, kept)
        latents, aims = steps.latents[asked], targets[asked]
        own = F.normalize(self.network.project(steps.outputs), dim=-1)[asked]
        return self.loss(latents, aims) + OUTPUTS_WEIGHT * self.loss(own, aims), latents, after


class MapperLearner(nn.Module):
    """Stage 3: a mapper from latents to a text encoder's states."""

    def __init__(self, mapper: nn.Sequential) -> None:
        super().__init__()
        self.mapper = mapper

    def forward(self, latents: Tensor, states: Tensor) -> Tensor:
        """Latents (B, width) and states (B, tokens, width): the mean squared error."""
        return to_states(self.mapper(latents), states)
