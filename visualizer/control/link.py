"""Ableton Link as a source of tempo. The package aalink is GPL, so it is an extra, and imported when Link is turned on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from visualizer.snapshots import SAMPLE_RATE, Beat

QUANTUM = 4
"""Beats in a bar, on which Link's peers agree."""

OWN_BPM = 120.0
"""What this peer brings into a network where nobody plays; it counts for nothing here."""

INSTALL = 'pip install "tpos-live[link]"'
NARROW_S, TRIES = 0.0005, 3
"""A beat counts with the time at which it was read, when that is known so well; it is read anew so often."""


class LinkError(RuntimeError):
    """Link cannot be turned on; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class LinkState:
    """peers: others in the network; bpm: theirs, 0 where there is nobody."""

    is_on: bool
    peers: int
    bpm: float


class Link:
    """A tempo source, off until it is turned on. It speaks while there is another peer: alone it has a tempo of its own,
    which nobody asked for. In a network where nobody was before it, Link lets those who come later take that one over.

    sample_of: the sample that is captured at a time (``time.perf_counter``); None before there is any. ``turn`` belongs to
    one thread; everything else may be asked by any.
    """

    name = "link"
    placed = True

    def __init__(self, sample_of: Callable[[float], int | None]) -> None:
        self._sample_of = sample_of
        self._peer: Any = None

    @staticmethod
    def is_installed() -> bool:
        """Whether the package is there; it is not imported."""
        return find_spec("aalink") is not None

    def turn(self, on: bool) -> None:
        """Join the network's session, or leave it; raises LinkError where the package is missing."""
        peer = self._peer
        if not on:
            self._peer = None
            if peer is not None:
                peer.enabled = False
        elif peer is None:
            peer = _made()
            peer.quantum = float(QUANTUM)
            peer.enabled = True
            self._peer = peer

    @property
    def state(self) -> LinkState:
        """For a panel."""
        peer = self._peer
        peers = 0 if peer is None else int(peer.num_peers)
        return LinkState(peer is not None, peers, float(peer.tempo) if peers else 0.0)

    def at(self, sample: int) -> Beat | None:
        """See ``TempoSource``."""
        peer = self._peer
        if peer is None or not peer.num_peers:
            return None
        beats, seconds = _now(peer)
        reference = self._sample_of(seconds)
        if reference is None:
            return None
        bpm = float(peer.tempo)
        beats += (sample - reference) / SAMPLE_RATE * bpm / 60
        return Beat(bpm, beats % 1.0, beats / QUANTUM % 1.0, 1.0, self.name, QUANTUM)


def _made() -> Any:
    try:
        import aalink
    except ImportError:
        raise LinkError(f"Link needs a package that is not installed: {INSTALL}") from None

    async def make() -> Any:
        return aalink.Link(OWN_BPM)

    # It wants a loop to wait for beats on, which nobody does here: beats are read.
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(make())
    finally:
        loop.close()


def _now(peer: Any) -> tuple[float, float]:
    """(beats, seconds) at one moment, as near to one as this thread is left alone."""
    best = (0.0, 0.0, float("inf"))
    for _ in range(TRIES):
        before = time.perf_counter()
        beats = float(peer.phase)
        after = time.perf_counter()
        if after - before < best[2]:
            best = beats, (before + after) / 2, after - before
        if best[2] < NARROW_S:
            break
    return best[0], best[1]
