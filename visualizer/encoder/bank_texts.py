"""The texts of a prompt bank as they are written, and the bank that a teacher makes of them.

They stand in a TOML file::

    [weather]
    "heavy rain" = ["a downpour", "a rainstorm"]     # other wordings, whose vectors are averaged in
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from visualizer.encoder.bank import Bank, BankError
from visualizer.encoder.space import Teach, centred, normalised
from visualizer.snapshots import FloatArray


@dataclass(frozen=True, slots=True)
class Entry:
    """One text of a bank, its group, and other wordings of it."""

    text: str
    group: str
    wordings: tuple[str, ...] = ()


def read_texts(path: Path) -> list[Entry]:
    """The entries of a bank's TOML file. Raises BankError that names the file and what in it is wrong."""
    try:
        document: Mapping[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BankError(f"there is no prompt bank {path}; check the path") from None
    except (OSError, ValueError) as error:
        raise BankError(f"the prompt bank {path} cannot be read: {error}") from None
    entries: list[Entry] = []
    for group, texts in document.items():
        if not isinstance(texts, dict):
            raise BankError(f"{path}: {group!r} stands outside a group; write [group] above it")
        for text, wordings in texts.items():
            if not isinstance(wordings, list) or not all(isinstance(wording, str) for wording in wordings):
                raise BankError(f'{path}: write "{text}" = ["other wording", …], the list may be empty')
            entries.append(Entry(text, group, tuple(wordings)))
    if not entries:
        raise BankError(f"the prompt bank {path} holds no texts; write at least one")
    twice = {entry.text for entry in entries if sum(other.text == entry.text for other in entries) > 1}
    if twice:
        raise BankError(f"{path}: {sorted(twice)[0]!r} is there twice; keep one")
    return entries


def make_bank(entries: Sequence[Entry], teach: Teach, teacher: str, centre: FloatArray | None = None) -> Bank:
    """Vectors for entries: text and wordings are averaged in the centred space.

    centre: of the space the bank is to be in; None takes the mean of all these texts and wordings, a new space.
    """
    rows = [(text, number) for number, entry in enumerate(entries) for text in (entry.text, *entry.wordings)]
    taught = teach([text for text, _ in rows])
    if centre is None:
        centre = taught.mean(0)
    vectors = np.zeros((len(entries), taught.shape[1]), np.float32)
    np.add.at(vectors, [number for _, number in rows], centred(taught, centre))
    return Bank([e.text for e in entries], [e.group for e in entries], normalised(vectors), teacher, centre)
