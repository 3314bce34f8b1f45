"""Pictures that move, made here, and how alike two runs of pictures are in the large."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from visualizer.snapshots import Picture

LAP_S = 4.0


def disc(time: float, side: int = 256) -> Picture:
    """A bright disc that goes round once in ``LAP_S``, on nearly black."""
    picture = np.full((side, side, 3), 18, np.uint8)
    angle = 2 * math.pi * time / LAP_S
    centre = (int(side * (0.5 + 0.27 * math.cos(angle))), int(side * (0.5 + 0.23 * math.sin(angle))))
    cv2.circle(picture, centre, int(0.18 * side), (245, 225, 150), -1, cv2.LINE_AA)
    return picture


def write_video(path: Path, pictures: Sequence[Picture], fps: int = 24) -> Path:
    """A video of these pictures, nearly lossless, with frames that look ahead between two key frames."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options={"crf": "4", "g": "10", "bf": "2"})
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def likeness(some: Sequence[Picture], others: Sequence[Picture]) -> float:
    """The mean correlation of the brightness of pictures with that of their partners, 16 × 16 to a picture."""

    def large(picture: Picture) -> np.ndarray:
        grey = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY)
        return cv2.resize(grey, (16, 16), interpolation=cv2.INTER_AREA).astype(float).ravel()

    pairs = zip(some, others, strict=True)
    return float(np.mean([np.corrcoef(large(one), large(other))[0, 1] for one, other in pairs]))
