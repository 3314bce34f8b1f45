"""What a run learns from and is measured with: sounds, their captions' vectors, and a column for each class.

What is tested stays out of what is learnt: captions that are held out never enter the loss, texts of the bank that say
the same as one of them do not either, and a source stands on one side only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from visualizer.encoder.bank import Bank, read_table
from visualizer.encoder.bank_texts import make_bank, read_texts
from visualizer.encoder.banks import OWN_BANK
from visualizer.encoder.data import ClipError, MelCache, Skipped, Sounds
from visualizer.encoder.evaluate import Numbers
from visualizer.encoder.manifest import Clip, Wordings, read_manifest, read_wordings
from visualizer.encoder.runner import Runner
from visualizer.encoder.settings import DataConfig, TrainConfig, TrainingError
from visualizer.encoder.space import Teacher, centred, normalised
from visualizer.encoder.targets import kept
from visualizer.resources import prompt_bank
from visualizer.snapshots import FloatArray

MOST_IN_TABLE = 10_000
"""Captions: the table's loss knows how near each is to each, 400 MB of them."""

KIN = 0.5
"""Cosine in the text space from which on two texts may say the same."""


@dataclass(frozen=True, slots=True)
class Material:
    """What a run learns from.

    captions: C texts of the split that is learnt from, and their unit vectors in the space, table (C, width). aims: by
    class, the rows of its captions, all equally right (``aimed``). others: (D, width), texts of the bank that are no kin
    of any caption, learnt or held out: never right, but in the choice, because the bank will be read by the same choice.
    classes: K names; columns: by held-out split, (K, width), each the mean of a class's words there. skipped: clips.
    """

    train: Sounds
    held_out: Sounds
    captions: list[str]
    table: FloatArray
    aims: dict[str, Numbers]
    others: FloatArray
    classes: list[str]
    columns: dict[str, FloatArray]
    space: str
    skipped: int

    def choice(self, device: torch.device) -> Tensor:
        """All texts that a latent is compared with, the captions first: (C + D, width)."""
        return torch.from_numpy(np.concatenate([self.table, self.others])).to(device)

    def of(self, split: str) -> Sounds:
        """The sounds of a held-out split."""
        return [sound for sound in self.held_out if sound[0].split == split]

    def dealt(self, seed: int) -> Material:
        """The same with the labels of training dealt out anew, so that nothing about classes can be learnt."""
        order = np.random.default_rng(seed).permutation(len(self.train))
        labels = [(self.train[row][0].label, self.train[row][0].level) for row in order]
        train = [
            (replace(clip, kind=kind, level=level), mel)
            for (clip, mel), (kind, level) in zip(self.train, labels, strict=True)
        ]
        return replace(self, train=train)


def aimed(aims: Sequence[Numbers], captions: int) -> FloatArray:
    """Rows of captions as targets (N, C), each of which sums to 1."""
    targets = np.zeros((len(aims), captions), np.float32)
    for target, rows in zip(targets, aims, strict=True):
        target[rows] = 1 / len(rows)
    return targets


def gather(config: TrainConfig, teacher: Teacher, runner: Runner) -> Material:
    """Read manifest and mels, and ask the teacher for the captions. Raises TrainingError, ManifestError, BankError."""
    data = config.data
    bank = space_of(config, teacher, runner)
    clips = read_manifest(Path(data.manifest), Path(data.folder) if data.folder else None)
    check_sources(clips, data)
    check_captions(clips, config)
    wordings = read_wordings(Path(data.wordings)) if data.wordings else {}
    sounds, skipped = _sounds(config, clips, runner)
    train = [sound for sound in sounds if sound[0].split == data.train]
    held_out = [sound for sound in sounds if sound[0].split != data.train]
    if not train:
        raise TrainingError(f"{data.manifest} leaves nothing to learn from in the split {data.train!r}")
    classes = sorted({clip.label for clip, _ in sounds})
    for name in [name for pair in config.evaluate.pairs for name in pair]:
        if name not in classes:
            raise TrainingError(f"[evaluate] pairs names {name!r}, of which {data.manifest} holds no sound")
    learnt = _told((clip for clip, _ in train), wordings.get(data.train, {}))
    captions = sorted({text for words in learnt.values() for text in words})
    splits = sorted({clip.split for clip, _ in held_out})
    tested = {split: _tested(split, held_out, wordings, learnt) for split in splits}
    unseen = {text for split in splits for words in tested[split].values() for text in words}
    # Also what is told of splits of which no sound is left.
    unseen |= {text for split in set(wordings) - {data.train} for words in wordings[split].values() for text in words}
    texts = sorted({*captions, *unseen})
    taught = _taught(texts, bank, config, teacher, runner)
    vectors = dict(zip(texts, normalised(taught.mean(1)), strict=True))
    table = np.stack([vectors[text] for text in captions])
    kin = (bank.vectors @ taught.reshape(-1, taught.shape[2]).T).max(1) >= KIN
    columns = {
        split: normalised(np.stack([np.mean([vectors[text] for text in words[name]], 0) for name in classes]))
        for split, words in tested.items()
    }
    place = {caption: number for number, caption in enumerate(captions)}
    aims = {name: np.array([place[text] for text in words]) for name, words in learnt.items()}
    return Material(
        train, held_out, captions, table, aims, bank.vectors[~kin], classes, columns, bank.space, len(skipped.reasons)
    )


