"""What a sound means, said to one picture model: weights over the bank's texts become states of its own text encoder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from engines.guidance import Meant
from visualizer.encoder.bank import Bank
from visualizer.encoder.meaning import SMOOTH_S, BankStates, EncodeText, Mixer
from visualizer.snapshots import FloatArray


class Translator:
    """Says weights over a bank to one picture model.

    encode_text, model: of the picture model, and its fingerprint. lexicon: what the model is told instead of a text of the
    bank: a small model knows few words. cache: a folder where the encoded texts are kept, None keeps them in memory.
    """

    def __init__(
        self, bank: Bank, encode_text: EncodeText, model: str, lexicon: Mapping[str, str], cache: Path | None = None,
        smooth_s: float = SMOOTH_S,
    ) -> None:  # fmt: skip
        words = hashlib.sha256(json.dumps(sorted(lexicon.items())).encode()).hexdigest()[:8]
        self._states = BankStates(bank, lambda text: encode_text(lexicon.get(text, text)).cpu(), f"{model}-{words}", cache)
        self._mixer = Mixer(self._states, smooth_s)
        self._nothing = np.zeros(len(bank), np.float32)
        self._neutral: torch.Tensor | None = None

    def prepare(self, count: int) -> bool:
        """Encode up to ``count`` more of the bank's texts; whether all are. What a sound means waits for that."""
        return self._states.fill(count) == 0

    @property
    def ready(self) -> bool:
        """Whether all of the bank's texts are encoded."""
        return not self._states.left

    def translate(self, weights: FloatArray | None, dt: float) -> Meant | None:
        """What weights (texts,) that have held for ``dt`` seconds mean, smoothed; None for weights is nothing heard.

        None while the bank is not prepared or nothing has been meant yet.
        """
        if not self.ready:
            return None
        mixture = self._mixer.mix(self._nothing if weights is None else weights, dt)
        if mixture is None:
            return None
        if self._neutral is None:  # what all texts have in common is no sound in particular
            rows = [self._states.row(row) for row in range(len(self._states.bank))]
            self._neutral = torch.stack(rows).mean(0)[None]
        return Meant(mixture.states, self._neutral, mixture.presence)
