"""A digest of everything that shapes a render's pictures: two commands of one digest paint the very same ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from visualizer import __version__
from visualizer.preset import Preset
from visualizer.snapshots import FloatArray

LIBRARIES = ("numpy", "opencv-python-headless", "openvino", "torch")
"""Another version of them may round otherwise; so may another number of threads, which is left to the user."""


def digest(sound: FloatArray, preset: Preset, size: tuple[int, int], fps: float, painter: Mapping[str, Any]) -> str:
    """Of the sound (n, 2), the look, the size (width, height), the frame rate and what the painter says of itself."""
    about = {
        "program": __version__, "libraries": [_version(name) for name in LIBRARIES], "values": preset.complete(),
        "routes": [asdict(route) for route in preset.routes], "size": size, "fps": fps, "painter": painter,
        "sound": hashlib.sha256(np.ascontiguousarray(sound).tobytes()).hexdigest(),
    }  # fmt: skip
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
