"""Training a sound encoder in two stages, from a manifest to a folder that ``load_encoder`` reads.

Stage 1, ``segments``: the ResNet and its pooling learn to name single segments. Stage 2, ``scenes``: the LSTM and the
attention learn to follow sounds that take turns, on the frozen ResNet's features. Either stage can be killed and resumed;
a run that is done is only exported and measured again. Loss and targets: see ``losses``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engines.training import checkpoint, memory, muon
from visualizer.encoder.augment import Augment
from visualizer.encoder.bank import Teach, centred, normalised, read_table
from visualizer.encoder.data import Clip, Half, MelCache, Skipped, captions_of, read_manifest
from visualizer.encoder.evaluate import Numbers, evaluate, write_confusion
from visualizer.encoder.losses import TableLoss
from visualizer.encoder.metrics import Metrics
from visualizer.encoder.network import AudioEncoder, State, parameters
from visualizer.encoder.runner import Runner
from visualizer.encoder.settings import SceneConfig, SegmentConfig, StageConfig, TrainConfig, TrainingError
from visualizer.encoder.weights import save_encoder
from visualizer.resources import prompt_bank
from visualizer.snapshots import FloatArray

EVALUATED_FROM_S = 1.0
"""A clip is judged by the mean of its latents from here on, when the first whole segment has been heard."""

OUTPUTS_WEIGHT = 0.5
"""Of the LSTM's own newest output in the loss beside the attended mixture; TPoS trains both."""

SCENE_GAIN_DB = (-12.0, 6.0)
"""Between the sounds of a scene, so that a switch is not only of kind."""

UNLIMITED_STEPS = 1_000_000_000

KIN = 0.5
"""Cosine to a caption from which on a text of the bank may be right as well."""

Sounds = list[tuple[Clip, Half]]


@dataclass(frozen=True, slots=True)
class Material:
    """What a run learns from.

    captions: C texts and their unit vectors in the space, table (C, width). others: (D, width), texts of the bank that are
    no caption's kin: never right, but in the choice, because the bank will be read by the same choice.
    """

    train: Sounds
    held_out: Sounds
    captions: list[str]
    table: FloatArray
    others: FloatArray
    space: str
    skipped: int

    def choice(self, device: torch.device) -> Tensor:
        """All texts that a latent is compared with, the captions first: (C + D, width)."""
        return torch.from_numpy(np.concatenate([self.table, self.others])).to(device)


def gather(config: TrainConfig, teach: Teach) -> Material:
    """Read manifest and mels, and ask the teacher for the captions. Raises TrainingError, ManifestError, BankError."""
    data = config.data
    bank = read_table(Path(data.bank) if data.bank else prompt_bank())
    if len(bank.centre) != config.encoder.latent:
        raise TrainingError(f"the encoder's latent is {config.encoder.latent} wide, the text space {len(bank.centre)}")
    clips = read_manifest(Path(data.manifest), Path(data.folder) if data.folder else None)
    skipped = Skipped()
    cache = MelCache(Path(data.cache) if data.cache else Path(config.run.folder) / "mels", config.encoder.mel)
    sounds = cache.mels(clips, skipped)
    train = [sound for sound in sounds if sound[0].split == data.train]
    if not train:
        raise TrainingError(f"{data.manifest} leaves nothing to learn from in the split {data.train!r}")
    if skipped.reasons:
        print(f"{len(skipped.reasons)} of {len(clips)} clips were skipped", flush=True)
    captions = captions_of(clip for clip, _ in sounds)
    wordings = [prompt.format(caption) for caption in captions for prompt in data.prompts]
    vectors = centred(teach(wordings), bank.centre).reshape(len(captions), len(data.prompts), -1)
    held_out = [sound for sound in sounds if sound[0].split != data.train]
    table = normalised(vectors.mean(1))
    others = bank.vectors[(bank.vectors @ table.T).max(1) < KIN]
    return Material(train, held_out, captions, table, others, bank.space, len(skipped.reasons))


