"""The prompt bank: short texts with their vectors in the text space that the sound encoder speaks.

A sound's latent becomes weights over the texts by their similarity; any picture model then paints the mixture (see
``meaning``). So meaning travels as a few hundred kilobytes that know nothing of the picture model. NumPy only.

A bank is a table, ``NAME.safetensors``: vectors (texts, width) in float16, the centre (width,) of the space, and texts,
groups and the space's fingerprint as metadata. It is made from a TOML file of texts (``bank_texts``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from visualizer.encoder.files import put_in_place
from visualizer.encoder.space import normalised, space_fingerprint
from visualizer.snapshots import FloatArray

TEMPERATURE = 0.07
"""Of the softmax over cosines; 1/0.07 is the scale that CLIP's training starts from, and the encoder's."""

MARGIN = 0.15
"""How far above the bank's mean similarity the best text must lie for the encoder to say anything. Of held-out moments
whose best lies 0.15 to 0.2 above, three of four have the right class among five; nearly none lies lower. At 0.3 seven of
ten were kept silent, and nearly all music of several instruments."""

FORMAT = "tpos-live bank 1"


class BankError(ValueError):
    """A prompt bank that cannot be used; the message is one sentence that says which and what to do."""


class Bank:
    """Texts, their groups and unit vectors (N, width).

    space: fingerprint of the text space; teacher, centre (width,): what it is made of. Raises BankError where the parts
    do not fit together.
    """

    def __init__(
        self, texts: Sequence[str], groups: Sequence[str], vectors: FloatArray, teacher: str, centre: FloatArray
    ) -> None:
        self.texts, self.groups, self.teacher = tuple(texts), tuple(groups), teacher
        self.centre = np.asarray(centre, np.float32)
        fits = np.shape(vectors) == (len(self.texts), len(self.centre)) and len(self.groups) == len(self.texts)
        if not self.texts or not fits:
            raise BankError(
                f"the prompt bank's {len(self.texts)} texts, {len(self.groups)} groups and table of shape "
                f"{np.shape(vectors)} do not fit together; make it anew"
            )
        if not np.isfinite(vectors).all() or not np.isfinite(self.centre).all():
            raise BankError("the prompt bank's table holds values that are not numbers; make it anew")
        self.vectors = normalised(np.asarray(vectors, np.float32))
        self.space = space_fingerprint(teacher, self.centre)

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def fingerprint(self) -> str:
        """Changes with the texts, their vectors and the space."""
        digest = hashlib.sha256(json.dumps([self.texts, self.groups, self.space]).encode())
        digest.update(self.vectors.tobytes())
        return digest.hexdigest()[:16]

    def check(self, space: str) -> None:
        """Raises BankError if an encoder of another text space is to be read with this bank."""
        if space != self.space:
            raise BankError(
                f"the prompt bank's texts are in the text space {self.space}, the sound encoder's in {space or 'none'}; "
                "load an encoder and a bank that were made for one another"
            )

    def similarities(self, latent: FloatArray) -> FloatArray:
        """Cosines (N,) of a unit latent (width,), or (…, N) of (…, width)."""
        if np.shape(latent)[-1:] != self.centre.shape:
            raise BankError(f"the prompt bank's vectors have {len(self.centre)} values, the latent {np.shape(latent)[-1:]}")
        return np.asarray(latent @ self.vectors.T, np.float32)

    def weights(
        self, latent: FloatArray, temperature: float = TEMPERATURE, top: int = 0, margin: float = MARGIN
    ) -> FloatArray:
        """Softmax (N,) over the similarities to a latent (width,): sums to 1, or all 0 where the bank abstains.

        top: keep only so many texts (0: all). margin: abstain where the best text is not by so much nearer than texts
        are on average; −1 never abstains. Raises ValueError for a temperature that is not above 0.
        """
        if not temperature > 0:
            raise ValueError(f"a temperature is above 0, not {temperature}")
        cosines = self.similarities(latent)
        if not cosines.max() - cosines.mean() >= margin:  # a latent that is not a number abstains, too
            return np.zeros(len(self), np.float32)
        powers = np.exp((cosines - cosines.max()) / np.float32(temperature))
        if 0 < top < len(self):
            powers[np.argpartition(powers, -top)[:-top]] = 0
        return np.asarray(powers / powers.sum(), np.float32)

    def joined(self, other: Bank) -> Bank:
        """This bank and another of the same space; a text that both hold is the other's. Raises BankError."""
        other.check(self.space)
        own = [row for row, text in enumerate(self.texts) if text not in other.texts]
        return Bank(
            [*(self.texts[row] for row in own), *other.texts], [*(self.groups[row] for row in own), *other.groups],
            np.concatenate([self.vectors[own], other.vectors]), self.teacher, self.centre,
        )  # fmt: skip

    def save(self, path: Path) -> None:
        """Write the table whole or not at all."""
        from safetensors.numpy import save_file

        metadata = {
            "format": FORMAT, "texts": json.dumps(self.texts, ensure_ascii=False),
            "groups": json.dumps(self.groups, ensure_ascii=False), "teacher": self.teacher, "space": self.space,
        }  # fmt: skip
        with put_in_place(path) as part:
            save_file({"vectors": self.vectors.astype(np.float16), "centre": self.centre}, part, metadata)


def read_table(path: Path) -> Bank:
    """A bank from its table. Raises BankError, one sentence, for a file that is none."""
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise BankError(f"there is no prompt bank {path}; check the path")
    try:
        with safe_open(path, "np") as file:
            about = file.metadata() or {}
            if about.get("format") != FORMAT:
                raise BankError(f"{path} is not a prompt bank; make one with: visualizer train bank {path.stem}.toml")
            vectors, centre = file.get_tensor("vectors"), file.get_tensor("centre")
        bank = Bank(json.loads(about["texts"]), json.loads(about["groups"]), vectors, about["teacher"], centre)
    except BankError:
        raise
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise BankError(f"the prompt bank {path} cannot be read ({error}); copy or make it again") from None
    if about.get("space") != bank.space:
        raise BankError(f"the prompt bank {path} does not belong to the text space it names; make it again")
    return bank
