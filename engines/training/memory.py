"""The C library's memory, held instead of given back.

By default glibc asks the system for every large tensor and gives it back when it is freed, so that each is paged in anew:
on two cores that took a third of the time of encoding and training.
"""

from __future__ import annotations

import ctypes
import sys

# From glibc's malloc.h.
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
KEPT = 2**31 - 1  # bytes at the heap's end that are not given back: the most the call takes
GROWN = 2**28  # bytes the heap grows by


def hold() -> bool:
    """Keep freed memory for what is allocated next; False where the C library is not glibc, which stays as it is."""
    if not sys.platform.startswith("linux"):
        return False
    library = ctypes.CDLL(None)
    if not hasattr(library, "gnu_get_libc_version"):
        return False
    settings = ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, KEPT), (M_TOP_PAD, GROWN))
    return all(library.mallopt(name, value) == 1 for name, value in settings)
