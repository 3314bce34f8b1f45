"""What made a file: the commit, the arguments and the libraries' versions, to be kept inside the file itself."""

from __future__ import annotations

import json
import platform
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parent.parent


def made(by: str, arguments: dict[str, Any], **more: Any) -> npt.NDArray[np.str_]:
    """JSON as an array of one string, which ``np.savez`` keeps.

    by: the script's name. arguments: as it was called; of paths the last part alone is kept. more: what else made it.
    """
    told = {
        "by": by,
        "commit": commit(),
        "arguments": {name: _plain(value) for name, value in arguments.items()},
        "python": platform.python_version(),
        "numpy": np.__version__,
        **more,
    }
    return np.array(json.dumps(told))


def read(path: Path) -> dict[str, Any]:
    """What ``made`` told in an .npz file; nothing where it holds none."""
    with np.load(path) as arrays:
        return dict(json.loads(str(arrays["made"]))) if "made" in arrays else {}


def commit() -> str:
    """The commit that is checked out, with "+changes" where tracked files differ from it; "unknown" outside a checkout."""
    head = _git("rev-parse", "HEAD")
    return head + ("+changes" if head != "unknown" and _git("status", "--porcelain", "--untracked-files=no") else "")


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"
    return done.stdout.strip() if done.returncode == 0 else "unknown"


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return value.name
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value
