"""Which source is learnt from and which one is kept for tests: always a whole source, never a part of one."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import replace

import numpy as np

from sounds.clips import SYNTHETIC, Clip
from sounds.twins import NEAR_DB, cells, same

VALID_FROM = 6
"""A class with as many free sources gives one to validation."""

TESTED_FROM = 3
"""A class that has nothing but functions gives one of so many to tests: of two each may know a half of it alone."""

LENGTHS_S, LENGTHS_SHARE = 0.1, 0.1
"""Difference of lengths that a copy of a recording may have."""


def _draw(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def assign(clips: list[Clip], told: frozenset[str] = frozenset()) -> list[Clip]:
    """The clips with their splits; what is the same sound as an earlier clip is left out, and of the training also what is
    the same recording as a clip that is held out.

    Sources with a fixed split keep it. Of a class's others about a quarter, at least one, is for tests, by the digest of
    the name, so that the draw never changes. A function that synthesises is for tests only where nothing else is and two
    sources stay to learn from, and then in all its classes. The packages in ``told``, whose split their table tells, come
    on top: the draw is as without them, so that what has been for tests stays so when others are added.
    """
    seen: set[str] = set()
    kept = []
    # Of two that are the same the older stays, the one that is drawn.
    for clip in sorted(clips, key=lambda one: (one.pack in told, not one.split, one.path)):
        if clip.digest not in seen:
            seen.add(clip.digest)
            kept.append(clip)
    fixed = {clip.source: clip.split for clip in kept if clip.split}
    by_class: dict[str, set[str]] = defaultdict(set)
    for clip in kept:
        if clip.pack not in told:
            by_class[clip.name].add(clip.source)
    split = dict(fixed)
    # The poorest classes choose first: where two classes share a source, both follow the first.
    for name in sorted(by_class, key=lambda one: (len(by_class[one]), one)):
        sources = by_class[name]
        made = sorted((one for one in sources if one.startswith(SYNTHETIC) and one not in split), key=_draw)
        free = [one for one in sources if one not in split and not one.startswith(SYNTHETIC)]
        tested = any(split.get(one) == "test" for one in sources)
        learnt = sum(split.get(one) == "train" for one in sources) + len(made)
        order = sorted(free, key=_draw)
        wanted = round(0.25 * len(order)) if tested else max(1, round(0.25 * len(order)))
        if learnt == 0:
            wanted = min(wanted, max(0, len(order) - 1))
        for index, source in enumerate(order):
            valid = index == wanted and len(order) >= VALID_FROM
            split[source] = "test" if index < wanted else "valid" if valid else "train"
        tested = tested or (wanted > 0 and bool(order))
        for index, source in enumerate(made):
            last = index == len(made) - 1 and learnt >= TESTED_FROM
            split[source] = "test" if last and not tested else "train"
    done = [replace(clip, split=split[clip.source]) for clip in sorted(kept, key=lambda one: one.path)]
    twins = learnt_twins(done)
    return [clip for clip in done if clip.path not in twins]


def learnt_twins(clips: list[Clip]) -> set[str]:
    """The paths of training clips that are the same recording as a clip of another split."""
    learnt = [clip for clip in clips if clip.split == "train" and clip.mel]
    held = [clip for clip in clips if clip.split != "train" and clip.mel]
    if not learnt or not held:
        return set()
    known = [cells(clip.mel) for clip in learnt]
    colours = np.stack([one.mean(0) - one.mean() for one in known])
    lengths = np.array([clip.seconds for clip in learnt])
    found = set()
    for clip in held:
        own = cells(clip.mel)
        # Most pairs differ in length or colour, which is quickly told.
        near = np.abs(colours - (own.mean(0) - own.mean())).mean(1) < 2 * NEAR_DB
        near &= np.abs(lengths - clip.seconds) < np.maximum(LENGTHS_S, LENGTHS_SHARE * clip.seconds)
        found |= {learnt[row].path for row in np.flatnonzero(near) if same(known[row], own)}
    return found
