"""The sound encoder after TPoS (Jeong et al., ICCV 2023, arXiv 2309.04509), made causal.

Segments of mel overlap and come one a step; a ResNet makes a feature of each, an LSTM runs over the features, and a
temporal attention weighs the LSTM's last outputs: β = softmax over the window of Conv1d(o), z = Σ β·o. What leaves is
z in a text space. ``listen`` is the one path for live sound and for training: it carries a ``State``, so that cutting
the steps differently changes nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visualizer.encoder.bank import TEMPERATURE
from visualizer.encoder.config import EncoderConfig
from visualizer.encoder.level import LEVELS, describe, flattened, frame_levels, slow_levels

SEGMENTS_AT_ONCE = 64
"""Segments that go through the ResNet together: hours of sound must not need hours of memory."""


class Block(nn.Module):
    """Two 3×3 convolutions beside a shortcut (He et al. 2016, basic block); names are torchvision's."""

    def __init__(self, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outside)
        self.conv2 = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outside)
        self.downsample = None
        if stride != 1 or inside != outside:
            self.downsample = nn.Sequential(nn.Conv2d(inside, outside, 1, stride, bias=False), nn.BatchNorm2d(outside))

    def forward(self, x: Tensor) -> Tensor:
        """(N, inside, h, w) to (N, outside, h / stride, w / stride)."""
        short = x if self.downsample is None else self.downsample(x)
        inner = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(inner)) + short)


class ResNet(nn.Module):
    """A residual network (He et al. 2016); with the published widths it is torchvision's ResNet-18, name for name."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        channels = config.expand_channels or 1
        width = config.widths[0]
        self.conv1 = nn.Conv2d(
            channels, width, config.stem_kernel, config.stem_stride, config.stem_kernel // 2, bias=False
        )
        self.bn1 = nn.BatchNorm2d(width)
        self.maxpool = nn.MaxPool2d(3, 2, 1) if config.stem_pool else nn.Identity()
        self.stages = len(config.widths)
        for number, (outside, blocks) in enumerate(zip(config.widths, config.blocks, strict=True), 1):
            stride = 1 if number == 1 else 2
            stage = [Block(width, outside, stride), *(Block(outside, outside, 1) for _ in range(blocks - 1))]
            self.add_module(f"layer{number}", nn.Sequential(*stage))
            width = outside
        self.peaks = config.pool == "mean+max"
        pooled = 2 * width if self.peaks else width
        self.fc = nn.Linear(pooled, config.feature) if config.feature else nn.Identity()
        self.width = config.feature or pooled

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, bands, frames) to (N, width)."""
        x = self.maxpool(F.relu(self.bn1(self.conv1(x))))
        for number in range(1, self.stages + 1):
            x = self.get_submodule(f"layer{number}")(x)
        pooled = x.mean((2, 3))
        if self.peaks:
            pooled = torch.cat([pooled, x.amax((2, 3))], 1)
        out: Tensor = self.fc(pooled)
        return out


def build_mapper(latent: int, shape: tuple[int, ...], gelu: bool = False) -> nn.Sequential:
    """Latents (N, latent) to (N, tokens · width) for shape (hidden, tokens, width).

    gelu: it ends in one, as the published one does; without, its outputs are signed, as text states are.
    """
    hidden, tokens, width = shape
    layers = [nn.Linear(latent, hidden), nn.GELU(), nn.Linear(hidden, tokens * width)]
    return nn.Sequential(*layers, *([nn.GELU()] if gelu else []))


@dataclass(slots=True)
class State:
    """What an encoder carries from step to step, for a batch of B sounds.

    level: (B, 2), of the slow level. hidden, cell: (1, B, lstm). past: (B, window − 1, lstm), the LSTM's last outputs;
    known: (B, window − 1), which of them there have been.
    """

    level: Tensor
    hidden: Tensor
    cell: Tensor
    past: Tensor
    known: Tensor


