"""Files that are written whole or not at all, though several processes write the same one at once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


@contextmanager
def put_in_place(path: Path) -> Iterator[Path]:
    """A path beside ``path`` to write to, which becomes ``path`` when the block ends well; its folder is made.

    The name is nobody else's: of two processes that make the same file each writes its own, and the last one stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}-{uuid4().hex[:8]}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
