"""The sound encoder in the renderer: every hop's mel comes through a ring of its own, none is skipped, a meaning goes back.

The ring is the one that carries sound, with mel bands for channels and hops for frames; its times are seconds of the
show's sound. A renderer that is started anew reads the last seconds again, so that it knows at once what was heard.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from visualizer.audio.ring import RingReader, SoundRing
from visualizer.encoder.bank import Bank
from visualizer.encoder.network import AudioEncoder
from visualizer.encoder.streaming import StreamingEncoder, meaning
from visualizer.snapshots import HOP_SAMPLES, SAMPLE_RATE, Meaning

MEL_RING = "mel.ring"
MEANING_BOX = "meaning.box"
HOPS_A_SECOND = SAMPLE_RATE // HOP_SAMPLES
RING_SECONDS = 30.0
WARM_S = 20.0
"""So much of the past is read by a renderer that begins."""

HOPS_AT_ONCE = 100
"""The most that is encoded between two frames: catching up must not stop the picture."""

_HEAD = struct.Struct("<qIII")  # sample, sizes of latent, weights and attention


def mel_ring(folder: Path, bands: int) -> SoundRing:
    """The app's end of the ring, new."""
    ring = SoundRing.create(folder / MEL_RING, RING_SECONDS, HOPS_A_SECOND, bands)
    ring.set_format(HOPS_A_SECOND, bands)
    return ring


def meaning_bytes(latent: int, texts: int, window: int) -> int:
    """The bytes that a meaning takes."""
    return _HEAD.size + 4 * (latent + texts + window)


def pack_meaning(found: Meaning) -> bytes:
    """A meaning as bytes."""
    parts = [np.asarray(part, np.float32) for part in (found.latent, found.weights, found.attention)]
    return _HEAD.pack(found.sample, *(len(part) for part in parts)) + b"".join(part.tobytes() for part in parts)


def unpack_meaning(data: bytes) -> Meaning:
    """The inverse of ``pack_meaning``."""
    sample, *sizes = _HEAD.unpack_from(data)
    values = np.frombuffer(data, np.float32, sum(sizes), _HEAD.size)
    latent, weights, attention = np.split(values, np.cumsum(sizes)[:-1])
    return Meaning(sample, latent, weights, attention)


class Listener:
    """Reads the mel ring in ``folder`` and encodes it. Raises BankError where encoder and bank speak of two spaces."""

    def __init__(self, folder: Path, network: AudioEncoder, bank: Bank) -> None:
        bank.check(network.space)
        self._reader = RingReader(SoundRing.open(folder / MEL_RING), WARM_S)
        self._encoder, self._bank = StreamingEncoder(network), bank
        self._expected = -1  # the next hop, if none is missing
        self.meaning: Meaning | None = None

    def listen(self) -> bool:
        """Take the hops that have come; whether ``meaning`` is new. Hops that were lost begin a new past."""
        mel, first = self._reader.read(HOPS_AT_ONCE)
        if not len(mel):
            return False
        sample = round(self._reader.ring.captured_at(first) * SAMPLE_RATE)
        if sample != self._expected:
            self._encoder.reset(sample)
        self._expected = sample + len(mel) * HOP_SAMPLES
        steps = self._encoder.push(mel)
        if not steps:
            return False
        self.meaning = meaning(steps[-1], self._bank, self._encoder.network.temperature)
        return True
