"""What is asked of the program's hearing, and whether a report holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Criterion:
    """One figure of ``measure``'s report and its bound. at_least: whether the figure must not be lower, rather than higher.

    over: another figure that must be beaten by the bound; "" for none.
    """

    figure: str
    bound: float
    at_least: bool = False
    over: str = ""
    unit: str = ""

    def judge(self, report: Mapping[str, Any]) -> dict[str, Any]:
        """A row of the verdict: what, figure, bound, and holds, which is None where nothing was measured."""
        value, other = report.get(self.figure), report.get(self.over) if self.over else 0.0
        figure = None if value is None or other is None else round(value - other, 4)
        holds = None if figure is None else figure >= self.bound if self.at_least else figure <= self.bound
        what = f"{self.figure} − {self.over}" if self.over else self.figure
        bound = f"{'≥' if self.at_least else '≤'} {self.bound:g}{self.unit}"
        return {"what": what, "figure": figure, "bound": bound, "holds": holds}


CRITERIA = (
    Criterion("beat_f1", 0.85, at_least=True),
    Criterion("beat_f1", 0.15, at_least=True, over="aubio_beat_f1"),
    Criterion("half_beat_errors", 0.10),
    Criterion("recovery_s", 4.0, unit=" s"),
    Criterion("recovery_worst_s", 4.0, unit=" s"),
    Criterion("beatless_confidence", 0.3),
    Criterion("beatless_confidence_worst", 0.3),
    Criterion("onset_f1", 0.85, at_least=True),
    Criterion("onset_delay_ms", 25.0, unit=" ms"),
    Criterion("onset_delay_p90_ms", 25.0, unit=" ms"),
    Criterion("loudness_error_lu", 0.1, unit=" LU"),
)
"""Means and medians with, beside them, the worst or the slowest tenth: a good mean must not hide one bad stream."""


def verdict(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row for each criterion."""
    return [criterion.judge(report) for criterion in CRITERIA]


def lines(rows: list[dict[str, Any]]) -> list[str]:
    """The rows to read."""
    words = {True: "holds", False: "FAILS", None: "not measured"}
    return [
        f"{row['what']:28} {'' if row['figure'] is None else format(row['figure'], '.4g'):>8}  {row['bound']:10} "
        f"{words[row['holds']]}"
        for row in rows
    ]
