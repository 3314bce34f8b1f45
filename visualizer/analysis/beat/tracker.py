"""Sound's attacks in, the beat out: network, filter, clock and bar together."""

from __future__ import annotations

import math

from visualizer.analysis.beat import bar_patterns, network
from visualizer.analysis.beat.attacks import FRAME_S, Attacks, Doubles, Frame
from visualizer.analysis.beat.bar import BarFilter
from visualizer.analysis.beat.clock import BeatClock
from visualizer.analysis.beat.filter import BeatFilter
from visualizer.analysis.beat.network import PhaseNetwork, Weights
from visualizer.analysis.mel import SHOW, MelConfig
from visualizer.snapshots import Beat

SOURCE = "sound"

STRENGTH_S, GAIN_S = 2.0, 4.0
"""Time constants over which the belief's strength and what it foretold are averaged."""

STRENGTH_FROM, STRENGTH_FULL = 0.35, 0.85
"""Strength that gives confidence 0 and 1."""

GAIN_FROM, GAIN_FULL = 0.0, 0.06
"""Gain a frame that gives confidence 0 and 1: a belief that gathers somewhere, yet foretells nothing, is no beat."""


class BeatTracker:
    """The beat of what has been heard so far, one ``Beat`` a hop; phases are those at the hop's end.

    The network has learnt the phase at a frame's end, so the delay of window and frame is a part of it, and the clock
    runs on between frames: a beat falls on the sound that makes it, not after it. Costs about as much as the rest of the
    analysis in every other hop, and little in between.

    weights, bars: of the network and of the bar filter, None for what ships.
    """

    _STRENGTH, _GAIN = (1 - math.exp(-FRAME_S / s) for s in (STRENGTH_S, GAIN_S))

    def __init__(self, config: MelConfig = SHOW, weights: Weights | None = None, bars: Doubles | None = None) -> None:
        self._attacks = Attacks(config)
        self._network = PhaseNetwork(network.shipped() if weights is None else weights)
        self._filter = BeatFilter()
        self._bar = BarFilter(bar_patterns.shipped() if bars is None else bars)
        self._clock = BeatClock()
        self._strength = self._gain = 0.0
        self._heard = False

    def push(self, power: Doubles, bass: float) -> Beat | None:
        """Take a hop's mel band powers, shape (bands,), and the bass filter's power, both re a full-scale sine, finite.

        Returns None until there has been any sound.
        """
        return self.step(self._attacks.push(power, bass))

    def step(self, frame: Frame | None) -> Beat | None:
        """Move on by a hop. frame: the one that ends with it, None between frames."""
        begun = self._clock.advance()
        if frame is not None:
            self._heard = self._heard or not frame.silent
            reading = self._network.push(frame)
            belief = self._filter.push(None if frame.silent else reading)
            self._strength += self._STRENGTH * ((0.0 if frame.silent else belief.strength) - self._strength)
            self._gain += self._GAIN * (belief.gain - self._gain)
            begun += self._clock.follow(belief.phase, belief.length_s, self.confidence)
        for _ in range(abs(begun)):
            self._bar.turn(1 if begun > 0 else -1)
        if frame is not None and not frame.silent:
            self._bar.push(frame.rises, self._clock.phase)
        if not self._heard:
            return None
        phase, meter = self._clock.phase, self._bar.meter
        return Beat(60 / self._clock.length_s, phase, (self._bar.number + phase) / meter, self.confidence, SOURCE, meter)

    @property
    def confidence(self) -> float:
        """How far the phase is to be trusted, 0–1."""
        return _unit(self._strength, STRENGTH_FROM, STRENGTH_FULL) * _unit(self._gain, GAIN_FROM, GAIN_FULL)


def _unit(value: float, low: float, high: float) -> float:
    return min(1.0, max(0.0, (value - low) / (high - low)))
