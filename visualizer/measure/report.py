"""Figures for people and for programs."""

from __future__ import annotations

import json

from visualizer.measure.figures import Figures

MEANING = {
    "r": "how closely motion follows the sound's onsets, −1 to 1 (Pearson, at the best lag)",
    "r_shuffled": "the same with the motion shifted at random: what chance gives",
    "lag_ms": "how much later than the sound the picture is, ms",
    "av_align": "onsets and motion's maxima that fall together within a frame, 0 to 1 (AV-Align)",
    "av_align_shuffled": "the same with the sound shifted at random: what chance gives",
    "silence_flicker": "stillness while nothing sounds, 0 to 1; 1 is a still picture (VBench)",
    "warping_error": "what changes beside motion, 0 to 1; 0 is consistent (Lai et al. 2018)",
    "beat_alignment": "how near motion's maxima come to the beats, 0 to 1",
    "beat_alignment_shuffled": "the same with the beats shifted at random: what chance gives",
    "beat_sigma_ms": "width of the beat alignment's bell",
    "mean_motion": "picture diagonals a second",
    "onsets": "found in the sound",
    "motion_peaks": "maxima of the motion",
    "beats": "of which the tracker was sure",
    "silence_s": "seconds of settled silence in which the flicker was measured",
    "warped_pairs": "pairs of pictures over which the warping error was taken",
    "seconds": "in which sound and picture run together",
    "frames": "pictures in the video",
    "fps": "pictures a second on average",
    "rate": "cells a second in which motion and sound were compared",
}


def as_json(figures: Figures) -> str:
    """One JSON object; null where something could not be measured."""
    return json.dumps(figures, allow_nan=False)


def as_table(figures: Figures) -> str:
    """A line for each figure: its name, its value ("–" where it could not be measured), and what it says."""
    width = max(map(len, figures))
    shown = {key: "–" if value is None else f"{value:g}" for key, value in figures.items()}
    room = max(map(len, shown.values()))
    return "\n".join(f"{key:{width}}  {shown[key]:>{room}}  {MEANING[key]}" for key in figures)
