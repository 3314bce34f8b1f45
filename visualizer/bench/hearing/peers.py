"""Other people's beat trackers under the same test, where they are installed."""

from __future__ import annotations

from importlib.util import find_spec

from visualizer.bench.hearing.tracker import HOP_S, Factory, Onset, Reading
from visualizer.snapshots import HOP_SAMPLES, SAMPLE_RATE, FloatArray

WINDOW_SAMPLES = 1024

LATEST_PHASE = 0.999
"""Where the phase waits for a beat that aubio has not reported yet."""


class Aubio:
    """aubio's tempo and onset detectors (``pip install aubio-ledfx``; GPL, so never a part of the program).

    The phase runs at aubio's tempo from the beat it reported last.
    """

    def __init__(self) -> None:
        import aubio

        self._tempo = aubio.tempo("default", WINDOW_SAMPLES, HOP_SAMPLES, SAMPLE_RATE)
        self._onset = aubio.onset("default", WINDOW_SAMPLES, HOP_SAMPLES, SAMPLE_RATE)
        self._hops = 0
        self._last: float | None = None

    def push(self, block: FloatArray) -> Reading:
        """See ``tracker.Tracker``."""
        self._hops += 1
        now = self._hops * HOP_S
        if self._tempo(block)[0] > 0:
            self._last = min(now, self._tempo.get_last_s())
        bpm, confidence = float(self._tempo.get_bpm()), float(self._tempo.get_confidence())
        onsets = (Onset(self._onset.get_last_s()),) if self._onset(block)[0] > 0 else ()
        if self._last is None:
            return Reading(onsets=onsets)
        phase = min(LATEST_PHASE, (now - self._last) * bpm / 60)
        return Reading(phase, None, bpm or None, confidence, onsets)


def peers() -> dict[str, Factory]:
    """Those that can be imported, by name."""
    return {"aubio": Aubio} if find_spec("aubio") else {}
