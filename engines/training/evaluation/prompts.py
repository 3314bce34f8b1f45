"""Prompts for measuring: captions of the grammar that name both the family and the palette."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import torch

from ..visuals import FAMILIES, caption
from ..visuals.captions import WORDS
from ..visuals.palettes import TABLE


def families_of(model: Path) -> tuple[str, ...]:
    """The families that a model's folder says it was trained on; all, where it does not say."""
    path = model / "live.json"
    said = json.loads(path.read_text(encoding="utf-8")).get("families") if path.exists() else None
    return tuple(family for family in FAMILIES if said is None or family in said)


def _longest(text: str, phrases: tuple[str, ...]) -> str | None:
    """The longest phrase that stands in the text, plural or not."""
    found = [phrase for phrase in phrases if re.search(rf"\b{re.escape(phrase)}(e?s)?\b", text)]
    return max(found, key=len, default=None)


def names_both(text: str, family: str, palette: str) -> bool:
    """Whether the text names the family and the palette in words of their own, not both in the same ones."""
    text = text.lower()
    colour = _longest(text, TABLE[palette].words)
    return colour is not None and _longest(text.replace(colour, ",", 1), WORDS[family]) is not None


def naming_both(family: str, palette: str, rng: random.Random, factors: torch.Tensor | None = None) -> str:
    """A caption that names family and palette; factors (7,) may add adjectives."""
    while not names_both(text := caption(family, palette, rng, factors), family, palette):
        pass
    return text
