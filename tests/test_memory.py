"""Freed memory is held for the next tensor instead of being paged in anew."""

from __future__ import annotations

import subprocess
import sys

import pytest

FAULTS = """
import resource, sys, torch
from engines.training import memory
if sys.argv[1] == "hold":
    assert memory.hold()
torch.set_num_threads(1)
for _ in range(8):
    torch.zeros(16_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    torch.zeros(16_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc's memory is held")
def test_held_memory_is_not_paged_in_anew() -> None:
    usual, held = (
        int(subprocess.run([sys.executable, "-c", FAULTS, how], capture_output=True, text=True, check=True).stdout)
        for how in ("", "hold")
    )
    assert usual > 1000
    assert held < usual / 10
