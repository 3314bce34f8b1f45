"""Where a show's channels lie."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

LEAST_MEMORY = 256 * 2**20


def channels_folder() -> Path:
    """A new folder for the channels, in memory where the system has room there: a full disk cannot tear them.

    Folders of shows that were killed are swept away.
    """
    memory = Path("/dev/shm")
    if not memory.is_dir() or shutil.disk_usage(memory).free < LEAST_MEMORY:
        return Path(tempfile.mkdtemp(prefix="visualizer-"))
    for folder in memory.glob("visualizer-*-*"):
        owner = folder.name.split("-")[1]
        if owner.isdecimal() and not Path("/proc", owner).exists():
            shutil.rmtree(folder, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"visualizer-{os.getpid()}-", dir=memory))
