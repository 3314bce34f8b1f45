"""Training a sound encoder, from a manifest to a folder that ``load_encoder`` reads.

Stage 1, ``segments``: the ResNet and its pooling learn to name single segments. Stage 2, ``scenes``: the LSTM and the
attention learn to follow sounds that take turns, on the frozen ResNet's features. Stage 3, ``mapper``, where it is asked
for: see ``mapping``. Any stage can be killed and resumed; a run that is done is only exported and measured again.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from engines.training import memory
from visualizer.encoder.augment import Augment
from visualizer.encoder.bank import read_table
from visualizer.encoder.banks import OWN_BANK
from visualizer.encoder.files import put_in_place
from visualizer.encoder.learners import SceneLearner, SegmentLearner, contrast, named
from visualizer.encoder.material import Material, bank_table, gather
from visualizer.encoder.measure import measure, names_right
from visualizer.encoder.network import AudioEncoder, State, parameters
from visualizer.encoder.runner import Runner
from visualizer.encoder.sampler import Sampler
from visualizer.encoder.settings import TrainConfig, TrainingError
from visualizer.encoder.space import Teacher
from visualizer.encoder.stage import Stage
from visualizer.encoder.weights import load_encoder, save_encoder

AUDIT = "shuffled"
"""Folder, in the run's own, of the training whose labels are dealt out anew."""


def learn_segments(
    config: TrainConfig, material: Material, network: AudioEncoder, runner: Runner, minutes: float, resume: bool
) -> None:
    """Stage 1."""
    settings = config.segments
    table = material.choice(runner.device)
    learning = SegmentLearner(network, contrast(config.loss, table))
    stage = Stage("segments", config, settings, learning, runner, resume, network.space)
    sampler, augment = _draws(config, material, network, stage)
    learner = stage.learner.train()

    def batch() -> tuple[Tensor, dict[str, float]]:
        drawn = sampler.segments(settings)
        changed = augment(drawn.mel, drawn.kept)
        targets = changed.mixed(drawn.targets).to(runner.device)
        loss, latents = learner(changed.mel.to(runner.device), targets, changed.kept.to(runner.device))
        return loss, {"named": named(latents, targets, table)}

    stage.learn(minutes, batch)
    stage.finish()


def learn_scenes(
    config: TrainConfig, material: Material, network: AudioEncoder, runner: Runner, minutes: float, resume: bool
) -> None:
    """Stage 2."""
    settings = config.scenes
    table = material.choice(runner.device)
    scenes = SceneLearner(network, contrast(config.loss, table))
    stage = Stage("scenes", config, settings, scenes, runner, resume, network.space)
    sampler, augment = _draws(config, material, network, stage)
    random = np.random.default_rng(stage.seeds().spawn(3)[2])
    learner = stage.learner.train()
    ready: list[tuple[Tensor, Tensor, Tensor, Tensor, Tensor]] = []
    state = network.begin(settings.batch)
    count = 0

    @torch.no_grad()
    def heard() -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Scenes as the frozen ResNet sees them."""
        drawn = sampler.scenes(settings)
        changed = augment(drawn.mel, drawn.kept)
        network.resnet.eval()
        whole = network.from_silence(changed.mel.to(runner.device))
        features, measures, _ = network.see(whole, whole.new_zeros(len(whole), 2))
        asked = drawn.asked & torch.where(changed.share[:, None] < 1, drawn.asked[changed.partner], drawn.asked)
        targets = changed.mixed(drawn.targets).to(runner.device)
        return features, measures, targets, asked.to(runner.device), changed.kept.to(runner.device)

    def batch() -> tuple[Tensor, dict[str, float]]:
        nonlocal state, count
        if count % settings.reuse == 0:
            ready.append(heard())
            del ready[: -settings.kept]
        count += 1
        features, measures, targets, asked, kept = ready[random.integers(len(ready))]
        fresh = torch.from_numpy(random.random(settings.batch) < settings.reset).to(runner.device)
        loss, latents, after = learner(features, measures, targets, asked, kept, forgotten(state, fresh))
        state = State(after.level, after.hidden.detach(), after.cell.detach(), after.past.detach(), after.known)
        return loss, {"named": named(latents, targets[asked], table)}

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


def _draws(config: TrainConfig, material: Material, network: AudioEncoder, stage: Stage) -> tuple[Sampler, Augment]:
    """What draws a stage's batches, seeded for where it goes on; and the seed of dropout."""
    seeds = stage.seeds().spawn(2)
    mel = config.encoder.mel
    numbers = [int(number) for number in seeds[1].generate_state(2)]
    torch.manual_seed(numbers[0])
    augment = Augment(config.augment, mel.floor_db, mel.hop / mel.sample_rate, numbers[1])
    return Sampler(material, network, config.augment, np.random.default_rng(seeds[0])), augment