class SegmentLearner(nn.Module):
    """Stage 1: the ResNet and a head that points from one segment into the text space, which is dropped afterwards."""

    def __init__(self, network: AudioEncoder, table: Tensor) -> None:
        super().__init__()
        self.network = network
        self.head = nn.Linear(network.features, network.config.latent)
        self.loss = TableLoss(table)
        network.requires_grad_(False)
        for part in (network.expand, network.resnet):
            part.requires_grad_(True)

    def forward(self, mel: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Mel (B, past_frames + n, bands), its last segment named, and targets (B, C): loss, and latents (B, width)."""
        network, segment = self.network, mel[:, -self.network.config.segment_frames :]
        if network.config.level_s:
            slow, measures, _ = network.measure(mel, mel.new_zeros(len(mel), 2))
            features = torch.cat([network.look(segment, slow[:, -1]), network.drop(measures[:, -1])], 1)
        else:
            features = network.look(segment, None)
        latents = F.normalize(self.head(features), dim=-1)
        return self.loss(latents, targets), latents


class SceneLearner(nn.Module):
    """Stage 2: LSTM, attention and projection over the features of a ResNet that stays as it is."""

    def __init__(self, network: AudioEncoder, table: Tensor) -> None:
        super().__init__()
        self.network, self.loss = network, TableLoss(table)
        network.requires_grad_(False)
        for part in (network.lstm, network.attend, network.project):
            part.requires_grad_(True)

    def forward(
        self, features: Tensor, measures: Tensor, targets: Tensor, asked: Tensor, state: State
    ) -> tuple[Tensor, Tensor, State]:
        """Features (B, S, F), level features (B, S, ·), targets (B, S, C), asked (B, S): loss, share named right, state."""
        steps, after = self.network.remember(features, measures, state)
        latents, aims = steps.latents[asked], targets[asked]
        own = F.normalize(self.network.project(steps.outputs), dim=-1)[asked]
        loss = self.loss(latents, aims) + OUTPUTS_WEIGHT * self.loss(own, aims)
        return loss, named(latents, aims, self.loss.table[: aims.shape[1]]), after


def named(latents: Tensor, targets: Tensor, table: Tensor) -> Tensor:
    """The share of latents (N, width) whose nearest caption is the heaviest in their targets (N, C)."""
    right = (latents.detach() @ table.T).argmax(1) == targets.argmax(1)
    return right.float().mean()


class Sampler:
    """Draws sounds for both stages, every caption as often as any other; seeded."""

    def __init__(self, material: Material, network: AudioEncoder, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._network, self._captions = network, material.captions
        place = {caption: number for number, caption in enumerate(material.captions)}
        self._mels = [mel for _, mel in material.train]
        self._by_caption: dict[int, list[int]] = {}
        for row, (clip, _) in enumerate(material.train):
            self._by_caption.setdefault(place[clip.caption], []).append(row)
        self._known = sorted(self._by_caption)

    def _pick(self, frames: int) -> tuple[int, FloatArray]:
        """A caption, and up to ``frames`` frames of one of its sounds."""
        caption = self._known[self._random.integers(len(self._known))]
        rows = self._by_caption[caption]
        mel = self._mels[rows[self._random.integers(len(rows))]]
        start = int(self._random.integers(max(1, len(mel) - frames + 1)))
        return caption, mel[start : start + frames].astype(np.float32)

    def _one_hot(self, captions: Numbers) -> Tensor:
        return F.one_hot(torch.from_numpy(captions), len(self._captions)).float()

    def segments(self, settings: SegmentConfig) -> tuple[Tensor, Tensor]:
        """Mel (B, past_frames + n, bands) whose end is a segment of one sound, and targets (B, C)."""
        config = self._network.config
        steps = max(1, round(1000 * settings.before_s / config.step_ms))
        length = self._network.past_frames + steps * config.step_frames
        mel = np.full((settings.batch, length, config.mel.bands), config.mel.floor_db, np.float32)
        captions = np.zeros(settings.batch, np.int64)
        for row, place in enumerate(mel):
            captions[row], sound = self._pick(length)
            if self._random.random() < settings.sudden:
                # It begins at any moment from before the segment up to its last step.
                sound = sound[-int(self._random.integers(config.step_frames, length + 1)) :]
            place[length - len(sound) :] = sound
        return torch.from_numpy(mel), self._one_hot(captions)

    def scenes(self, settings: SceneConfig) -> tuple[Tensor, Tensor, Tensor]:
        """Mel (B, T, bands) of sounds in turn, targets (B, S, C), and which steps are asked for (B, S)."""
        config = self._network.config
        steps = max(1, round(1000 * settings.scene_s / config.step_ms))
        ignored = round(1000 * settings.ignored_s / config.step_ms)
        low, high = (max(1, round(1000 * seconds / config.step_ms)) for seconds in settings.sound_s)
        mel = np.full((settings.batch, steps * config.step_frames, config.mel.bands), config.mel.floor_db, np.float32)
        captions = np.zeros((settings.batch, steps), np.int64)
        asked = np.ones((settings.batch, steps), bool)
        for row in range(settings.batch):
            at = 0
            while at < steps:
                wanted = int(self._random.integers(low, high + 1))
                caption, sound = self._pick(min(wanted, steps - at) * config.step_frames)
                taken = max(1, len(sound) // config.step_frames)
                sound = np.maximum(sound + np.float32(self._random.uniform(*SCENE_GAIN_DB)), config.mel.floor_db)
                mel[row, at * config.step_frames : at * config.step_frames + len(sound)] = sound
                captions[row, at : at + taken] = caption
                asked[row, at : at + ignored] = False
                at += taken
        return torch.from_numpy(mel), self._one_hot(captions), torch.from_numpy(asked)


class Stage:
    """What both stages do: optimizers, moving average, rate, checkpoints, figures."""

    def __init__(
        self, name: str, config: TrainConfig, settings: StageConfig, learner: nn.Module, runner: Runner, resume: bool
    ) -> None:
        self._name, self._config, self._settings, self._runner = name, config, settings, runner
        self.plain = learner.to(runner.device)
        self.average = checkpoint.Average(self.plain, settings.ema)
        # Only what learns may be handed to the optimizers.
        optimizers = _optimizers(self.plain, settings)
        self.path = Path(config.run.folder) / f"{name}.pt"
        self.step, self.done = 0, False
        if resume and self.path.exists():
            self._resume(optimizers)
        self.learner, self._optimizers = runner.prepared(self.plain, optimizers)

    def _about(self) -> str:
        about = {"encoder": self._config.encoder.to_dict(), "optimizer": self._settings.optimizer}
        return json.dumps(about, sort_keys=True)

    def _resume(self, optimizers: list[torch.optim.Optimizer]) -> None:
        kept = checkpoint.load(self.path, str(self._runner.device))
        if kept["about"] != self._about():
            raise TrainingError(f"{self.path} is of another encoder or optimizer; name another folder under [run]")
        self.plain.load_state_dict(kept["learner"])
        for optimizer, state in zip(optimizers, kept["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        self.average.state, self.average.count = kept["average"], kept["count"]
        self.step, self.done = kept["step"], kept["done"]

    def keep(self) -> None:
        """Write the checkpoint."""
        if self._runner.main:
            checkpoint.save(
                self.path, about=self._about(), learner=self.plain.state_dict(), average=self.average.state,
                count=self.average.count, optimizers=[optimizer.state_dict() for optimizer in self._optimizers],
                step=self.step, done=self.done,
            )  # fmt: skip

    def learn(self, minutes: float, batch: Callable[[], tuple[Tensor, float]]) -> None:
        """Take steps until the time is over. batch: draws one, and gives its loss and the share named right."""
        if self.done:
            return
        run, settings = self._config.run, self._settings
        steps = max(0, settings.steps - self.step) if settings.steps else UNLIMITED_STEPS
        clock, kept_at = checkpoint.Clock(minutes, None), 0.0
        metrics = Metrics(Path(run.folder), self._name, run.tensorboard, self._runner.main)
        for tick in range(steps):
            by_steps = self.step / settings.steps if settings.steps else 0.0
            progress = self._runner.agreed(max(clock.progress, by_steps))
            if progress >= 1.0:
                break
            loss, right = batch()
            rate = settings.rate * checkpoint.rate(self.step, settings.warmup, progress, settings.decay_part)
            self._runner.descend(loss, self._optimizers, rate)
            self.average.update(self.plain)
            self.step += 1
            if tick % run.log_every == 0:
                metrics.row(clock, self.step, loss=float(loss.detach()), named=right, rate=rate)
            if clock.seconds - kept_at > 60 * run.checkpoint_minutes:
                self.keep()
                kept_at = clock.seconds
        self.done = True
        self.keep()
        metrics.close()

    def finish(self) -> None:
        """Put the moving average in place of the last weights."""
        self.plain.load_state_dict(self.average.state)
        self.plain.eval()


def _optimizers(learner: nn.Module, settings: StageConfig) -> list[torch.optim.Optimizer]:
    learning = [(name, parameter) for name, parameter in learner.named_parameters() if parameter.requires_grad]
    if settings.optimizer == "adamw":
        every = [parameter for _, parameter in learning]
        return [torch.optim.AdamW(every, lr=settings.rate, weight_decay=settings.weight_decay, betas=(0.9, 0.98))]
    hidden = [parameter for _, parameter in learning if parameter.ndim >= 2]
    rest = [parameter for _, parameter in learning if parameter.ndim < 2]
    return [
        muon.Muon(hidden, settings.rate, weight_decay=settings.weight_decay),
        torch.optim.AdamW(rest, lr=settings.rate, weight_decay=0.0, betas=(0.9, 0.98)),
    ]


def learn_segments(
    config: TrainConfig, material: Material, network: AudioEncoder, runner: Runner, minutes: float, resume: bool
) -> None:
    """Stage 1."""
    settings, seed = config.segments, config.run.seed + 1000 * runner.rank
    table = material.choice(runner.device)
    stage = Stage("segments", config, settings, SegmentLearner(network, table), runner, resume)
    sampler = Sampler(material, network, seed + stage.step)
    augment = _augment(config, seed + stage.step)
    learner = stage.learner.train()

    def batch() -> tuple[Tensor, float]:
        mel, targets = sampler.segments(settings)
        changed = augment(mel)
        targets = changed.mixed(targets).to(runner.device)
        loss, latents = learner(changed.mel.to(runner.device), targets)
        return loss, float(named(latents, targets, table[: targets.shape[1]]))

    stage.learn(minutes, batch)
    stage.finish()


def learn_scenes(
    config: TrainConfig, material: Material, network: AudioEncoder, runner: Runner, minutes: float, resume: bool
) -> None:
    """Stage 2."""
    settings, seed = config.scenes, config.run.seed + 1000 * runner.rank + 500
    table = material.choice(runner.device)
    scenes = SceneLearner(network, table)
    stage = Stage("scenes", config, settings, scenes, runner, resume)
    sampler = Sampler(material, network, seed + stage.step)
    augment = _augment(config, seed + stage.step)
    random = np.random.default_rng(seed + stage.step)
    learner = stage.learner.train()
    ready: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
    state = network.begin(settings.batch)
    drawn = 0

    @torch.no_grad()
    def heard() -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Scenes as the frozen ResNet sees them."""
        mel, targets, asked = sampler.scenes(settings)
        changed = augment(mel)
        network.resnet.eval()
        whole = network.from_silence(changed.mel.to(runner.device))
        features, measures, _ = network.see(whole, whole.new_zeros(len(whole), 2))
        asked = asked & torch.where(changed.share[:, None] < 1, asked[changed.partner], asked)
        return features, measures, changed.mixed(targets).to(runner.device), asked.to(runner.device)

    def batch() -> tuple[Tensor, float]:
        nonlocal state, drawn
        if drawn % settings.reuse == 0:
            ready.append(heard())
            del ready[: -settings.kept]
        drawn += 1
        features, measures, targets, asked = ready[random.integers(len(ready))]
        fresh = torch.from_numpy(random.random(settings.batch) < settings.reset).to(runner.device)
        loss, right, after = learner(features, measures, targets, asked, forgotten(state, fresh))
        state = State(after.level, after.hidden.detach(), after.cell.detach(), after.past.detach(), after.known)
        return loss, float(right)

    stage.learn(minutes, batch)
    stage.finish()
    network.temperature = 1 / float(scenes.loss.scale().detach())


def forgotten(state: State, fresh: Tensor) -> State:
    """The state with the rows of ``fresh`` (B,) as at the beginning."""
    keep = ~fresh
    return State(
        state.level * keep[:, None], state.hidden * keep[None, :, None], state.cell * keep[None, :, None],
        state.past * keep[:, None, None], state.known & keep[:, None],
    )  # fmt: skip


def _augment(config: TrainConfig, seed: int) -> Augment:
    mel = config.encoder.mel
    return Augment(config.augment, mel.floor_db, mel.hop / mel.sample_rate, seed)


@torch.inference_mode()
def clip_latents(network: AudioEncoder, sounds: Sounds) -> FloatArray:
    """One unit latent a clip, (N, width): the mean over its steps from ``EVALUATED_FROM_S`` on."""
    first = round(1000 * EVALUATED_FROM_S / network.config.step_ms) - 1
    device = network.attend.weight.device
    found = []
    for _, mel in sounds:
        # A clip shorter than a step is heard to the end of that step, in silence.
        lack = max(0, network.config.step_frames - len(mel))
        whole = np.pad(mel.astype(np.float32), ((0, lack), (0, 0)), constant_values=network.config.mel.floor_db)
        latents = network(torch.from_numpy(whole)[None].to(device))[0][0]
        found.append(latents[min(first, len(latents) - 1) :].mean(0).cpu().numpy())
    return normalised(np.stack(found))


def measure(network: AudioEncoder, material: Material, folder: Path) -> dict[str, float]:
    """Figures on what was held out, written to ``evaluation.json`` and ``confusion.csv``; none where nothing was."""
    if not material.held_out:
        return {}
    place = {caption: number for number, caption in enumerate(material.captions)}
    captions = np.array([place[clip.caption] for clip, _ in material.held_out], np.int64)
    found = evaluate(clip_latents(network, material.held_out), material.table, captions)
    write_confusion(folder / "confusion.csv", found.confusion, material.captions)
    (folder / "evaluation.json").write_text(json.dumps(found.figures, indent=1) + "\n", encoding="utf-8")
    return found.figures


def train(
    config: TrainConfig, minutes: float | None = None, resume: bool = False, teach: Teach | None = None
) -> dict[str, float]:
    """A whole run; the encoder goes to ``encoder`` in the run's folder. The figures on what was held out.

    minutes: of both stages together, instead of the configuration's. resume: go on from the checkpoints in the folder.
    teach: the sentence encoder; the usual one if None. Raises TrainingError, ManifestError, BankError, EncoderError.
    """
    if teach is None:
        from visualizer.encoder import teacher

        teach = teacher.teach
    memory.hold()
    run = config.run
    if run.device == "cpu":
        torch.set_num_threads(run.threads)
    torch.manual_seed(run.seed)
    folder = Path(run.folder)
    folder.mkdir(parents=True, exist_ok=True)
    runner = Runner(run.device)
    material = gather(config, teach)
    network = AudioEncoder(replace(config.encoder, mapper=()), material.space)
    if runner.main:
        print(
            f"{len(material.train)} sounds to learn from, {len(material.held_out)} held out, {len(material.captions)} "
            f"captions, {parameters(network) / 1e6:.2f} M parameters", flush=True,
        )  # fmt: skip
    whole = run.minutes if minutes is None else minutes
    shares = config.segments.share + config.scenes.share
    learn_segments(config, material, network, runner, whole * config.segments.share / shares, resume)
    learn_scenes(config, material, network, runner, whole * config.scenes.share / shares, resume)
    network = network.cpu().eval()
    if not runner.main:
        return {}
    figures = measure(network, material, folder)
    notes = {
        "figures": figures, "captions": material.captions, "sounds": len(material.train), "skipped": material.skipped,
        "data": asdict(config.data),
    }  # fmt: skip
    save_encoder(folder / "encoder", network, notes)
    for name, value in figures.items():
        print(f"{name:32} {value:.3f}")
    print(f"The encoder is in {folder / 'encoder'}.", flush=True)
    return figures