def space_of(config: TrainConfig, teacher: Teacher, runner: Runner) -> Bank:
    """The bank whose text space is learnt. Raises TrainingError where teacher or width are others than the run's."""
    named, table = Path(config.data.bank), bank_table(config)
    bank = _own_bank(named, table, teacher, runner) if named.suffix == ".toml" else read_table(table)
    if bank.teacher != teacher.name:
        raise TrainingError(
            f"the vectors of the bank {table} were made by {bank.teacher!r}, this run's teacher is {teacher.name!r}: under "
            "[data] name the bank's .toml file as bank, and its table is made anew, or another teacher"
        )
    if len(bank.centre) != config.encoder.latent:
        raise TrainingError(
            f"the encoder's latent is {config.encoder.latent} wide, the text space {len(bank.centre)}: set latent under "
            "[encoder] to that"
        )
    return bank


def bank_table(config: TrainConfig) -> Path:
    """The table of the run's bank: what is named, the one in the run's folder for texts, or what ships."""
    if not config.data.bank:
        return prompt_bank()
    named = Path(config.data.bank)
    return Path(config.run.folder) / OWN_BANK if named.suffix == ".toml" else named


def _own_bank(texts: Path, table: Path, teacher: Teacher, runner: Runner) -> Bank:
    """The table of a bank's texts in the run's folder; made once, so that a run that goes on keeps its space."""
    entries = read_texts(texts)
    if runner.main:
        known = read_table(table) if table.exists() else None
        if known is None or known.teacher != teacher.name or known.texts != tuple(entry.text for entry in entries):
            make_bank(entries, teacher.teach, teacher.name).save(table)
    runner.wait()
    return read_table(table)


def check_sources(clips: Iterable[Clip], data: DataConfig) -> None:
    """Raises TrainingError where one source is both learnt from and held out."""
    splits: dict[str, set[str]] = {}
    for clip in clips:
        splits.setdefault(clip.source or str(clip.path), set()).add(clip.split)
    for source, found in sorted(splits.items()):
        if data.train in found and len(found) > 1:
            raise TrainingError(
                f"the source {source!r} stands in the splits {', '.join(sorted(found))} of {data.manifest}: give all its "
                "clips one split, or what was learnt is tested"
            )


def check_captions(clips: Iterable[Clip], config: TrainConfig) -> None:
    """Raises TrainingError for more captions than can all be chosen among, which takes their square in memory."""
    count = len({clip.caption for clip in clips if clip.split == config.data.train})
    if config.loss.contrast == "table" and count > MOST_IN_TABLE:
        raise TrainingError(
            f"{config.data.manifest} holds {count} captions to learn, too many to choose among all of them (at most "
            f'{MOST_IN_TABLE}): write contrast = "batch" under [loss]'
        )


def _sounds(config: TrainConfig, clips: list[Clip], runner: Runner) -> tuple[Sounds, Skipped]:
    """The mels of all clips; of several processes each makes a part of those that are not there yet."""
    folder = Path(config.data.cache) if config.data.cache else Path(config.run.folder) / "mels"
    cache, skipped = MelCache(folder, config.encoder.mel), Skipped(speaks=runner.main)
    if runner.processes > 1:
        for clip in clips[runner.rank :: runner.processes]:
            try:
                cache.mel(clip)
            except ClipError:
                continue  # said below, once
        runner.wait()
    sounds = cache.mels(clips, skipped)
    if skipped.reasons and runner.main:
        print(f"{len(skipped.reasons)} of {len(clips)} clips were skipped", flush=True)
    return sounds, skipped


def _told(clips: Iterable[Clip], words: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """By class, the captions of its clips and its further words."""
    found: dict[str, dict[str, None]] = {}
    for clip in clips:
        found.setdefault(clip.label, {})[clip.caption] = None
    for name in found:
        found[name] |= dict.fromkeys(words.get(name, ()))
    return {name: tuple(texts) for name, texts in found.items()}


def _tested(
    split: str, held_out: Sounds, wordings: Wordings, learnt: dict[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """By class, the words it is tested with in a split; a class that has none there stands with others it has."""
    there = _told((clip for clip, _ in held_out if clip.split == split), wordings.get(split, {}))
    elsewhere = _told((clip for clip, _ in held_out), {})
    return {**elsewhere, **learnt, **wordings.get(split, {}), **there}


def _taught(texts: list[str], bank: Bank, config: TrainConfig, teacher: Teacher, runner: Runner) -> FloatArray:
    """The unit vectors (N, prompts, width) of N texts in the bank's space."""
    prompts = config.data.prompts
    wordings = [prompt.format(text) for text in texts for prompt in prompts]
    told = kept(Path(config.run.folder), teacher.name, wordings, teacher.teach, runner)
    return centred(told, bank.centre).reshape(len(texts), len(prompts), -1)
