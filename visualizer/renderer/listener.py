"""The sound encoder in the renderer: it hears every hop's mel, none is skipped, and says what the sound means.

A renderer that is started anew reads the last seconds again, so that it knows at once what was heard.
"""

from __future__ import annotations

from pathlib import Path

from visualizer.audio.ring import RingReader, SoundRing
from visualizer.encoder.bank import Bank
from visualizer.encoder.interpreter import Interpreter
from visualizer.encoder.network import AudioEncoder
from visualizer.renderer.messages import MEL_RING
from visualizer.snapshots import HOP_SAMPLES, SAMPLE_RATE, Meaning

WARM_S = 20.0
"""So much of the past is read at the beginning."""

HOPS_AT_ONCE = 20
"""The most that is encoded between two frames: catching up must not stop the picture."""


class Listener:
    """Encodes the mel ring in ``folder``. source: names the encoder in what is said of it.

    Raises EncoderError or BankError where encoder, show and bank do not fit together.
    """

    def __init__(self, folder: Path, network: AudioEncoder, bank: Bank, source: str) -> None:
        self._interpreter = Interpreter(network, bank, source)
        self._reader = RingReader(SoundRing.open(folder / MEL_RING), WARM_S)
        self.bank = bank
        self._expected = -1  # the sample that the next hop begins with, where none is missing
        self.meaning: Meaning | None = None
        self.caught_up = False
        """Whether all that there was has been heard."""

    def listen(self) -> bool:
        """Take the hops that have come; whether ``meaning`` is new. After a gap the past begins anew."""
        mel, first = self._reader.read(HOPS_AT_ONCE)
        self.caught_up = len(mel) < HOPS_AT_ONCE
        if not len(mel):
            return False
        sample = round(self._reader.ring.captured_at(first) * SAMPLE_RATE)
        if sample != self._expected:
            self._interpreter.reset(sample)
        self._expected = sample + len(mel) * HOP_SAMPLES
        meaning = self._interpreter.hear(mel)
        self.meaning = meaning or self.meaning
        return meaning is not None