def learn(
    config: TrainConfig, material: Material, runner: Runner, minutes: float, resume: bool, speaks: bool = True
) -> AudioEncoder:
    """All stages that are asked for, of a new network, which is given back in evaluation mode."""
    torch.manual_seed(config.run.seed)
    Path(config.run.folder).mkdir(parents=True, exist_ok=True)
    network = AudioEncoder(replace(config.encoder, mapper=()), material.space)
    if config.run.start:
        _go_on_from(Path(config.run.start), network)
    if speaks and runner.main:
        print(
            f"{len(material.train)} sounds to learn from, {len(material.held_out)} held out, {len(material.classes)} "
            f"classes, {len(material.captions)} captions, {parameters(network) / 1e6:.2f} M parameters", flush=True,
        )  # fmt: skip
    shares = config.segments.share + config.scenes.share + config.mapper.share
    learn_segments(config, material, network, runner, minutes * config.segments.share / shares, resume)
    learn_scenes(config, material, network, runner, minutes * config.scenes.share / shares, resume)
    if config.mapper.share:
        from visualizer.encoder.mapping import learn_mapper

        learn_mapper(config, material, network, runner, minutes * config.mapper.share / shares, resume)
    return network.cpu().eval()


def _go_on_from(folder: Path, network: AudioEncoder) -> None:
    """Put an encoder's weights into a network of the same form. Raises TrainingError, EncoderError."""
    found = load_encoder(folder)
    if (found.config, found.space) != (network.config, network.space):
        raise TrainingError(
            f"the encoder in {folder} has another form than [encoder] or another text space: start from one that is alike, "
            "or leave out start"
        )
    network.load_state_dict(found.state_dict())


def train(
    config: TrainConfig, minutes: float | None = None, resume: bool = False, teacher: Teacher | None = None
) -> dict[str, float]:
    """A whole run; the encoder goes to ``encoder`` in the run's folder. The figures on what was held out.

    minutes: of all stages and of all calls that resume one another, instead of the configuration's. resume: go on from the
    checkpoints in the folder. teacher: the one that the configuration names if None. Raises TrainingError, ManifestError,
    BankError, EncoderError.
    """
    teacher = teacher or named_teacher(config)
    memory.hold()
    run = config.run
    if run.device == "cpu":
        torch.set_num_threads(run.threads)
    folder = Path(run.folder)
    runner = Runner(run.device)
    material = gather(config, teacher, runner)
    network = learn(config, material, runner, run.minutes if minutes is None else minutes, resume)
    audit = _audited(config, material, runner, resume) if config.evaluate.audit_minutes else None
    if not runner.main:
        return {}
    figures = measure(network, material, config.evaluate, folder)
    if audit is not None:
        figures |= {f"{split}_shuffled_training_top1": right for split, right in names_right(audit, material).items()}
    notes = {
        "figures": figures, "captions": material.captions, "classes": material.classes, "sounds": len(material.train),
        "skipped": material.skipped, "teacher": teacher.name,
    }  # fmt: skip
    own_bank = folder / "encoder" / OWN_BANK
    if config.data.bank:  # the show reads the encoder with it
        read_table(bank_table(config)).save(own_bank)
    else:
        own_bank.unlink(missing_ok=True)
    save_encoder(folder / "encoder", network, notes)
    with put_in_place(folder / "evaluation.json") as part:
        part.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    for name, value in figures.items():
        print(f"{name:48} {value:.3f}")
    print(f"The encoder is in {folder / 'encoder'}.", flush=True)
    return figures


def named_teacher(config: TrainConfig) -> Teacher:
    """The configuration's teacher: CLIP from a folder, or the usual sentence encoder."""
    if config.data.teacher:
        from visualizer.encoder.clip_teacher import ClipText

        return ClipText(Path(config.data.teacher)).teacher
    from visualizer.encoder import teacher

    return Teacher(teacher.NAME, teacher.teach)


def _audited(config: TrainConfig, material: Material, runner: Runner, resume: bool) -> AudioEncoder:
    """The same training on labels that were dealt out anew: what it names right is chance and accident of the split."""
    if runner.main:
        print("Now the audit: the same training, its labels dealt out anew.", flush=True)
    run = replace(config.run, folder=str(Path(config.run.folder) / AUDIT))
    own = replace(config, run=run, mapper=replace(config.mapper, share=0.0))
    return learn(own, material.dealt(config.run.seed), runner, config.evaluate.audit_minutes, resume, speaks=False)
