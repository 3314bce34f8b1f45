"""Stage 3: the mapper of TPoS, a network from the encoder's latents to the states of one picture model's text encoder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from visualizer.encoder.clip_teacher import ClipText
from visualizer.encoder.learners import MapperLearner
from visualizer.encoder.material import Material, aimed
from visualizer.encoder.meaning import save_mapper
from visualizer.encoder.measure import settled
from visualizer.encoder.network import AudioEncoder, build_mapper
from visualizer.encoder.runner import Runner
from visualizer.encoder.settings import TrainConfig
from visualizer.encoder.stage import Stage
from visualizer.encoder.targets import kept

MAPPER = "mapper.safetensors"

MOST_CLIPS, MOST_STEPS = 20_000, 8
"""Of which latents are kept in memory, and of each so many steps, spread over it."""


def learn_mapper(
    config: TrainConfig, material: Material, network: AudioEncoder, runner: Runner, minutes: float, resume: bool
) -> None:
    """Train the mapper on the finished network's latents and write ``mapper.safetensors`` into the run's folder."""
    settings = config.mapper
    text = ClipText(Path(settings.text_encoder))
    asked = f"states of the text encoder {text.fingerprint}"
    told = kept(Path(config.run.folder), asked, material.captions, lambda texts: text.states(texts).numpy(), runner)
    states = torch.from_numpy(told)
    # CLIP's attention is causal: what stands before the text does not depend on it, and need not be learnt.
    first = states[0, :1] if torch.allclose(states[:, 0], states[:1, 0], atol=1e-4) else None
    learnt = states if first is None else states[:, 1:]
    tokens, width = learnt.shape[1:]
    mapper = build_mapper(network.config.latent, (settings.hidden, tokens, width), settings.gelu)
    stage = Stage("mapper", config, settings, MapperLearner(mapper), runner, resume, f"{network.space} {text.fingerprint}")
    random = np.random.default_rng(stage.seeds())
    latents, labels = _latents(network, material, random)
    learner = stage.learner.train()

    def batch() -> tuple[Tensor, dict[str, float]]:
        rows = torch.from_numpy(random.integers(len(latents), size=settings.batch))
        # Any caption of its class is right.
        right = aimed([material.aims[labels[row]] for row in rows.tolist()], len(material.captions))
        captions = torch.multinomial(torch.from_numpy(right), 1)[:, 0]
        loss = learner(latents[rows].to(runner.device), learnt[captions].to(runner.device))
        return loss, {}

    stage.learn(minutes, batch)
    stage.finish()
    if runner.main:
        made = stage.plain.get_submodule("mapper").cpu()
        assert isinstance(made, torch.nn.Sequential)
        save_mapper(
            Path(config.run.folder) / MAPPER, made, (int(tokens), int(width)), network.space, text.fingerprint, first
        )
        print(f"The mapper is in {Path(config.run.folder) / MAPPER}.", flush=True)


@torch.inference_mode()
def _latents(network: AudioEncoder, material: Material, random: np.random.Generator) -> tuple[Tensor, list[str]]:
    """Latents (N, width) of training sounds, and the class of each."""
    network.eval()
    found: list[Tensor] = []
    labels: list[str] = []
    for row in random.permutation(len(material.train))[:MOST_CLIPS]:
        clip, stored = material.train[row]
        steps = settled(network, stored.read())
        chosen = steps[torch.linspace(0, len(steps) - 1, min(MOST_STEPS, len(steps))).long()]
        found.append(chosen)
        labels += [clip.label] * len(chosen)
    return torch.cat(found).clone(), labels
