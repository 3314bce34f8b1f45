"""Losses and augmentation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from small_encoder import TINY, sound

from visualizer.analysis.mel import LogMel, MelConfig
from visualizer.encoder.augment import Augment, AugmentConfig, levels
from visualizer.encoder.losses import BatchLoss, Scale, TableLoss, in_batch, nearness, softened, to_states
from visualizer.encoder.warp import Warp

pytestmark = pytest.mark.usefixtures("one_thread")


def test_repeated_captions_are_no_negatives() -> None:
    targets = torch.eye(4)[[0, 1, 1, 2]]
    latents = texts = targets.clone()
    scale = torch.tensor(50.0)
    assert in_batch(latents, texts, targets @ targets.T > 0, scale) < 1e-4
    assert in_batch(latents, texts, torch.eye(4) > 0, scale) > 0.3
    assert in_batch(latents[:0], texts[:0], torch.ones(0, 0) > 0, scale) == 0
    loss = BatchLoss(torch.eye(4))
    assert loss(latents, targets) < 1e-4 < 1 < loss(latents.roll(2, 0), targets)
    mixed = 0.5 * targets + 0.5 * targets.roll(1, 0)
    assert loss(torch.nn.functional.normalize(mixed, dim=-1), mixed) < 0.1, "a mixture is no negative of its parts"
    learned = Scale()
    assert learned().item() == pytest.approx(1 / 0.07, rel=1e-5)
    learned.log.data.fill_(20.0)
    assert learned().item() == pytest.approx(100, rel=1e-5)


def test_the_table_loss_and_its_soft_targets() -> None:
    table = torch.nn.functional.normalize(torch.tensor([[1.0, 0.0, 0.0], [0.9, 0.4, 0.0], [0.0, 0.0, 1.0]]), dim=-1)
    targets = torch.tensor([[1.0, 0.0, 0.0]])
    soft = softened(targets, nearness(table))
    assert soft.sum().item() == pytest.approx(1) and soft[0, 0] > 0.9 and soft[0, 1] > 10 * soft[0, 2]
    loss = TableLoss(table)
    right, near, wrong = (loss(table[row : row + 1], targets).item() for row in range(3))
    assert right < near < wrong
    assert loss(table[:1], targets[:, :1]).item() == pytest.approx(right), "texts that are never right need no target"
    assert loss(table[:0], targets[:0]).item() == 0
    assert set(loss.state_dict()) == {"scale.log"}
    assert to_states(torch.zeros(2, 6), torch.ones(2, 3, 2)).item() == 1


def test_augmentation_is_seeded_stays_above_the_floor_and_mixes_targets() -> None:
    mel = torch.from_numpy(np.stack([sound(TINY, 40, seed) for seed in range(16)]))
    first, again = (Augment(AugmentConfig(), -100.0, 0.01, 7)(mel) for _ in range(2))
    assert torch.equal(first.mel, again.mel) and torch.equal(first.partner, again.partner)
    assert first.mel.shape == mel.shape and first.mel.isfinite().all() and first.mel.min() >= -100
    assert (first.partner != torch.arange(16)).all()
    mixed = first.mixed(torch.eye(16))
    assert torch.allclose(mixed.sum(1), torch.ones(16)) and 0 < (first.share < 1).sum() < 16
    assert ((first.share > 0.3) & (first.share <= 1)).all()
    alone = AugmentConfig(mix=0, background=0, style=0, room=0, equalizer=0, low_pass=0, noise=0, masked=0)
    shifted = Augment(alone, -1000.0, 0.01, 7)(mel)
    assert torch.allclose(shifted.mel - mel, (shifted.mel - mel)[:, :1, :1].expand_as(mel), atol=1e-3)
    assert ((levels(shifted.mel) - levels(mel)) > -30.1).all() and ((levels(shifted.mel) - levels(mel)) < 6.1).all()


def test_a_sound_that_is_known_by_its_level_keeps_it() -> None:
    mel = torch.from_numpy(np.stack([sound(TINY, 60, seed) for seed in range(32)]))
    mel[:16] -= 25
    kept = torch.arange(32) % 2 == 0
    quiet = dict(background=0, room=0, equalizer=0, low_pass=0, noise=0, masked=0)
    alone = Augment(AugmentConfig(mix=0, **quiet), -1000.0, 0.01, 7)(mel, kept)
    change = levels(alone.mel) - levels(mel)
    assert change[kept].abs().max() < 3.1 and change[~kept].min() < -15 and torch.equal(alone.kept, kept)
    mixed = Augment(AugmentConfig(mix=1, style=0, **quiet), -1000.0, 0.01, 7)(mel, kept)
    assert torch.equal(mixed.kept, kept | kept[mixed.partner])
    both = levels(torch.logaddexp(mel * 0.2302585, mel[mixed.partner] * 0.2302585) / 0.2302585)
    assert ((levels(mixed.mel) - both)[mixed.kept].abs() < 3.1).all(), "they sound together as loud as they are"
    louder = kept & (levels(mel) - levels(mel)[mixed.partner] > 15)
    assert louder.any() and (mixed.share[louder] > 0.8).all(), "and what is louder has the more of the target"


def test_a_style_leaves_level_and_silence_alone() -> None:
    mel = torch.from_numpy(np.stack([sound(TINY, 60, seed) for seed in range(8)])).clamp_min(-80)
    mel[:, :20] = -100
    nothing = dict(mix=0, background=0, room=0, equalizer=0, low_pass=0, noise=0, masked=0, gain_db=(0.0, 0.0))
    styled = Augment(AugmentConfig(style=1, **nothing), -100.0, 0.01, 7)(mel).mel
    assert (styled[:, :20] == -100).all()
    assert (levels(styled) - levels(mel)).abs().max() < 3 < (styled - mel).abs().max()


def test_pitch_and_speed() -> None:
    config = MelConfig()
    time = np.arange(48_000) / 48_000
    mel, higher = (LogMel(config, 1).push(0.3 * np.sin(2 * np.pi * hertz * time)) for hertz in (1000, 1000 * 2 ** (4 / 12)))
    warp = Warp(config)
    assert warp(mel, 4.0, 1.0)[50].argmax() == higher[50].argmax() != mel[50].argmax()
    assert np.array_equal(warp(mel, 0.0, 1.0), mel) and len(warp(mel, 0.0, 1.25)) == 80 == len(mel) / 1.25
    assert warp(mel, -3.0, 0.9).max() == pytest.approx(mel.max(), abs=3) and warp(mel[:1], 1.0, 0.9).shape == (1, 64)
    ramp = np.arange(100, dtype=np.float32)[:, None] * np.ones((1, 64), np.float32)
    assert np.allclose(warp(ramp, 0.0, 2.0)[[0, -1]], ramp[[0, -1]]), "played faster, but whole"
