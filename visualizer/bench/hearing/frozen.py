"""Whether figures compare: the frozen suite's digest, and the programs that it was frozen with."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np

from visualizer.bench.hearing import beatless, midi
from visualizer.bench.hearing.programs import versions
from visualizer.bench.hearing.streams import Stream

DIGEST = "644ee0c743a26111"
"""``digest`` of the suite that all published figures are from. Who must change the suite measures everything anew, aubio
included."""

VERSIONS = {"FluidSynth": "2.3.1", "soundfont": "FluidR3_GM.sf2 (148398306 bytes)", "espeak-ng": "1.51"}
"""``programs.versions`` when it was frozen."""

CODE = (
    beatless.noise, beatless.rain, beatless.silence, beatless.speech, beatless._at_level,
    midi.Sheet.file, midi.render, midi.play_file, Stream.sound,
)  # fmt: skip
"""What turns notes and calls into sound; who edits a line of it must show that the sound is still the same."""


def digest(streams: Sequence[Stream]) -> str:
    """Of all that shapes the streams and the truth about them: notes, calls with their parameters, levels, and ``CODE``."""
    found = hashlib.sha256("".join(inspect.getsource(one) for one in CODE).encode())
    found.update(repr(beatless.TEXTS).encode())
    for stream in streams:
        truth = stream.truth
        made = stream.name, stream.style, stream.seconds, round(stream.level_db, 3), stream.noise_db, stream.seed
        found.update(repr((*made, truth.steady, [round(step, 3) for step in truth.steps])).encode())
        times = [truth.beats, truth.downbeats]
        for band in truth.onsets.values() if truth.onsets else ():
            times += [band.sure, band.maybe]
        for one in times:
            # Whole milliseconds: the last bits differ from one machine's logarithm to the next.
            found.update(np.round(1000 * one).astype(np.int64).tobytes() + b"|")
        if isinstance(stream.source, midi.Sheet):
            found.update(stream.source.file())
        else:
            found.update(repr((stream.source.func.__name__, stream.source.args, stream.source.keywords)).encode())
    return found.hexdigest()[:16]


def comparison(streams: Sequence[Stream]) -> dict[str, Any]:
    """comparable: whether figures from here stand beside published ones. differs: why not, in words. streams_digest."""
    now, here = digest(streams), versions()
    differs = [] if now == DIGEST else ["the streams are not the frozen ones"]
    differs += [f"{name} is {here[name]}, not {wanted}" for name, wanted in VERSIONS.items() if here[name] != wanted]
    return {"comparable": not differs, "differs": differs, "streams_digest": now}
