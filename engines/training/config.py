"""The training configuration: one TOML file, one frozen dataclass a section."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class RunConfig:
    """Where a run lives and what it runs on."""

    folder: str = ".cache/training"
    device: str = "cpu"
    autocast: str = "bfloat16"  # "" computes in float32
    threads: int = 2
    seed: int = 1
    checkpoint_minutes: float = 3.0
    log_every: int = 20


@dataclass(frozen=True)
class ModelConfig:
    """Shapes of the three networks; all are plain diffusers and transformers classes."""

    size: int = 256
    vocabulary: int = 6144
    text_positions: int = 24
    text_width: int = 256
    text_layers: int = 4
    text_heads: int = 4
    text_intermediate: int = 512
    unet_patch: int = 2
    unet_widths: tuple[int, ...] = (96, 160)
    unet_heads: int = 4
    unet_groups: int = 32
    sound_factors: int = 7
    encoder_width: int = 64
    encoder_blocks: tuple[int, ...] = (0, 0, 3, 3)
    decoder_width: int = 64
    decoder_blocks: tuple[int, ...] = (4, 3)
    decoder_shuffle: int = 4


@dataclass(frozen=True)
class TextConfig:
    """Distillation of a sentence encoder into the small text encoder."""

    wordnet: str = ""  # folder with WordNet's data.* files; empty: do without
    texts: int = 120_000
    held_out: int = 2_000
    batch: int = 192
    rate: float = 1e-3
    warmup: int = 200
    relation: float = 4.0
    minutes: float = 5.0


@dataclass(frozen=True)
class AutoencoderConfig:
    """Joint training, then the latents are normalised and frozen, then the decoder alone."""

    batch: int = 16
    crop: int = 128
    rate: float = 8e-4
    warmup: int = 100
    noise: float = 0.05
    gradient: float = 0.5
    square: float = 1.0
    ema: float = 0.995
    decay_part: float = 0.35
    minutes: float = 10.0
    decoder_minutes: float = 7.0


@dataclass(frozen=True)
class CacheConfig:
    """Pictures and latents: groups of one scene, each picture with its previous frame."""

    families: tuple[str, ...] = ()  # empty: all
    groups: int = 1_700
    group_size: int = 8
    shard_groups: int = 20
    layered: float = 0.06


@dataclass(frozen=True)
class UnetConfig:
    """Flow matching, in the later part with degraded feedback; guidance and self-made feedback join by progress."""

    batch: int = 96
    rate: float = 1e-3
    warmup: int = 200
    weight_decay: float = 0.01
    clip: float = 1.0
    ema: float = 0.998
    text_drop: float = 0.1
    text_noise: float = 0.3
    text_spread: float = 0.0
    related: float = 0.3
    time_mean: float = 0.3  # of the times before the logistic; above 0 for late times, where prompts decide the form
    feedback: float = 0.25
    feedback_from: float = 0.0
    self_feedback_from: float = 0.5
    guidance_from: float = 0.45
    guidance_most: float = 0.75
    guidance: float = 0.6  # of the exported network; 0.6 leans as far as a classifier-free guidance scale of 2.5
    features: float = 0.0  # weight of the distance in the critic's features; above 0 needs the stage 'critic' first
    names: float = 0.0  # weight of the family and palette that the critic reads in the guess
    sound: float = 0.0  # weight of the sound factors that it reads there
    perceived: float = 0.5  # share of rows that it sees
    decay_part: float = 0.3
    compiled: bool = False
    minutes: float = 90.0


@dataclass(frozen=True)
class CriticConfig:
    """The network that reads latents for post-training."""

    batch: int = 128
    rate: float = 3e-3
    ema: float = 0.99
    minutes: float = 5.0


@dataclass(frozen=True)
class TuneConfig:
    """Post-training on the model's own rollouts, cold and streaming."""

    batch: int = 48
    rate: float = 5e-4
    critic_rate: float = 3e-4
    ema: float = 0.995
    streams: int = 768
    cold: float = 0.4  # share of batches that begin from noise; the others go on from the network's own frames
    cold_steps: int = 4
    steps: int = 2
    names: float = 0.5  # weight of telling family and palette
    factors: float = 4.0
    adversarial: float = 0.5
    flow: float = 1.0
    minutes: float = 20.0


@dataclass(frozen=True)
class JudgeConfig:
    """How the judge learns; minutes are for learning alone, its pictures take what they take."""

    batch: int = 128
    rate: float = 3e-3
    warmup: int = 50
    weight_decay: float = 0.02
    ema: float = 0.995
    minutes: float = 5.0


@dataclass(frozen=True)
class Config:
    """Every section of one configuration file."""

    run: RunConfig = field(default_factory=RunConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    text: TextConfig = field(default_factory=TextConfig)
    autoencoder: AutoencoderConfig = field(default_factory=AutoencoderConfig)
    cache: CacheConfig = field(default_factory=CacheConfig)
    unet: UnetConfig = field(default_factory=UnetConfig)
    critic: CriticConfig = field(default_factory=CriticConfig)
    tune: TuneConfig = field(default_factory=TuneConfig)
    judge: JudgeConfig = field(default_factory=JudgeConfig)


def _section(kind: type, name: str, values: dict[str, Any]) -> Any:
    known = {entry.name for entry in fields(kind)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise ValueError(f"[{name}] does not know {', '.join(unknown)}; it takes {', '.join(sorted(known))}")
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})


def load_config(path: Path) -> Config:
    """Read a TOML file; raises ValueError that names the section and key when one is not known."""
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    kinds: dict[str, type] = {
        "run": RunConfig, "model": ModelConfig, "text": TextConfig,
        "autoencoder": AutoencoderConfig, "cache": CacheConfig, "unet": UnetConfig,
        "critic": CriticConfig, "tune": TuneConfig, "judge": JudgeConfig,
    }  # fmt: skip
    unknown = sorted(set(document) - set(kinds))
    if unknown:
        raise ValueError(f"{path}: unknown section {', '.join(unknown)}; known are {', '.join(kinds)}")
    return Config(**{name: _section(kinds[name], name, values) for name, values in document.items()})
