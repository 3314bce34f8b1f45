"""What a trained encoder makes of what was held out, split by split, with what tells whether that means anything."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from visualizer.encoder.audit import spectral_figures
from visualizer.encoder.data import Sounds
from visualizer.encoder.evaluate import Numbers, by_class, evaluate, names, similarities, write_confusion
from visualizer.encoder.material import Material
from visualizer.encoder.network import AudioEncoder
from visualizer.encoder.settings import EvaluateConfig
from visualizer.encoder.space import normalised
from visualizer.snapshots import FloatArray

EVALUATED_FROM_S = 1.0
"""A clip is judged by the mean of its latents from here on, when the first whole segment has been heard."""


@torch.inference_mode()
def settled(network: AudioEncoder, mel: FloatArray) -> torch.Tensor:
    """Latents (steps, width) of a clip's mel (frames, bands) since ``EVALUATED_FROM_S``; at least the last, on the CPU."""
    config = network.config
    first = round(1000 * EVALUATED_FROM_S / config.step_ms) - 1
    # A clip shorter than a step is heard to the end of that step, in silence.
    lack = max(0, config.step_frames - len(mel))
    whole = np.pad(mel, ((0, lack), (0, 0)), constant_values=config.mel.floor_db)
    latents = network(torch.from_numpy(whole)[None].to(network.attend.weight.device))[0][0].cpu()
    return latents[min(first, len(latents) - 1) :]


def clip_latents(network: AudioEncoder, sounds: Sounds, gain_db: float = 0.0) -> FloatArray:
    """One unit latent a clip, (N, width), played so many dB louder: the mean over its steps since ``EVALUATED_FROM_S``."""
    gain, floor = np.float32(gain_db), network.config.mel.floor_db
    played = (np.maximum(stored.read() + gain, floor) for _, stored in sounds)
    return normalised(np.stack([settled(network, mel).mean(0).numpy() for mel in played]))


def measure(network: AudioEncoder, material: Material, settings: EvaluateConfig, folder: Path) -> dict[str, float]:
    """Figures of every held-out split, its name before each; ``confusion-SPLIT.csv`` beside them in the folder, where
    the classes are few enough."""
    figures: dict[str, float] = {}
    for split, columns in material.columns.items():
        sounds = material.of(split)
        labels = numbers(sounds, material.classes)
        latents = clip_latents(network, sounds)
        found = evaluate(latents, columns, labels)
        if found.confusion is not None:
            write_confusion(folder / f"confusion-{split}.csv", found.confusion, material.classes)
        softer = clip_latents(network, sounds, -settings.quieter_db)
        own = {
            **found.figures,
            **_quieter(latents, softer, columns, labels, np.array([clip.level for clip, _ in sounds])),
            **_pairs(latents, softer, columns, labels, material.classes, settings.pairs),
            **spectral_figures(material.train, sounds),
            **_ceiling(material, columns, labels),
        }
        figures |= {f"{split}_{name}": value for name, value in own.items()}
    return figures


def names_right(network: AudioEncoder, material: Material) -> dict[str, float]:
    """The share of sounds that are named right, the mean over classes, by held-out split."""
    return {
        split: evaluate(
            clip_latents(network, material.of(split)), columns, numbers(material.of(split), material.classes)
        ).figures["zero_shot_top1"]
        for split, columns in material.columns.items()
    }


def numbers(sounds: Sounds, classes: list[str]) -> Numbers:
    """The class of each sound (N,), as its place among the classes."""
    place = {name: number for number, name in enumerate(classes)}
    return np.array([place[clip.label] for clip, _ in sounds], np.int64)


def _ceiling(material: Material, columns: FloatArray, labels: Numbers) -> dict[str, float]:
    """Of the classes that were learnt and are heard: how many would be named right if every latent lay in the middle of the
    words of training. What lacks to 1 the words of the split take away, whatever is heard."""
    heard = [number for number in np.unique(labels).tolist() if material.classes[number] in material.aims]
    if not heard:
        return {}
    middles = normalised(np.stack([material.table[material.aims[material.classes[number]]].mean(0) for number in heard]))
    return {"words_alone_top1": float((names(similarities(middles, columns)) == heard).mean())}


def _quieter(
    latents: FloatArray, softer: FloatArray, columns: FloatArray, labels: Numbers, level: np.ndarray
) -> dict[str, float]:
    """Of sounds whose class is not told by their level: how many are still named right, and how many named the same, when
    they are played more softly."""
    if level.all():
        return {}
    plain = ~level
    before, after = (names(similarities(found[plain], columns)) for found in (latents, softer))
    return {
        "quieter_zero_shot_top1": by_class(after == labels[plain], labels[plain]),
        "quieter_named_the_same": float(((before == after) & (after >= 0)).mean()),
    }


def _pairs(
    latents: FloatArray, softer: FloatArray, columns: FloatArray, labels: Numbers, classes: list[str],
    pairs: tuple[tuple[str, str], ...],
) -> dict[str, float]:  # fmt: skip
    """Of two classes that differ in loudness: how many sounds are nearer to their own, in how many pairs of one of each the
    louder one lies farther on the way from the quieter words to the louder, and how many of the louder class are nearer to
    the quieter one when they are played more softly; without sounds of both nothing."""
    figures = {}
    for quiet, loud in pairs:
        low, high = classes.index(quiet), classes.index(loud)
        if not (labels == low).any() or not (labels == high).any():
            continue
        there = (labels == low) | (labels == high)
        own = labels[there] == high
        heard, after = (names(similarities(found[there], columns[[low, high]])) for found in (latents, softer))
        figures[f"{quiet}_against_{loud}"] = by_class(heard == own, labels[there])
        louder = latents[there] @ (columns[high] - columns[low])
        figures[f"{quiet}_{loud}_ordered"] = float((louder[own][:, None] > louder[~own]).mean())
        figures[f"{loud}_quieter_is_{quiet}"] = float((after[own] == 0).mean())
    return figures
