"""A running encoder and the bank that reads it: the show's mel in, what the sound means out."""

from __future__ import annotations

from visualizer.encoder.bank import Bank
from visualizer.encoder.fit import check_fit
from visualizer.encoder.network import AudioEncoder
from visualizer.encoder.streaming import StreamingEncoder, meaning
from visualizer.snapshots import FloatArray, Meaning


class Interpreter:
    """Hears the show's mel hop by hop. source: names the encoder in what is said of it.

    Raises EncoderError or BankError where encoder, show and bank do not fit together.
    """

    def __init__(self, network: AudioEncoder, bank: Bank, source: str) -> None:
        check_fit(network.config, network.space, bank, source)
        self.network, self.bank = network, bank
        self._encoder = StreamingEncoder(network)

    def reset(self, sample: int) -> None:
        """Forget everything; the next hop's first sample is ``sample``."""
        self._encoder.reset(sample)

    def hear(self, mel: FloatArray) -> Meaning | None:
        """Take the mel (hops, bands) that follows on the last; what it means, None where no step has become whole."""
        steps = self._encoder.push(mel)
        return meaning(steps[-1], self.bank, self.network.temperature) if steps else None
