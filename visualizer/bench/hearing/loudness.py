"""Momentary loudness by FFmpeg's ebur128 filter, which owes nothing to ours."""

from __future__ import annotations

import numpy as np

from visualizer.bench.hearing.tracker import Times
from visualizer.snapshots import SAMPLE_RATE, FloatArray

EVERY_S = 0.1

FULL_S = 0.4
"""From here on the 400 ms window is full."""

FAINTEST_LUFS = -60.0


def momentary(sound: FloatArray) -> Times:
    """LUFS each 100 ms, of mono 48 kHz ``sound`` played on both channels of a stereo pair."""
    import av

    graph = av.filter.Graph()
    source = graph.add_abuffer(format="flt", sample_rate=SAMPLE_RATE, layout="stereo")
    meter, sink = graph.add("ebur128", "metadata=1"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    found = []
    step = round(EVERY_S * SAMPLE_RATE)
    for start in range(0, len(sound) - step + 1, step):
        both = np.repeat(sound[start : start + step], 2).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(both, np.float32), "flt", "stereo")
        frame.sample_rate, frame.pts = SAMPLE_RATE, start
        source.push(frame)
        while True:
            try:
                found.append(float(sink.pull().metadata["lavfi.r128.M"]))
            except (BlockingIOError, EOFError):
                break
    return np.array(found)


def worst_error_lu(sound: FloatArray, time: Times, lufs: Times) -> float | None:
    """The largest difference to ebur128 where that says more than −60 LUFS; None where nothing is that loud, or measured.

    time, lufs: one value a hop, as in ``tracker.Log``.
    """
    if np.isnan(lufs).all():
        return None
    theirs = momentary(sound)
    at = (np.arange(len(theirs)) + 1) * EVERY_S
    ours = lufs[np.clip(np.searchsorted(time, at - 1e-6), 0, len(lufs) - 1)]
    counted = (at >= FULL_S) & (theirs > FAINTEST_LUFS) & ~np.isnan(ours)
    return float(np.max(np.abs(ours - theirs)[counted])) if counted.any() else None
