"""The bytes of what travels in the mailboxes: controls to the renderer, frames and the stream's state back."""

from __future__ import annotations

import struct

import numpy as np

from visualizer.parameters import NUMBERS
from visualizer.snapshots import Controls, FloatArray, Frame, Trace

CONTROLS_BOX = "controls.box"
FRAMES_BOX = "frames.box"

_CONTROLS = struct.Struct("<qdd")  # sample, captured, heard
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
