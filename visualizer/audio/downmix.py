"""Any number of channels as two, so that nothing that a file holds goes unheard."""

from __future__ import annotations

import numpy as np

from visualizer.audio.files import FloatArray


def stereo(block: FloatArray) -> FloatArray:
    """Samples (n, channels) as (n, 2): one channel doubled, two as they are, of more odd ones left, even ones right.

    Files of more than two are stems as often as surround, and rarely say which: so no place in a room is guessed. Each side
    is divided by the root of its channels, so that unlike sounds keep their power.
    """
    channels = block.shape[1]
    if channels == 2:
        return block
    if channels == 1:
        return np.repeat(block, 2, axis=1)
    left, right = block[:, 0::2], block[:, 1::2]
    sides = [side.sum(1) / np.sqrt(side.shape[1], dtype=np.float32) for side in (left, right)]
    return np.stack(sides, 1).astype(np.float32)
