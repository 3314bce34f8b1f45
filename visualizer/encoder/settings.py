"""The training configuration of a sound encoder: one TOML file, one frozen dataclass a section."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from visualizer.encoder.augment import AugmentConfig
from visualizer.encoder.config import PUBLISHED, SMALL, EncoderConfig, EncoderError


class TrainingError(ValueError):
    """A training that cannot begin or go on; the message is one sentence."""


def _check(right: bool, sentence: str) -> None:
    if not right:
        raise TrainingError(sentence)


@dataclass(frozen=True, slots=True)
class RunConfig:
    """Where a run lives and what it runs on.

    start: folder of an encoder of the same form, whose weights are gone on from, such as the one that ships. minutes: of
    all stages together. threads: of torch on a CPU.
    """

    folder: str = "runs/encoder"
    start: str = ""
    device: str = "cpu"
    threads: int = 2
    seed: int = 1
    minutes: float = 90.0
    checkpoint_minutes: float = 3.0
    log_every: int = 20
    tensorboard: bool = True

    def __post_init__(self) -> None:
        _check(min(self.threads, self.log_every) >= 1, "threads and log_every are at least 1")
        _check(self.seed >= 0, f"seed is at least 0, not {self.seed}")
        _check(self.minutes > 0 and self.checkpoint_minutes > 0, "minutes and checkpoint_minutes are above 0")


@dataclass(frozen=True, slots=True)
class DataConfig:
    """What is learnt from.

    manifest, wordings: see ``manifest``. folder: of the manifest's files, if not its own. cache: of mels, in the run's
    folder if empty. train: the split that is learnt from; every other one is held out. prompts: patterns whose vectors
    are averaged for a caption. bank: a bank whose text space is meant instead of the one that ships; of a .toml file the
    table is made, in a new space, in the run's folder. teacher: a folder with a CLIP text encoder (diffusers or
    transformers), instead of the usual sentence encoder.
    """

    manifest: str = ""
    wordings: str = ""
    folder: str = ""
    cache: str = ""
    train: str = "train"
    prompts: tuple[str, ...] = ("{}", "the sound of {}", "{} in the distance")
    bank: str = ""
    teacher: str = ""

    def __post_init__(self) -> None:
        for prompt in self.prompts:
            told = isinstance(prompt, str) and prompt.count("{}") == 1 and not set(prompt.replace("{}", "")) & set("{}")
            _check(told, f"each of prompts holds {{}} once, where the caption goes, unlike {prompt!r}")
        _check(bool(self.prompts), 'prompts is empty; write prompts = ["{}"] for the captions alone')


@dataclass(frozen=True, slots=True)
class LossConfig:
    """What is asked. contrast: "table": the choice among all captions; "batch": among those of the batch, as TPoS has it.
    pull: weight of the distance to what was right. soft: share of a target that goes to captions near it ("table")."""

    contrast: str = "table"
    pull: float = 1.0
    soft: float = 0.1

    def __post_init__(self) -> None:
        _check(self.contrast in ("table", "batch"), f"contrast is 'table' or 'batch', not {self.contrast!r}")
        _check(self.pull >= 0 and 0 <= self.soft < 1, "pull is at least 0, and soft 0 to below 1")


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
        _check(self.optimizer in ("muon", "adamw"), f"optimizer is 'muon' or 'adamw', not {self.optimizer!r}")
        _check(self.batch >= 1, f"batch is at least 1, not {self.batch}")
        _check(0 <= self.share < math.inf, f"share is at least 0, not {self.share}")
        _check(0 < self.rate < math.inf and self.weight_decay >= 0, "rate is above 0 and weight_decay at least 0")
        _check(min(self.warmup, self.steps) >= 0, "warmup and steps are at least 0")
        _check(0 <= self.ema < 1 and 0 <= self.decay_part <= 1, "ema is 0 to below 1, and decay_part 0 to 1")


@dataclass(frozen=True, slots=True)
class SegmentConfig(StageConfig):
    """Stage 1: ResNet and pooling on segments. before_s: what is heard before a segment, for its slow level.

    sudden: share of sounds that begin within what is heard before.
    """

    share: float = 0.6
    batch: int = 64
    before_s: float = 2.0
    sudden: float = 0.3

    def __post_init__(self) -> None:
        StageConfig.__post_init__(self)  # super() does not know the class that slots=True made anew
        _check(0 <= self.before_s < math.inf and 0 <= self.sudden <= 1, "before_s is at least 0, and sudden 0 to 1")


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

    def __post_init__(self) -> None:
        StageConfig.__post_init__(self)
        bounds = self.sound_s
        right = len(bounds) == 2 and all(isinstance(value, int | float) for value in bounds)
        _check(right and 0 < bounds[0] <= bounds[1] < math.inf, f"sound_s is two lengths in s, the shorter one first, not "
               f"{list(bounds)}")  # fmt: skip
        _check(0 < self.scene_s < math.inf, f"scene_s is above 0, not {self.scene_s}")
        _check(0 <= self.ignored_s < self.scene_s, f"ignored_s is at least 0 and below scene_s, not {self.ignored_s}")
        _check(0 <= self.reset <= 1, f"reset is 0 to 1, not {self.reset}")
        _check(min(self.reuse, self.kept) >= 1, "reuse and kept are at least 1")


@dataclass(frozen=True, slots=True)
class MapperConfig(StageConfig):
    """Stage 3, where its share is above 0: a network from latents to the states of one text encoder, as TPoS has it.

    text_encoder: folder of the picture model, or of its text encoder. hidden: width inside. gelu: it ends in a GELU, as
    the published one does.
    """

    share: float = 0.0
    batch: int = 64
    optimizer: str = "adamw"
    rate: float = 1e-3
    text_encoder: str = ""
    hidden: int = 2048
    gelu: bool = False

    def __post_init__(self) -> None:
        StageConfig.__post_init__(self)
        _check(self.hidden >= 1, f"hidden is at least 1, not {self.hidden}")
        _check(not self.share or bool(self.text_encoder), "a mapper needs a text_encoder: name the picture model's folder")


@dataclass(frozen=True, slots=True)
class EvaluateConfig:
    """What is measured beside the names.

    pairs: classes that differ in loudness, the quieter one first. quieter_db: how much quieter sounds are played to see
    what becomes of them. audit_minutes: of a second training, in the folder "shuffled", whose labels are dealt out anew:
    what it can name held-out sounds by is not what was to be learnt; 0 for none.
    """

    pairs: tuple[tuple[str, str], ...] = ()
    quieter_db: float = 24.0
    audit_minutes: float = 0.0

    def __post_init__(self) -> None:
        for pair in self.pairs:
            right = isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(name, str) for name in pair)
            _check(right, f'each of pairs is ["quieter class", "louder class"], not {pair!r}')
        _check(0 < self.quieter_db <= 100, f"quieter_db is above 0 and at most 100, not {self.quieter_db}")
        _check(0 <= self.audit_minutes < math.inf, f"audit_minutes is at least 0, not {self.audit_minutes}")


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
    loss: LossConfig = field(default_factory=LossConfig)
    mapper: MapperConfig = field(default_factory=MapperConfig)
    evaluate: EvaluateConfig = field(default_factory=EvaluateConfig)

    def __post_init__(self) -> None:
        shares = self.segments.share + self.scenes.share
        _check(shares > 0, "the shares of segments and scenes are both 0: give each a part of the minutes")


_SECTIONS: dict[str, type] = {
    "run": RunConfig, "data": DataConfig, "augment": AugmentConfig, "segments": SegmentConfig, "scenes": SceneConfig,
    "loss": LossConfig, "mapper": MapperConfig, "evaluate": EvaluateConfig,
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
    start = _placed(path, config.run.start) if config.run.start else ""
    run = replace(config.run, folder=_placed(path, config.run.folder), start=start)
    data = config.data
    paths = ("manifest", "wordings", "folder", "cache", "bank", "teacher")
    placed: dict[str, Any] = {name: _placed(path, getattr(data, name)) for name in paths}
    data = replace(data, **placed)
    mapper = replace(config.mapper, text_encoder=_placed(path, config.mapper.text_encoder))
    return replace(config, run=run, data=data, mapper=mapper)


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
    try:
        return kind(**{key: _frozen(value) for key, value in values.items()})
    except ValueError as error:
        raise TrainingError(f"[{name}] {error}") from None


def _frozen(value: Any) -> Any:
    """Lists as tuples, lists inside them, too."""
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _encoder(values: Any) -> EncoderConfig:
    if not isinstance(values, dict):
        raise TrainingError("encoder must be a section [encoder]")
    own = dict(values)
    form = own.pop("form", "small")
    if form not in ("small", "published"):
        raise TrainingError(f'[encoder] form is "small" or "published", not {form!r}')
    base = PUBLISHED if form == "published" else SMALL
    if "mapper" in own or "mapper_gelu" in own:
        raise TrainingError("[encoder] takes no mapper: write share, text_encoder, hidden, gelu under [mapper]")
    plain = base.to_dict()
    if isinstance(own.get("mel"), dict):
        own["mel"] = {**plain["mel"], **own["mel"]}
    return EncoderConfig.from_dict({**plain, **own})
