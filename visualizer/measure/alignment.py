"""How events of the sound and of the picture fall together, and how often they would by chance."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from visualizer.measure.matching import pairs

Times = npt.NDArray[np.float64]

SIGMA_S = 0.05
"""Width of the beat alignment's bell: about what a viewer still takes for together."""


def av_align(onsets: Times, peaks: Times, frame_s: float) -> float:
    """AV-Align (Yariv et al., TempoTokens, AAAI 2024): matches over the union, 0–1.

    onsets, peaks: moments, s, ascending, not both empty. They match within a frame, each once; the published program may
    match one peak to several onsets.
    """
    matched = len(pairs(onsets, peaks, frame_s))
    return matched / (len(onsets) + len(peaks) - matched)


def beat_alignment(beats: Times, peaks: Times, sigma_s: float = SIGMA_S) -> float:
    """Mean over beats of exp(−min_v (t_b − t_v)² / 2σ²), 0–1 (Siyao et al., Bailando, CVPR 2022, in seconds)."""
    after = np.searchsorted(peaks, beats)
    nearest = np.minimum(
        np.abs(beats - peaks[np.maximum(after - 1, 0)]), np.abs(beats - peaks[np.minimum(after, len(peaks) - 1)])
    )
    return float(np.mean(np.exp(-(nearest**2) / (2 * sigma_s**2))))
