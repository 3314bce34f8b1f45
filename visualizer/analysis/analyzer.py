"""Sound in, one ``Heard`` snapshot a hop out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from visualizer.analysis.band_onset import BandOnset
from visualizer.analysis.bands import BANDS_HZ, BELOW_ENERGY_DB, TOP_FLOOR_DB, BandStrength, band_pass, level
from visualizer.analysis.beat.tracker import BeatTracker
from visualizer.analysis.chroma import Chroma
from visualizer.analysis.filters import BLOCK_SAMPLES, FilterBank
from visualizer.analysis.flux import SpectralFlux
from visualizer.analysis.harmonic import HarmonicBalance
from visualizer.analysis.loudness import K_WEIGHTING, MOMENTARY_HOPS, SHORT_TERM_HOPS, Loudness, perceived, unit
from visualizer.analysis.mel import SHOW, LogMel, MelConfig
from visualizer.analysis.onset import OnsetStrength
from visualizer.analysis.timbre import Timbre
from visualizer.snapshots import HOP_SAMPLES, SAMPLE_RATE, Heard

CHANNELS = 2

LOUDEST = 16.0
"""Samples beyond ±this (24 dB over full scale) are cut: no sound card gives them, a broken file does."""


class Analyzer:
    """Hears a stereo stream at 48 kHz hop by hop; the same sound gives the same snapshots, however it is cut.

    No snapshot waits for later sound: what lies in a hop shows in that hop's snapshot. A rise shows at once in onset,
    the bands and energy; mel looks through a window whose centre lies 8 ms back, loudness and level through 400 ms.
    start: the sample index at which the first block begins.
    """

    def __init__(self, config: MelConfig = SHOW, start: int = 0) -> None:
        if (config.sample_rate, config.hop) != (SAMPLE_RATE, HOP_SAMPLES):
            raise ValueError(f"the show runs at {SAMPLE_RATE} Hz in hops of {HOP_SAMPLES} samples, not as in {config}")
        self._sample = start
        self._hop = np.zeros((HOP_SAMPLES, CHANNELS))
        self._filled = 0
        self._filters = FilterBank([K_WEIGHTING, *(band_pass(*edges) for edges in BANDS_HZ.values())], CHANNELS)
        self._mel = LogMel(config, CHANNELS)
        self._loudness, self._short_term = Loudness(MOMENTARY_HOPS), Loudness(SHORT_TERM_HOPS)
        self._bands = [BandStrength() for _ in BANDS_HZ]
        self._energy = BandStrength()
        self._onset = OnsetStrength(config.bands)
        self._flux = SpectralFlux()
        self._band_onsets = BandOnset()
        self._timbre = Timbre(config)
        self._harmonic = HarmonicBalance(config.bands)
        self._chroma = Chroma()
        self._beat = BeatTracker(config)

    def push(self, block: npt.NDArray[np.floating]) -> list[Heard]:
        """Take sound of shape (n, 2), any n; return the snapshots of the hops it completes.

        NaN and infinite samples count as 0. Raises ValueError for another shape.
        """
        if block.ndim != 2 or block.shape[1] != CHANNELS:
            raise ValueError(f"the analysis takes sound of shape (n, {CHANNELS}), not {block.shape}")
        heard = []
        taken = 0
        while taken < len(block):
            part = block[taken : taken + HOP_SAMPLES - self._filled]
            self._hop[self._filled : self._filled + len(part)] = part
            self._filled += len(part)
            taken += len(part)
            if self._filled == HOP_SAMPLES:
                self._filled = 0
                heard.append(self._hear())
        return heard

    def _hear(self) -> Heard:
        hop = self._hop
        if not np.isfinite(hop).all():
            hop[~np.isfinite(hop)] = 0.0
        np.clip(hop, -LOUDEST, LOUDEST, out=hop)
        self._sample += HOP_SAMPLES
        squares = (self._filters.filter(hop) ** 2).sum(axis=(0, 3))  # (blocks, filters)
        weighted, *bands = squares.sum(axis=0).tolist()
        moments = squares.max(axis=0) * (2 / (CHANNELS * BLOCK_SAMPLES))
        power = self._mel.power(hop)
        lufs = self._loudness.push(weighted)
        # Mean of squares over both channels; × 2 because a full-scale sine counts as 1.
        to_power = 2 / (CHANNELS * HOP_SAMPLES)
        energy, _ = self._energy.push(weighted * to_power)
        floor_db = max(TOP_FLOOR_DB, self._energy.top - BELOW_ENERGY_DB)
        (bass, bass_level), (mid, mid_level), (treble, treble_level) = (
            band.push(energy_in_band * to_power, floor_db)
            for band, energy_in_band in zip(self._bands, bands, strict=True)
        )
        brightness, tension = self._timbre.push(power)
        onset = self._onset.push(power, float(moments[1]), float(moments[-1]))
        by_band = self._band_onsets.push(moments[1:].tolist())
        onset_low, onset_mid, onset_high = by_band
        # How strong what rises is in itself, beside how strong a rise it is among those of the last seconds.
        onset_level, *level_by_band = [
            level(moment) if strength > 0 else 0.0
            for strength, moment in zip((onset, *by_band), moments.tolist(), strict=True)
        ]
        mel = self._mel.decibels(power)
        mel.setflags(write=False)
        return Heard(
            sample=self._sample,
            mel=mel,
            loudness_lufs=lufs,
            loudness_short_lufs=self._short_term.push(weighted),
            level=unit(lufs),
            loudness=perceived(lufs),
            energy=energy,
            bass=bass,
            mid=mid,
            treble=treble,
            bass_level=bass_level,
            mid_level=mid_level,
            treble_level=treble_level,
            onset=onset,
            flux=self._flux.push(mel),
            brightness=brightness,
            tension=tension,
            onset_low=onset_low,
            onset_mid=onset_mid,
            onset_high=onset_high,
            onset_level=onset_level,
            onset_low_level=level_by_band[0],
            onset_mid_level=level_by_band[1],
            onset_high_level=level_by_band[2],
            harmonic=self._harmonic.push(power),
            chroma=self._chroma.push(hop),
            beat=self._beat.push(power, bands[0] * to_power),
        )
