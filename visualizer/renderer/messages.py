"""The bytes of what travels: controls and mel to the renderer, frames with the stream's state and meanings back."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from visualizer.audio.ring import SoundRing
from visualizer.parameters import NUMBERS
from visualizer.snapshots import HOP_SAMPLES, SAMPLE_RATE, Controls, FloatArray, Frame, Meaning, Trace

CONTROLS_BOX = "controls.box"
FRAMES_BOX = "frames.box"
MEANING_BOX = "meaning.box"
MEANING_BYTES = 64 * 1024
"""Room for a latent, the weights of some ten thousand texts and the attention."""

MEL_RING = "mel.ring"
MEL_SECONDS = 30.0
HOPS_A_SECOND = SAMPLE_RATE // HOP_SAMPLES

_CONTROLS = struct.Struct("<qdd")  # sample, captured, heard
_MEANING = struct.Struct("<qIII")  # sample, lengths of latent, weights and attention
_FRAME = struct.Struct("<qqddddIIIIId")  # sample, number, trace ×4, width, height, latent shape ×3, phase
CONTROLS_BYTES = _CONTROLS.size + 8 * len(NUMBERS)
LATENT_CHANNELS, LATENT_SCALE = 16, 8
"""The most channels and the least scale of any latent that travels."""


def frame_bytes(size: tuple[int, int]) -> int:
    """The most bytes a frame of (width, height) takes with the stream's state."""
    pixels = size[0] * size[1]
    return _FRAME.size + 3 * pixels + 4 * LATENT_CHANNELS * pixels // LATENT_SCALE**2


def pack_controls(controls: Controls, trace: Trace) -> bytes:
    """Controls and when their sound was captured and heard."""
    values = np.array([controls.values[name] for name in NUMBERS], np.float64)
    return _CONTROLS.pack(controls.sample, trace.captured, trace.heard) + values.tobytes()


def unpack_controls(data: bytes) -> tuple[Controls, Trace]:
    """The inverse of ``pack_controls``."""
    sample, captured, heard = _CONTROLS.unpack_from(data)
    values = np.frombuffer(data, np.float64, len(NUMBERS), _CONTROLS.size)
    return Controls(sample, dict(zip(NUMBERS, values.tolist(), strict=True))), Trace(captured, heard)


def pack_frame(frame: Frame, latent: FloatArray, phase: float) -> tuple[bytes, np.ndarray, np.ndarray]:
    """The parts of a frame's message: head, the stream's latent (1, C, h, w), the picture."""
    height, width = frame.picture.shape[:2]
    t = frame.trace
    head = _FRAME.pack(
        frame.sample, frame.number, t.captured, t.heard, t.begun, t.painted, width, height, *latent.shape[1:], phase
    )
    return head, np.ascontiguousarray(latent, np.float32), np.ascontiguousarray(frame.picture)


def unpack_frame(data: bytes) -> tuple[Frame, FloatArray, float]:
    """(frame, latent (1, C, h, w), walk phase)."""
    sample, number, captured, heard, begun, painted, width, height, c, h, w, phase = _FRAME.unpack_from(data)
    latent = np.frombuffer(data, np.float32, c * h * w, _FRAME.size).reshape(1, c, h, w)
    picture = np.frombuffer(data, np.uint8, width * height * 3, _FRAME.size + latent.nbytes)
    trace = Trace(captured, heard, begun, painted)
    return Frame(picture.reshape(height, width, 3), sample, number, trace), latent, phase


def mel_ring(folder: Path, bands: int) -> SoundRing:
    """A new ring for every hop's mel: bands for channels, hops for frames, and for times seconds of the show's sound."""
    ring = SoundRing.create(folder / MEL_RING, MEL_SECONDS, HOPS_A_SECOND, bands)
    ring.set_format(HOPS_A_SECOND, bands)
    return ring


def pack_meaning(meaning: Meaning) -> bytes:
    """A meaning as bytes."""
    parts = [np.asarray(part, np.float32) for part in (meaning.latent, meaning.weights, meaning.attention)]
    return _MEANING.pack(meaning.sample, *map(len, parts)) + b"".join(part.tobytes() for part in parts)


def unpack_meaning(data: bytes) -> Meaning:
    """The inverse of ``pack_meaning``."""
    sample, *lengths = _MEANING.unpack_from(data)
    values = np.frombuffer(data, np.float32, sum(lengths), _MEANING.size)
    return Meaning(sample, *np.split(values, np.cumsum(lengths)[:-1]))
