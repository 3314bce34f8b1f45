"""A contact sheet of videos: evenly spaced moments in a row, the loudness of their sound beneath.

``python tools/contact_sheet.py OUT.png VIDEO [VIDEO …] [--moments 8] [--side 224]``
"""

from __future__ import annotations

import argparse
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
BACK, INK = (12, 10, 8), (200, 120, 90)
GAP, WAVE_HEIGHT = 6, 36


def read(path: Path) -> tuple[list[tuple[float, Picture]], npt.NDArray[np.float32], int]:
    """(frames with their times in s, mono sound, its rate) of a video."""
    with av.open(str(path)) as container:
        pictures = container.decode(video=0)
        frames = [(float(f.time or 0), np.asarray(f.to_ndarray(format="bgr24"), np.uint8)) for f in pictures]
    with av.open(str(path)) as container:
        rate = container.streams.audio[0].rate
        sound = np.concatenate([f.to_ndarray().mean(0) for f in container.decode(audio=0)])
    return frames, sound.astype(np.float32), rate


def row(path: Path, moments: int, side: int) -> Picture:
    """One video's row: its moments, and under them the envelope of the sound with a mark at each moment."""
    frames, sound, rate = read(path)
    chosen = [frames[round((i + 0.5) * len(frames) / moments)] for i in range(moments)]
    width = moments * (side + GAP) - GAP
    out = np.full((side + GAP + WAVE_HEIGHT, width, 3), BACK, np.uint8)
    for i, (_, picture) in enumerate(chosen):
        left = i * (side + GAP)
        out[:side, left : left + side] = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    edges = np.linspace(0, len(sound), width + 1).astype(int)
    envelope = np.array([np.sqrt(np.mean(sound[a : max(b, a + 1)] ** 2)) for a, b in pairwise(edges)])
    tall = np.round(envelope / max(envelope.max(), 1e-6) * WAVE_HEIGHT).astype(int)
    for x, height in enumerate(tall):
        out[side + GAP + WAVE_HEIGHT - height :, x] = INK
    for time, _ in chosen:
        x = min(width - 1, int(time * rate / len(sound) * width))
        out[side + GAP :, x : x + 2] = (255, 255, 255)
    return out


def main() -> None:
    """Write the sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("videos", type=Path, nargs="+")
    parser.add_argument("--moments", type=int, default=8)
    parser.add_argument("--side", type=int, default=224)
    arguments = parser.parse_args()
    rows = [row(video, arguments.moments, arguments.side) for video in arguments.videos]
    space = np.full((3 * GAP, rows[0].shape[1], 3), BACK, np.uint8)
    cv2.imwrite(str(arguments.out), np.concatenate([part for r in rows for part in (r, space)][:-1]))


if __name__ == "__main__":
    main()
