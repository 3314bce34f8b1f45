"""The training configuration of a sound encoder: one TOML file, one frozen dataclass a section."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from visualizer.encoder.augment import AugmentConfig
from visualizer.encoder.config import PUBLISHED, SMALL, EncoderConfig, EncoderError


class TrainingError(ValueError):
    """A training that cannot begin or go on; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class RunConfig:
    """Where a run lives and what it runs on. minutes: of both stages together. threads: of torch on a CPU."""

    folder: str = "runs/encoder"
    device: str = "cpu"
    threads: int = 2
    seed: int = 1
    minutes: float = 90.0
    checkpoint_minutes: float = 3.0
    log_every: int = 20
    tensorboard: bool = True


@dataclass(frozen=True, slots=True)
class DataConfig:
    """What is learnt from. manifest: see ``data``. folder: of its files, if not its own. cache: of mels, in the run's
    folder if empty. train: the split that is learnt from; every other one is held out. prompts: patterns whose vectors
    are averaged for a caption. bank: a table whose text space is meant instead of the one that ships."""

    manifest: str = ""
    folder: str = ""
    cache: str = ""
    train: str = "train"
    prompts: tuple[str, ...] = ("{}", "the sound of {}", "{} in the distance")
    bank: str = ""


@dataclass(frozen=True, slots=True)
class StageConfig:
    """How a stage learns. share: of the run's minutes. optimizer: "muon" or "adamw". steps: a limit, 0 for none."""

    share: float
    batch: int
    rate: float = 2e-3
    warmup: int = 100
    weight_decay: float = 0.02
    ema: float = 0.998
    decay_part: float = 0.4
    optimizer: str = "muon"
    steps: int = 0

    def __post_init__(self) -> None:
        if self.optimizer not in ("muon", "adamw"):
            raise TrainingError(f"optimizer is 'muon' or 'adamw', not {self.optimizer!r}")


@dataclass(frozen=True, slots=True)
class SegmentConfig(StageConfig):
    """Stage 1: ResNet and pooling on segments. before_s: what is heard before a segment, for its slow level.

    sudden: share of sounds that begin within what is heard before.
    """

    share: float = 0.6
    batch: int = 64
    before_s: float = 2.0
    sudden: float = 0.3


@dataclass(frozen=True, slots=True)
class SceneConfig(StageConfig):
    """Stage 2: LSTM and attention on scenes of several sounds, one after the other.

    scene_s: length. sound_s: bounds of a sound's. ignored_s: after a switch nothing is asked. reset: share of scenes
    that begin from nothing; the others go on from the scene before. reuse: how often the ResNet's features of a batch of
    scenes are used; kept: how many batches are at hand.
    """

    share: float = 0.4
    batch: int = 16
    scene_s: float = 8.0
    sound_s: tuple[float, float] = (1.0, 5.0)
    ignored_s: float = 0.5
    reset: float = 0.3
    reuse: int = 4
    kept: int = 32


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """Every section of one configuration file; ``encoder`` holds what differs from SMALL, or PUBLISHED where it says
    ``form = "published"``."""

    run: RunConfig = field(default_factory=RunConfig)
    data: DataConfig = field(default_factory=DataConfig)
    encoder: EncoderConfig = SMALL
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    segments: SegmentConfig = field(default_factory=SegmentConfig)
    scenes: SceneConfig = field(default_factory=SceneConfig)


_SECTIONS: dict[str, type] = {
    "run": RunConfig, "data": DataConfig, "augment": AugmentConfig, "segments": SegmentConfig, "scenes": SceneConfig,
}  # fmt: skip


def load_settings(path: Path) -> TrainConfig:
    """Read a TOML file; relative paths in it are taken from its folder. Raises TrainingError that names what is wrong."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise TrainingError(f"there is no training configuration {path}; check the path") from None
    except (OSError, ValueError) as error:
        raise TrainingError(f"the training configuration {path} cannot be read: {error}") from None
    known = [*_SECTIONS, "encoder"]
    if unknown := sorted(set(document) - set(known)):
        raise TrainingError(f"{path}: unknown section {', '.join(unknown)}; known are {', '.join(known)}")
    try:
        parts = {name: _section(kind, name, document.get(name, {})) for name, kind in _SECTIONS.items()}
        config = TrainConfig(**parts, encoder=_encoder(document.get("encoder", {})))
    except (EncoderError, TrainingError) as error:
        raise TrainingError(f"{path}: {error}") from None
    if not config.data.manifest:
        raise TrainingError(f"{path} names no manifest; write manifest = \"FILE\" under [data]")
    run = replace(config.run, folder=_placed(path, config.run.folder))
    data = config.data
    data = replace(
        data, manifest=_placed(path, data.manifest), folder=_placed(path, data.folder), cache=_placed(path, data.cache),
        bank=_placed(path, data.bank),
    )  # fmt: skip
    return replace(config, run=run, data=data)


def _placed(path: Path, name: str) -> str:
    return str(path.parent / name) if name else ""


def _section(kind: type, name: str, values: Any) -> Any:
    known = {entry.name: entry for entry in fields(kind)}
    if not isinstance(values, dict):
        raise TrainingError(f"{name} must be a section [{name}]")
    if unknown := sorted(set(values) - set(known)):
        raise TrainingError(f"[{name}] does not know {', '.join(unknown)}; it takes {', '.join(known)}")
    usual = kind()
    for key, value in values.items():
        like = getattr(usual, key)
        number = isinstance(like, float) and isinstance(value, int) and not isinstance(value, bool)
        if not number and type(value) is not (list if isinstance(like, tuple) else type(like)):
            raise TrainingError(f"[{name}] {key} = {value!r} is not of the kind of {like!r}")
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})


def _encoder(values: Any) -> EncoderConfig:
    if not isinstance(values, dict):
        raise TrainingError("encoder must be a section [encoder]")
    own = dict(values)
    form = own.pop("form", "small")
    if form not in ("small", "published"):
        raise TrainingError(f'[encoder] form is "small" or "published", not {form!r}')
    base = PUBLISHED if form == "published" else SMALL
    plain = base.to_dict()
    if isinstance(own.get("mel"), dict):
        own["mel"] = {**plain["mel"], **own["mel"]}
    return EncoderConfig.from_dict({**plain, **own})
