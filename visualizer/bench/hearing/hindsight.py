"""An offline beat tracker, as a reference for recordings: the likeliest path of beats, once all has been heard.

Viterbi over the same beat lengths and places as the show's own filter, on the same network's readings (as madmom's
``DBNBeatTracker``, Böck, Krebs and Widmer, ISMIR 2014, on its). What it knows better it knows from the future alone: where
the network mishears, both are wrong together, so agreement with it says how much is lost live, not how much is right.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from visualizer.analysis.bands import BANDS_HZ, band_pass
from visualizer.analysis.beat.attacks import FRAME_S, Attacks
from visualizer.analysis.beat.filter import (
    LENGTHS,
    PRIOR_BPM,
    PRIOR_OCTAVES,
    STIFFNESS,
    UNLIKELIEST,
    WEIGHT,
)
from visualizer.analysis.beat.network import PLACES, PhaseNetwork, shipped
from visualizer.analysis.filters import FilterBank
from visualizer.analysis.mel import SHOW, LogMel
from visualizer.bench.hearing.tracker import Times
from visualizer.snapshots import HOP_SAMPLES, FloatArray


def beats(sound: FloatArray) -> Times:
    """Beats of mono 48 kHz ``sound``, s."""
    return path(readings(sound))


def readings(sound: FloatArray) -> npt.NDArray[np.float64]:
    """What the network reads of each frame, shape (frames, PLACES), log-likelihood ratios."""
    mel, bass = LogMel(SHOW), FilterBank([band_pass(*BANDS_HZ["bass"])])
    attacks, network = Attacks(SHOW), PhaseNetwork(shipped())
    found = []
    for start in range(0, len(sound) - HOP_SAMPLES + 1, HOP_SAMPLES):
        hop = np.repeat(sound[start : start + HOP_SAMPLES, None], 2, axis=1)
        frame = attacks.push(mel.power(hop), float((bass.filter(hop) ** 2).sum()) / HOP_SAMPLES)
        if frame is not None:
            found.append(network.push(frame))
    return np.array(found).reshape(-1, PLACES)


def path(read: npt.NDArray[np.float64]) -> Times:
    """The likeliest beats, s, given ``readings``."""
    last = np.cumsum(LENGTHS) - 1
    first = last - LENGTHS + 1
    place = np.concatenate([(np.arange(length) + 0.5) / length for length in LENGTHS])
    at = (place * PLACES).astype(np.intp)
    change = -STIFFNESS * np.abs(LENGTHS[None, :] / LENGTHS[:, None] - 1)
    change -= np.log(np.exp(change).sum(axis=1, keepdims=True))
    prior = -0.5 * (np.log2(60 / (LENGTHS * FRAME_S) / PRIOR_BPM) / PRIOR_OCTAVES) ** 2 - np.log(LENGTHS)
    score, moved = np.repeat(prior, LENGTHS), np.empty(len(place))
    before = np.zeros(
        (len(read), len(LENGTHS)), np.int16
    )  # the length of the beat that ended, by that of the one that begins
    heard = WEIGHT * np.maximum(read, UNLIKELIEST)
    for frame, row in enumerate(heard):
        moved[1:] = score[:-1]
        into = score[last][:, None] + change
        before[frame] = into.argmax(axis=0)
        moved[first] = into.max(axis=0)
        moved += row[at]
        score, moved = moved, score
    if not len(read):
        return np.zeros(0)
    state = int(score.argmax())
    length = int(np.searchsorted(last, state))
    frame = len(read) - 1 - (state - int(first[length]))  # in which the newest beat began
    found = []
    while frame >= 0:
        found.append((frame + 0.5) * FRAME_S)
        length = int(before[frame, length])
        frame -= int(LENGTHS[length])
    return np.array(found[::-1])
