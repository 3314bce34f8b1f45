"""Whether a sound encoder can hear what the show hears, and be read with a prompt bank."""

from __future__ import annotations

from dataclasses import fields

from visualizer.analysis.mel import SHOW
from visualizer.encoder.bank import Bank
from visualizer.encoder.config import EncoderConfig, EncoderError

NAMED = 3
"""So many differences are told; a wholly different ear need not be spelt out."""


def check_fit(config: EncoderConfig, space: str, bank: Bank, source: str) -> None:
    """Raises EncoderError where an encoder's mel is not the show's or its latent not as wide as the bank's vectors, and
    BankError where encoder and bank speak of two text spaces.

    space: fingerprint of the encoder's text space. source: names the encoder in the sentence.
    """
    other = [entry.name for entry in fields(SHOW) if getattr(config.mel, entry.name) != getattr(SHOW, entry.name)]
    if other:
        how = ", ".join(f"{name} {getattr(config.mel, name)} instead of {getattr(SHOW, name)}" for name in other[:NAMED])
        how += f" and {len(other) - NAMED} more" if len(other) > NAMED else ""
        raise EncoderError(
            f"the sound encoder {source} does not hear the show's mel ({how}): train one without mel "
            "and form under [encoder]"
        )
    bank.check(space)
    if config.latent != len(bank.centre):
        raise EncoderError(
            f"the sound encoder {source} gives {config.latent} values where the prompt bank's vectors have "
            f"{len(bank.centre)}: load the encoder and the bank that were made for one another"
        )