@dataclass(frozen=True, slots=True)
class Steps:
    """What comes of S steps.

    latents: (B, S, latent), unit length. attention: (B, S, window), oldest step first; sums to 1, and steps that have
    not been count 0. outputs: (B, S, lstm), the LSTM's own.
    """

    latents: Tensor
    attention: Tensor
    outputs: Tensor


class AudioEncoder(nn.Module):
    """ResNet, LSTM, causal attention, projection, and where the configuration has one a mapper.

    space: fingerprint of the text space it was trained for ("" before training). temperature: at which its cosines to
    texts became a choice among them in training.
    """

    def __init__(self, config: EncoderConfig, space: str = "", temperature: float = TEMPERATURE) -> None:
        super().__init__()
        self.config, self.space, self.temperature = config, space, temperature
        kernel, channels = config.expand_kernel, config.expand_channels
        self.expand = nn.Conv2d(1, channels, kernel, padding=kernel // 2) if channels else nn.Identity()
        self.resnet = ResNet(config)
        self.drop = nn.Dropout(config.level_dropout)
        self.features = self.resnet.width + (LEVELS if config.level_s else 0)
        self.lstm = nn.LSTM(self.features, config.lstm, batch_first=True)
        self.attend = nn.Conv1d(config.lstm, 1, 1)
        self.project = nn.Linear(config.lstm, config.latent) if config.project else nn.Identity()
        self.mapper = build_mapper(config.latent, config.mapper, config.mapper_gelu) if config.mapper else None
        self.keep = math.exp(-config.step_ms / 1000 / config.level_s) if config.level_s else 0.0

    def begin(self, batch: int = 1) -> State:
        """The state before the first step: silence, and nothing remembered."""
        config, like = self.config, self.attend.weight
        return State(
            like.new_zeros(batch, 2), like.new_zeros(1, batch, config.lstm), like.new_zeros(1, batch, config.lstm),
            like.new_zeros(batch, config.window - 1, config.lstm),
            torch.zeros(batch, config.window - 1, dtype=torch.bool, device=like.device),
        )  # fmt: skip

    @property
    def past_frames(self) -> int:
        """Frames that the first segment reaches back to beyond the frames of its own step."""
        return self.config.segment_frames - self.config.step_frames

    def from_silence(self, mel: Tensor) -> Tensor:
        """Mel (B, T, bands) in dB with the silence before it that its first segments reach back to."""
        if mel.shape[-1] != self.config.mel.bands:
            raise ValueError(f"this encoder takes mel of {self.config.mel.bands} bands, not {mel.shape[-1]}")
        return F.pad(mel, (0, 0, self.past_frames, 0), value=self.config.mel.floor_db)

    def cut(self, mel: Tensor) -> Tensor:
        """Mel (B, past_frames + n, bands) to its n // step_frames segments, (B, S, segment_frames, bands); a view."""
        return mel.unfold(1, self.config.segment_frames, self.config.step_frames).transpose(2, 3)

    def measure(self, mel: Tensor, level: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Slow level (B, S) in dB, level features (B, S, 3), and the slow level's new state, of mel as ``cut`` takes it."""
        config = self.config
        levels = frame_levels(mel).unfold(1, config.segment_frames, config.step_frames)
        slow, level = slow_levels(levels[..., -config.step_frames :], level, self.keep)
        return slow, describe(levels, slow, config.step_frames), level

    def look(self, segments: Tensor, slow: Tensor | None) -> Tensor:
        """The ResNet's features (N, resnet.width) of segments (N, frames, bands), whose slow level (N,) is taken out."""
        if slow is None:
            floor = self.config.mel.floor_db
            seen = (1 - segments / floor).clamp(0, 1)
        else:
            seen = flattened(segments, slow)
        features: Tensor = self.resnet(self.expand(seen.transpose(1, 2)[:, None]))
        return features

    def see(self, mel: Tensor, level: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Features (B, S, resnet.width), level features (B, S, 3 or 0) and the slow level's new state of mel as ``cut``
        takes it."""
        segments = self.cut(mel)
        batch, steps = segments.shape[:2]
        slow: Tensor | None = None
        measures = mel.new_zeros(batch, steps, 0)
        if self.config.level_s:
            slow, measures, level = self.measure(mel, level)
        # By steps, for a view cannot be flattened without being copied whole.
        size = max(1, SEGMENTS_AT_ONCE // batch)
        parts = []
        for at in range(0, steps, size):
            part = segments[:, at : at + size].flatten(0, 1)
            own = None if slow is None else slow[:, at : at + size].flatten()
            parts.append(self.look(part, own).view(batch, -1, self.resnet.width))
        return torch.cat(parts, 1), measures, level

    def dropped(self, measures: Tensor, kept: Tensor | None = None) -> Tensor:
        """Level features (B, …) after the dropout of training, but for the rows in ``kept`` (B,), which need them."""
        some: Tensor = self.drop(measures)
        if kept is None:
            return some
        return torch.where(kept.view(-1, *[1] * (measures.ndim - 1)), measures, some)

    def remember(
        self, features: Tensor, measures: Tensor, state: State, kept: Tensor | None = None
    ) -> tuple[Steps, State]:
        """LSTM, attention and projection over features (B, S, resnet.width) and level features (B, S, 3 or 0).

        kept: (B,), which rows keep all their level features in training.
        """
        joined = torch.cat([features, self.dropped(measures, kept)], -1)
        outputs, (hidden, cell) = self.lstm(joined, (state.hidden, state.cell))
        if self.config.unit_outputs:
            outputs = F.normalize(outputs, dim=-1)
        steps, window = outputs.shape[1], self.config.window
        around = torch.cat([state.past, outputs], 1)
        known = torch.cat([state.known, state.known.new_ones(outputs.shape[:2])], 1)
        scores = self.attend(around.mT)[:, 0].masked_fill(~known, -torch.inf)
        attention = scores.unfold(1, window, 1).softmax(-1)
        # One product a place in the window: unfolding the outputs would take sixteen times their memory.
        mixed = sum(attention[:, :, at, None] * around[:, at : at + steps] for at in range(window))
        latents = F.normalize(self.project(mixed), dim=-1)
        # A slice that is kept must not hold the whole of what it was cut from.
        after = State(state.level, hidden, cell, around[:, steps:].clone(), known[:, steps:].clone())
        return Steps(latents, attention, outputs), after

    def listen(self, mel: Tensor, state: State) -> tuple[Steps, State]:
        """Encode the steps of mel (B, past_frames + n, bands), n ≥ step_frames, that follow on what ``state`` has heard."""
        features, measures, level = self.see(mel, state.level)
        steps, after = self.remember(features, measures, state)
        after.level = level
        return steps, after

    def states(self, latents: Tensor) -> Tensor:
        """Latents (…, latent) to a text encoder's states (…, tokens, width) by the mapper. Raises ValueError without."""
        if self.mapper is None:
            raise ValueError("this encoder has no mapper: use the prompt bank")
        mapped: Tensor = self.mapper(latents)
        return mapped.unflatten(-1, self.config.mapper[1:])

    def forward(self, mel: Tensor) -> tuple[Tensor, Tensor]:
        """Mel (B, T, bands) in dB, from silence, to latents (B, S, latent) and attention (B, S, window); S = T // step."""
        whole = self.from_silence(mel)
        if mel.shape[1] < self.config.step_frames:
            return mel.new_zeros(len(mel), 0, self.config.latent), mel.new_zeros(len(mel), 0, self.config.window)
        steps, _ = self.listen(whole, self.begin(len(mel)))
        return steps.latents, steps.attention


def parameters(network: nn.Module) -> int:
    """How many parameters a network has."""
    return sum(parameter.numel() for parameter in network.parameters())
