"""Tables in Markdown: a method a row, medians over the sounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

COLUMNS = {
    "r": "r", "r_shuffled": "r by chance", "lag_ms": "lag, ms", "av_align": "AV-Align", "av_align_shuffled": "shuffled",
    "above": "above it", "beat_alignment": "beats", "silence_flicker": "stillness", "warping_error": "warping error",
    "mean_motion": "motion", "frame_ms": "ms a frame",
}  # fmt: skip


def table(rows: Sequence[Mapping[str, Any]], methods: Sequence[str]) -> str:
    """Medians by method; – where nothing could be measured. Above it: AV-Align less its own chance, clip by clip."""
    rows = [{**row, "above": _above(row)} for row in rows]
    lines = ["| method | clips | " + " | ".join(COLUMNS.values()) + " |", "|---" * (len(COLUMNS) + 2) + "|"]
    for method in methods:
        own = [row for row in rows if row["method"] == method]
        if own:
            cells = [_median([row.get(key) for row in own]) for key in COLUMNS]
            lines.append(f"| {method} | {len(own)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _median(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{np.median(known):.3g}" if known else "–"


def _above(row: Mapping[str, Any]) -> float | None:
    found, chance = row.get("av_align"), row.get("av_align_shuffled")
    return None if found is None or chance is None else found - chance
