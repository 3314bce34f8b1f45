"""Procedural pictures for training: pictures continuous in time and in seven sound factors."""

from .captions import caption
from .palettes import PALETTES
from .registry import FACTORS, FAMILIES, Scene, render, sample_factors, sample_scene

__all__ = [
    "FACTORS",
    "FAMILIES",
    "PALETTES",
    "Scene",
    "caption",
    "render",
    "sample_factors",
    "sample_scene",
]
