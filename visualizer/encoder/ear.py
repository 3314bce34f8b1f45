"""Sound to what it means to one picture model, in one loop: the encoder, the bank and the model's text encoder together."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from engines.backends import Networks
from engines.guidance import Meant
from engines.model import ModelInfo
from visualizer.encoder.banks import bank_for, load_bank
from visualizer.encoder.interpreter import Interpreter
from visualizer.encoder.published import open_encoder
from visualizer.encoder.translator import Translator
from visualizer.snapshots import FloatArray


class Ear:
    """Hears the show's mel hop by hop; a running encoder's state is its own.

    encoder: its folder. banks: folder of the user's own texts, None for none. info, networks: of the model that paints.
    cache: where the bank's texts in that model's text encoder are kept. Raises EncoderError and BankError.
    """

    def __init__(self, encoder: Path, banks: Path | None, info: ModelInfo, networks: Networks, cache: Path) -> None:
        bank, self.left_out = load_bank(bank_for(encoder), banks)
        self._interpreter = Interpreter(open_encoder(encoder), bank, str(encoder))
        self._translator = Translator(bank, networks.encode_text, info.fingerprint, info.lexicon, cache)
        self._translator.prepare(len(bank))
        self._weights: FloatArray | None = None

    @property
    def fingerprint(self) -> str:
        """Changes with the encoder's weights and configuration and with the bank."""
        network = self._interpreter.network
        about = [network.config.to_dict(), network.temperature, self._interpreter.bank.fingerprint]
        digest = hashlib.sha256(json.dumps(about).encode())
        for name, value in network.state_dict().items():
            digest.update(name.encode())
            digest.update(value.cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()[:16]

    def hear(self, mel: FloatArray) -> None:
        """Take the mel (hops, bands) that follows on the last."""
        meaning = self._interpreter.hear(mel)
        if meaning is not None:
            self._weights = meaning.weights

    def meant(self, dt: float) -> Meant | None:
        """What the sound means now, ``dt`` seconds after this was asked last."""
        return self._translator.translate(self._weights, dt)
