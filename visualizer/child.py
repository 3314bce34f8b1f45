"""How the app starts its child processes: the same rule for capture and renderer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path


def start_child(module: str, *arguments: str) -> subprocess.Popen[str]:
    """Start ``python -m module`` with three text pipes that bear any bytes.

    The child finds this very package: a checkout that is not installed is put on its path.
    """
    environment = dict(os.environ)
    root = Path(__file__).resolve().parents[1]
    if root != Path(sysconfig.get_path("purelib")).resolve():
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(root), os.environ.get("PYTHONPATH"))))
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, encoding="utf-8", errors="replace", env=environment,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )  # fmt: skip


def leave_interrupts_to_the_app() -> None:
    """In a child: ignore Ctrl-C, which a terminal sends to the whole group; the app ends its children in its own way."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
