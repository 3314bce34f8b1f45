"""CLIP's text encoder (Radford et al. 2021) as the teacher, from a local folder: for those who have it.

Its pooled vector is the text space, its last hidden states are what a mapper learns to give.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from visualizer.encoder.settings import TrainingError
from visualizer.encoder.space import Teacher
from visualizer.snapshots import FloatArray

BATCH = 64


class ClipText:
    """The text encoder and tokenizer of a picture model's folder (diffusers), or of a CLIP folder (transformers).

    fingerprint: changes with configuration and weights. Raises TrainingError, one sentence, where they cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        from safetensors import SafetensorError
        from transformers import CLIPTextModel, CLIPTokenizer
        from transformers.utils import logging

        inside = (folder / "text_encoder").is_dir()
        weights = folder / "text_encoder" if inside else folder
        files = sorted(weights.glob("*.safetensors"))
        if not (weights / "config.json").is_file() or not files:
            raise TrainingError(
                f"{folder} holds no text encoder with a config.json and .safetensors weights: name a model's folder in the "
                "diffusers or transformers layout"
            )
        logging.disable_progress_bar()
        try:
            tokenizer: Any = CLIPTokenizer.from_pretrained(folder / "tokenizer" if inside else folder)
            model: Any
            model, told = CLIPTextModel.from_pretrained(
                weights, use_safetensors=True, dtype=torch.float32, output_loading_info=True
            )
        except (SafetensorError, OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
            first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise TrainingError(f"the text encoder in {folder} cannot be read ({first}): copy the folder again") from None
        # What is missing would be random, and said in a warning at most.
        if lacking := sorted(name for name in told["missing_keys"] if not name.endswith("position_ids")):
            raise TrainingError(f"the text encoder in {folder} lacks {lacking[0]!r}: it is not CLIP's, or not whole")
        self._tokenizer, self._model = tokenizer, model.eval()
        digest = hashlib.sha256((weights / "config.json").read_bytes())
        for file in files:
            with file.open("rb") as content:
                digest.update(hashlib.file_digest(content, "sha256").digest())
        self.fingerprint = digest.hexdigest()[:16]

    @property
    def teacher(self) -> Teacher:
        """Its pooled vectors as a teacher's."""
        return Teacher(f"CLIP text encoder {self.fingerprint}, pooled", self.teach)

    def teach(self, texts: list[str]) -> FloatArray:
        """Unit vectors (N, width) of texts."""
        pooled = torch.cat([self._run(texts[at : at + BATCH]).pooler_output for at in range(0, len(texts), BATCH)])
        return np.asarray(torch.nn.functional.normalize(pooled, dim=-1).numpy(), np.float32)

    def states(self, texts: list[str]) -> Tensor:
        """Last hidden states (N, tokens, width) of texts, as a picture model's cross-attention is given them."""
        return torch.cat([self._run(texts[at : at + BATCH]).last_hidden_state for at in range(0, len(texts), BATCH)])

    @torch.no_grad()
    def _run(self, texts: list[str]) -> Any:
        longest = self._model.config.max_position_embeddings
        tokens = self._tokenizer(texts, padding="max_length", truncation=True, max_length=longest, return_tensors="pt")
        return self._model(tokens.input_ids)
