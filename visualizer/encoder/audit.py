"""What a figure has to beat: names by nothing but the mean spectrum. The other audit, ``train`` makes."""

from __future__ import annotations

import numpy as np

from visualizer.encoder.data import Sounds
from visualizer.encoder.evaluate import by_class
from visualizer.snapshots import FloatArray


def spectra(sounds: Sounds) -> FloatArray:
    """The mean over time of each sound's mel in dB, (N, bands)."""
    return np.stack([stored.read().mean(0) for _, stored in sounds])


def spectral_figures(train: Sounds, held_out: Sounds) -> dict[str, float]:
    """How many held-out sounds have their mean spectrum nearest to that of their class in training, the mean over classes.

    Bands count by their deviation in training. Classes that were not learnt can only be named wrongly.
    """
    learnt, heard = spectra(train), spectra(held_out)
    mean, spread = learnt.mean(0), learnt.std(0) + 1e-6
    labels = np.array([clip.label for clip, _ in train])
    names = np.unique(labels)
    centroids = np.stack([((learnt[labels == name] - mean) / spread).mean(0) for name in names])
    apart = ((((heard - mean) / spread)[:, None] - centroids) ** 2).sum(2)
    own = np.array([clip.label for clip, _ in held_out])
    numbers = np.unique(own, return_inverse=True)[1]
    return {"spectral_mean_top1": by_class(names[apart.argmin(1)] == own, numbers)}
