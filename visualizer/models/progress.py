"""How far a long copy is, told on standard error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

Progress = Callable[[int], AbstractContextManager[Callable[[int], None]]]
"""Opened with a number of bytes, it gives what is called with each number of bytes that is done."""


@contextmanager
def bar(total: int) -> Iterator[Callable[[int], None]]:
    """A bar on standard error."""
    from tqdm import tqdm

    with tqdm(total=total, unit="B", unit_scale=True, disable=total < 1_000_000) as shown:
        yield lambda count: (shown.update(count), None)[1]
