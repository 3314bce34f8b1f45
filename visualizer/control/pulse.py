"""The beat as something that moves parameters: a pulse that stands at 1 on the beat and falls until the next."""

from __future__ import annotations

from visualizer.snapshots import Beat

PULSES = ("beat", "bar")
"""What a route can listen to of the beat."""

DOUBTFUL, SURE = 0.3, 0.6
"""Confidence up to which nothing pulses, and from which on everything does: a guessed beat is worse than none."""


def pulse(name: str, beat: Beat | None) -> float:
    """The pulse (0–1) of the beat, or of its bar: (1 − phase)², as far as the beat is sure."""
    if beat is None:
        return 0.0
    phase = beat.phase if name == "beat" else beat.bar_phase
    return (1.0 - phase) ** 2 * min(1.0, max(0.0, (beat.confidence - DOUBTFUL) / (SURE - DOUBTFUL)))
