"""The families, one idea a module, each a function from a Stage to a Picture."""

from __future__ import annotations

from collections.abc import Callable

from ..fields import Picture, Stage
from . import (
    aurora,
    bokeh,
    caustics,
    cells,
    clouds,
    crystal,
    flames,
    flowers,
    galaxy,
    ink,
    julia,
    lightning,
    mandala,
    mountains,
    nebula,
    ocean,
    opart,
    plasma,
    ripples,
    starfield,
    synthwave,
    truchet,
    tunnel,
    waves,
)

_MODULES = (
    nebula, flames, aurora, ink, mandala, tunnel, plasma, waves, cells, crystal, julia, starfield,
    synthwave, ripples, galaxy, lightning, bokeh, opart, truchet, clouds, ocean, mountains, caustics, flowers,
)  # fmt: skip

DRAW: dict[str, Callable[[Stage], Picture]] = {m.__name__.rsplit(".", 1)[1]: m.draw for m in _MODULES}
