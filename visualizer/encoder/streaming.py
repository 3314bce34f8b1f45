"""The encoder on live sound: mel frames in blocks of any size go in, one encoded step every 100 ms comes out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from visualizer.encoder.bank import MARGIN, Bank
from visualizer.encoder.level import frame_levels
from visualizer.encoder.network import AudioEncoder
from visualizer.snapshots import FloatArray, Meaning

STEPS_AT_ONCE = 16
"""Steps that are computed together when much sound comes at once, so that catching up is quick and memory stays small."""

SILENT_DB = 12.0
"""A frame that is not by so much louder than one whose bands are all at the floor is silence: about −70 dB in the show."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """One step of the encoder.

    sample: index one past the newest sample that shaped it, at the mel's rate (the show's clock where the mel is the
    show's). latent: (latent,), unit length. attention: (window,), oldest step first, sums to 1. silent: no frame of the
    step's segment stands out from an empty one, so that the latent says nothing.
    """

    sample: int
    latent: FloatArray
    attention: FloatArray
    silent: bool


class StreamingEncoder:
    """A running encoder of one sound. It gives what ``network.forward`` gives for all the mel since ``reset``.

    Memory and time a step do not grow. The network is put into evaluation mode; the caller says how many threads torch
    may use. sample: index of the first sample of the first frame.
    """

    def __init__(self, network: AudioEncoder, sample: int = 0) -> None:
        self.network = network.eval()
        self.reset(sample)

    def reset(self, sample: int = 0) -> None:
        """Forget everything; the next frame's first sample is ``sample``."""
        config = self.network.config
        with torch.inference_mode():
            self._state = self.network.begin()
            # What a segment reaches back to beyond its own step; behind it will wait the step that is not yet whole.
            silence = (self.network.past_frames, config.mel.bands)
            self._mel = torch.full(silence, config.mel.floor_db, device=self._state.past.device)
        self._sample = sample

    @torch.inference_mode()
    def push(self, mel: FloatArray) -> list[Encoded]:
        """Take mel frames (n, bands) in dB, n ≥ 0, that follow on the last ones; give the steps that became whole.

        Raises ValueError for another shape, and for values that are not finite, which would never leave the memory.
        """
        config = self.network.config
        if mel.ndim != 2 or mel.shape[1] != config.mel.bands:
            raise ValueError(f"the encoder takes mel of shape (frames, {config.mel.bands}), not {mel.shape}")
        frames = torch.tensor(mel, dtype=torch.float32, device=self._mel.device)
        if not bool(frames.isfinite().all()):
            raise ValueError("the encoder takes finite mel frames only")
        found: list[Encoded] = []
        block = STEPS_AT_ONCE * config.step_frames
        for start in range(0, len(frames), block):
            found += self._take(frames[start : start + block])
        return found

    def _take(self, frames: torch.Tensor) -> list[Encoded]:
        config = self.network.config
        self._mel = torch.cat([self._mel, frames])
        count = (len(self._mel) - self.network.past_frames) // config.step_frames
        if not count:
            return []
        steps, self._state = self.network.listen(self._mel[None], self._state)
        loudest = frame_levels(self._mel).unfold(0, config.segment_frames, config.step_frames).amax(-1)
        self._mel = self._mel[count * config.step_frames :].clone()
        latents, attention = steps.latents[0].cpu().numpy(), steps.attention[0].cpu().numpy()
        empty = config.mel.floor_db + 10 * math.log10(config.mel.bands)
        found = []
        for latent, weights, level in zip(latents, attention, loudest.tolist(), strict=True):
            self._sample += config.step_samples
            found.append(Encoded(self._sample, latent.copy(), weights.copy(), level < empty + SILENT_DB))
        return found


def meaning(step: Encoded, bank: Bank, temperature: float, top: int = 0, margin: float = MARGIN) -> Meaning:
    """What a step means in a bank of the encoder's space: nothing in silence, and where the bank abstains.

    temperature: the encoder's own is ``network.temperature``. top, margin: see ``Bank.weights``.
    """
    if step.silent:
        weights = np.zeros(len(bank), np.float32)
    else:
        weights = bank.weights(step.latent, temperature, top, margin)
    return Meaning(step.sample, step.latent, weights, step.attention)
