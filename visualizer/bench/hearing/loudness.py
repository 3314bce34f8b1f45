"""Loudness by FFmpeg's ebur128 filter, which owes nothing to ours."""

from __future__ import annotations

import numpy as np

from visualizer.bench.hearing.tracker import Times
from visualizer.snapshots import SAMPLE_RATE, FloatArray

EVERY_S = 0.1

FULL_S = 0.4
"""From here on the 400 ms window is full."""

FAINTEST_LUFS = -60.0

GAPS_S = ((3.0, 3.7), (6.0, 6.25), (9.0, 12.0))
"""Where ``sides`` falls silent: for longer than the window, for less, and for seconds."""

SOLO_S = ((13.0, 15.0), (16.0, 18.0))
"""Where it is silent on the right alone, and on the left alone."""


def momentary(sound: FloatArray) -> Times:
    """Momentary LUFS each 100 ms, of a sound as for ``metered``."""
    return metered(sound)[:, 0]


def metered(sound: FloatArray) -> Times:
    """(momentary, short-term) LUFS each 100 ms of 48 kHz ``sound``, shape (steps, 2).

    sound: stereo, shape (n, 2), or mono on both channels of a pair, shape (n,).
    """
    import av

    both = np.repeat(sound[:, None], 2, axis=1) if sound.ndim == 1 else sound
    graph = av.filter.Graph()
    source = graph.add_abuffer(format="flt", sample_rate=SAMPLE_RATE, layout="stereo")
    meter, sink = graph.add("ebur128", "metadata=1"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    found = []
    step = round(EVERY_S * SAMPLE_RATE)
    for start in range(0, len(both) - step + 1, step):
        part = np.ascontiguousarray(both[start : start + step], np.float32).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(part, "flt", "stereo")
        frame.sample_rate, frame.pts = SAMPLE_RATE, start
        source.push(frame)
        while True:
            try:
                told = sink.pull().metadata
                found.append((float(told["lavfi.r128.M"]), float(told["lavfi.r128.S"])))
            except (BlockingIOError, EOFError):
                break
    return np.array(found).reshape(-1, 2)


def worst_error_lu(sound: FloatArray, time: Times, lufs: Times) -> float | None:
    """The largest difference to ebur128 where that says more than −60 LUFS; None where nothing is that loud, or measured.

    sound: as for ``momentary``. time, lufs: one value a hop, as in ``tracker.Log``.
    """
    if np.isnan(lufs).all():
        return None
    theirs = momentary(sound)
    at = (np.arange(len(theirs)) + 1) * EVERY_S
    ours = lufs[np.clip(np.searchsorted(time, at - 1e-6), 0, len(lufs) - 1)]
    counted = (at >= FULL_S) & (theirs > FAINTEST_LUFS) & ~np.isnan(ours)
    return float(np.max(np.abs(ours - theirs)[counted])) if counted.any() else None


def sides(left: FloatArray, right: FloatArray) -> FloatArray:
    """Two mono sounds as one stereo sound, shape (n, 2): other music on either side, louder on the left, with silent gaps.

    A meter that adds the channels' samples instead of their powers, or forgets one of them, is found out by it.
    """
    count = min(len(left), len(right))
    both = np.stack([left[:count], 0.3 * right[:count]], axis=1).astype(np.float32)
    for first, last in GAPS_S:
        both[round(first * SAMPLE_RATE) : round(last * SAMPLE_RATE)] = 0.0
    for side, (first, last) in zip((1, 0), SOLO_S, strict=True):
        both[round(first * SAMPLE_RATE) : round(last * SAMPLE_RATE), side] = 0.0
    return both
