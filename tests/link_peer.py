"""Another Link peer, a process of its own that has nothing of the program's: prints when each of its bars was where.

python link_peer.py BPM SECONDS: lines of "seconds beat bpm peers", by the clock that all processes share.
"""

from __future__ import annotations

import asyncio
import sys
import time

import aalink


async def main(bpm: float, seconds: float) -> None:
    link = aalink.Link(bpm)
    link.quantum = 4
    link.enabled = True
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        before = time.perf_counter()
        phase = link.phase
        after = time.perf_counter()
        if after - before < 0.0005:
            print((before + after) / 2, phase, link.tempo, link.num_peers, flush=True)
        await asyncio.sleep(0.02)


asyncio.run(main(float(sys.argv[1]), float(sys.argv[2])))
