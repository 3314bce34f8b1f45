"""Which source is learnt from and which one is kept for tests: always a whole source, never a part of one."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import replace

from sounds.clips import Clip

VALID_FROM = 6
"""A class with as many free sources gives one to validation."""


def _draw(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def assign(clips: list[Clip], held: set[str]) -> list[Clip]:
    """The clips with their splits; what is the same sound as an earlier clip is left out.

    Sources with a fixed split keep it. Of a class's others about a quarter, at least one, is for tests: first such as
    come of packages in ``held`` and have a class to themselves, then by the digest of the name, so that the draw never
    changes. A synthetic recipe is for tests only where nothing else is.
    """
    seen: set[str] = set()
    kept = []
    for clip in sorted(clips, key=lambda one: (not one.split, one.path)):
        if clip.digest not in seen:
            seen.add(clip.digest)
            kept.append(clip)
    fixed = {clip.source: clip.split for clip in kept if clip.split}
    by_class: dict[str, dict[str, str]] = defaultdict(dict)
    for clip in kept:
        by_class[clip.name][clip.source] = clip.pack
    split = dict(fixed)
    # The poorest classes choose first: where two classes share a source, both follow the first.
    for name in sorted(by_class, key=lambda one: (len(by_class[one]), one)):
        sources = by_class[name]
        made = sorted((one for one in sources if one.startswith("synthesis/")), key=_draw)
        free = [one for one in sources if one not in split and one not in made]
        tested = any(split.get(one) == "test" for one in sources)
        learnt = sum(split.get(one) == "train" for one in sources) + len(made)
        order = sorted(free, key=lambda one: (sources[one] not in held, _draw(one)))
        wanted = round(0.25 * len(order)) if tested else max(1, round(0.25 * len(order)))
        if learnt == 0:
            wanted = min(wanted, max(0, len(order) - 1))
        for index, source in enumerate(order):
            valid = index == wanted and len(order) >= VALID_FROM
            split[source] = "test" if index < wanted else "valid" if valid else "train"
        tested = tested or (wanted > 0 and bool(order))
        for index, source in enumerate(made):
            last = index == len(made) - 1 and learnt > 1
            split[source] = "test" if last and not tested else "train"
    return [replace(clip, split=split[clip.source]) for clip in sorted(kept, key=lambda one: one.path)]
