"""A sheet for one sound: a row of pictures for each method, and under them the sound's waveform on the same time axis."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import av
import cv2
import numpy as np

COLUMNS, SIDE, LEFT, WAVE = 10, 128, 110, 70


def sheet(folder: Path, kind: str, sound: str, methods: Sequence[str]) -> Path:
    """Write ``KIND-SOUND.png`` from the clips in the folder."""
    rows, wave = [], None
    for method in methods:
        clip = folder / f"{kind}-{sound}-{method.replace(' ', '-')}.mp4"
        pictures = _moments(clip)
        row = np.hstack([np.zeros((SIDE, LEFT, 3), np.uint8), *pictures])
        cv2.putText(row, method, (4, SIDE // 2 + 4), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (230, 230, 230), 1, cv2.LINE_AA)
        rows.append(row)
        wave = _wave(clip) if wave is None else wave
    strip = np.zeros((WAVE, LEFT + COLUMNS * SIDE, 3), np.uint8)
    if wave is not None:
        for x, height in enumerate(wave):
            reach = int(height * (WAVE // 2 - 2))
            cv2.line(strip, (LEFT + x, WAVE // 2 - reach), (LEFT + x, WAVE // 2 + reach), (90, 200, 255), 1)
    out = folder / f"{kind}-{sound}.png"
    cv2.imwrite(str(out), cv2.cvtColor(np.vstack([*rows, strip]), cv2.COLOR_RGB2BGR))
    return out


def _moments(clip: Path) -> list[np.ndarray]:
    """Pictures at even distances, small."""
    with av.open(str(clip)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    chosen = np.linspace(0, len(frames) - 1, COLUMNS * 2 + 1).astype(int)[1::2]
    return [cv2.resize(frames[at], (SIDE, SIDE), interpolation=cv2.INTER_AREA) for at in chosen]


def _wave(clip: Path) -> np.ndarray:
    """The loudest moment of the sound in each column of pixels, 0–1."""
    with av.open(str(clip)) as container:
        sound = np.concatenate([np.abs(frame.to_ndarray()).max(0) for frame in container.decode(audio=0)])
    parts = np.array_split(sound, COLUMNS * SIDE)
    peaks = np.array([part.max() for part in parts])
    return peaks / max(float(peaks.max()), 1e-9)
