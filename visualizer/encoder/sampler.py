"""Draws sounds for both stages: every class as often as any other, and within it every source."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from visualizer.encoder.augment import KEPT_GAIN_DB, AugmentConfig
from visualizer.encoder.evaluate import Numbers
from visualizer.encoder.manifest import Clip
from visualizer.encoder.material import Material, aimed
from visualizer.encoder.network import AudioEncoder
from visualizer.encoder.settings import SceneConfig, SegmentConfig
from visualizer.encoder.warp import Warp
from visualizer.snapshots import FloatArray

SCENE_GAIN_DB = (-12.0, 6.0)
"""Between the sounds of a scene, so that a switch is not only of kind."""

REPEATED_S = 1.0
"""In a scene a shorter sound comes again and again, as steps and drums do; else nothing would be asked of it."""

PAUSE_S = (0.1, 0.6)
"""Between its repetitions."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """mel: (B, T, bands) in dB. targets: (B, C) or (B, S, C) over the captions. kept: (B,), rows with a sound whose level
    tells its class. asked: (B, S), which steps of scenes are asked for."""

    mel: Tensor
    targets: Tensor
    kept: Tensor
    asked: Tensor


class Sampler:
    """Draws from the material's training sounds by a generator of its own."""

    def __init__(
        self, material: Material, network: AudioEncoder, augment: AugmentConfig, random: np.random.Generator
    ) -> None:
        self._random, self._network, self._augment = random, network, augment
        self._warp = Warp(network.config.mel)
        self._sounds = material.train
        by_class: dict[str, dict[str, list[int]]] = {}
        for row, (clip, _) in enumerate(material.train):
            by_class.setdefault(clip.label, {}).setdefault(clip.source, []).append(row)
        self._names = sorted(by_class)
        self._rows = [list(by_class[name].values()) for name in self._names]
        self._aims, self._captions = [material.aims[name] for name in self._names], len(material.captions)

    def _pick(self, frames: int) -> tuple[int, Clip, FloatArray]:
        """A class, a clip of it, and up to ``frames`` frames of it at a pitch and speed of their own."""
        random, augment = self._random, self._augment
        number = int(random.integers(len(self._names)))
        rows = self._rows[number][random.integers(len(self._rows[number]))]
        clip, stored = self._sounds[rows[random.integers(len(rows))]]
        semitones, speed = 0.0, 1.0
        if random.random() < augment.warp:
            semitones = float(random.uniform(-augment.pitch, augment.pitch))
            speed = float(random.uniform(1 - augment.speed, 1 + augment.speed))
        wanted = self._warp.frames(frames, speed)
        start = int(random.integers(max(1, len(stored) - wanted + 1)))
        return number, clip, self._warp(stored.read(start, wanted), semitones, speed)[:frames]

    def segments(self, settings: SegmentConfig) -> Drawn:
        """Mel (B, past_frames + n, bands) whose end is a segment of one sound, and targets (B, C)."""
        config = self._network.config
        steps = max(1, round(1000 * settings.before_s / config.step_ms))
        length = self._network.past_frames + steps * config.step_frames
        mel = np.full((settings.batch, length, config.mel.bands), config.mel.floor_db, np.float32)
        classes, kept = np.zeros(settings.batch, np.int64), np.zeros(settings.batch, bool)
        for row, place in enumerate(mel):
            classes[row], clip, sound = self._pick(length)
            kept[row] = clip.level
            if self._random.random() < settings.sudden:
                # It begins at any moment from before the segment up to its last step.
                sound = sound[-int(self._random.integers(config.step_frames, length + 1)) :]
            # What is shorter than the segment may lie anywhere in it.
            end = length - int(self._random.integers(max(0, config.segment_frames - len(sound)) + 1))
            place[end - len(sound) : end] = sound
        targets = self._targets(classes)
        return Drawn(torch.from_numpy(mel), targets, torch.from_numpy(kept), torch.ones(len(mel), 1, dtype=torch.bool))

    def scenes(self, settings: SceneConfig) -> Drawn:
        """Mel (B, T, bands) of sounds in turn, targets (B, S, C), and which steps are asked for."""
        config = self._network.config
        steps = max(1, round(1000 * settings.scene_s / config.step_ms))
        ignored = round(1000 * settings.ignored_s / config.step_ms)
        low, high = (max(1, round(1000 * seconds / config.step_ms)) for seconds in settings.sound_s)
        mel = np.full((settings.batch, steps * config.step_frames, config.mel.bands), config.mel.floor_db, np.float32)
        classes = np.zeros((settings.batch, steps), np.int64)
        asked, kept = np.ones((settings.batch, steps), bool), np.zeros(settings.batch, bool)
        for row in range(settings.batch):
            at = 0
            while at < steps:
                frames = min(int(self._random.integers(low, high + 1)), steps - at) * config.step_frames
                number, clip, sound = self._pick(frames)
                sound = self._repeated(sound, frames)
                taken = max(1, len(sound) // config.step_frames)
                gain = self._random.uniform(*(KEPT_GAIN_DB if clip.level else SCENE_GAIN_DB))
                sound = np.maximum(sound + np.float32(gain), config.mel.floor_db)
                mel[row, at * config.step_frames : at * config.step_frames + len(sound)] = sound
                classes[row, at : at + taken] = number
                asked[row, at : at + ignored] = False
                kept[row] |= clip.level
                at += taken
        targets = self._targets(classes)
        return Drawn(torch.from_numpy(mel), targets, torch.from_numpy(kept), torch.from_numpy(asked))

    def _targets(self, classes: Numbers) -> Tensor:
        """Targets (…, C) of classes (…): only those that were drawn, for all of them would be the square of C."""
        drawn, places = np.unique(classes, return_inverse=True)
        targets = torch.from_numpy(aimed([self._aims[number] for number in drawn], self._captions))
        return targets[torch.from_numpy(places.reshape(classes.shape))]

    def _repeated(self, sound: FloatArray, frames: int) -> FloatArray:
        """A short sound again and again with pauses, up to ``frames``; a longer one as it is."""
        mel = self._network.config.mel
        second = mel.sample_rate / mel.hop
        if len(sound) >= REPEATED_S * second:
            return sound
        parts, length = [sound], len(sound)
        while length < frames:
            pause = np.full((round(self._random.uniform(*PAUSE_S) * second), mel.bands), mel.floor_db, np.float32)
            parts += [pause, sound]
            length += len(pause) + len(sound)
        return np.concatenate(parts)[:frames]
