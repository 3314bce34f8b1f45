"""Where a sound is silent, and settled."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

SILENT_DBFS = -60.0
"""Root mean square of a hop under which it is silent; 0 dBFS is a mean square of 1."""

SHORTEST_S = 0.5
"""A shorter silence is a pause between notes."""

SETTLE_S = 0.5
"""So much after a sound ended is left out: a picture may take that long to come to rest."""

Span = tuple[float, float]


def silences(level_dbfs: npt.NDArray[np.float64], start: float, hop_s: float) -> list[Span]:
    """Settled silences as (begin, end), s.

    level_dbfs: of each hop, shape (hops,). start: when the first begins, s. What is silent from the sound's beginning on
    has nothing to settle.
    """
    silent = np.concatenate([[False], level_dbfs < SILENT_DBFS, [False]])
    changes = np.flatnonzero(np.diff(silent.astype(np.int8)))
    found = []
    for first, end in zip(changes[::2], changes[1::2], strict=True):
        begin = first * hop_s + (SETTLE_S if first else 0.0)
        if (end - first) * hop_s >= SHORTEST_S and end * hop_s > begin:
            found.append((start + begin, start + end * hop_s))
    return found
