"""The methods that are compared: each makes a painter and the settings that it paints under."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from engines.backends import Networks, open_networks
from engines.model import ModelInfo, inspect
from engines.tpos import Published
from visualizer.encoder.ear import Ear
from visualizer.offline import RenderSettings
from visualizer.painters import LivePainter, Painter, PublishedPainter
from visualizer.preset import Preset

from .slerping import SlerpPainter

PROMPTS = ("glowing violet nebula", "blue ocean waves", "a green aurora", "orange flames")
"""What slerp goes between; the first is the other methods' prompt."""

SLERP_STEPS = 8

PUBLISHED = Published(steps=25, text_scale=1.0, sound_scale=2.0, mask=0.5, start=950.0)
"""The published method with scales that the model that ships can bear, and half the steps: 50 are not better on it."""

PUBLISHED_FPS = 6.0
"""A picture takes a hundred times as long, and each is painted on its own."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What all methods share. encoder: its folder. preset: the look, with its routes."""

    info: ModelInfo
    networks: Networks
    encoder: Path
    preset: Preset
    settings: RenderSettings

    @classmethod
    def open(cls, model: Path, encoder: Path, preset: Preset, fps: float, cache: Path) -> Bench:
        """Load the model; the look's prompt becomes the first of ``PROMPTS``."""
        info = inspect(model)
        preset = replace(preset, values={**preset.on(info).values, "picture/prompt": PROMPTS[0]})
        settings = RenderSettings(preset, model, info.native_size, fps, cache, encoder=encoder)
        return cls(info, open_networks(info, info.native_size, "", cache), encoder, preset, settings)

    def ear(self) -> Ear:
        """A fresh one."""
        return Ear(self.encoder, None, self.info, self.networks, self.settings.cache)

    def look(self, routes: bool, **guide: float) -> RenderSettings:
        """The settings with the preset, with or without its routes and with knobs of the guidance."""
        values = {**self.preset.values, **{f"guide/{name}": value for name, value in guide.items()}}
        preset = replace(self.preset, values=values, routes=self.preset.routes if routes else ())
        return replace(self.settings, preset=preset)


Method = Callable[[Bench], tuple[Painter, RenderSettings]]


def _live(routes: bool, meaning: bool, **guide: float) -> Method:
    def make(bench: Bench) -> tuple[Painter, RenderSettings]:
        return LivePainter(bench.info, bench.networks, bench.ear() if meaning else None), bench.look(routes, **guide)

    return make


def _slerp(bench: Bench) -> tuple[Painter, RenderSettings]:
    return SlerpPainter(bench.info, bench.networks, PROMPTS, SLERP_STEPS), bench.look(False)


def _published(bench: Bench) -> tuple[Painter, RenderSettings]:
    painter = PublishedPainter(bench.info, bench.networks, bench.ear(), PUBLISHED)
    return painter, replace(bench.look(False), fps=PUBLISHED_FPS)


METHODS: dict[str, Method] = {
    "text only": _live(False, False),
    "slerp": _slerp,
    "fast path": _live(True, False),
    "condition": _live(True, True, strength=1.0),
    "output": _live(True, True, strength=1.0, refresh=2.0),
    "tpos offline": _published,
}
"""By the name that tables give them."""
