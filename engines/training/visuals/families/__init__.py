"""The families, one idea a module, each a function from a Stage to a Picture."""

from __future__ import annotations

from collections.abc import Callable

from ..fields import Picture, Stage
from . import (
    aurora,
    bokeh,
    butterfly,
    caustics,
    cells,
    circuit,
    city,
    clouds,
    crystal,
    equalizer,
    eye,
    feather,
    fireworks,
    flames,
    flowers,
    flowfield,
    forest,
    fractalflame,
    galaxy,
    glitch,
    halftone,
    ink,
    jellyfish,
    julia,
    lava,
    lightning,
    mandala,
    mandelbrot,
    mountains,
    nebula,
    neonsign,
    ocean,
    opart,
    plasma,
    rain,
    reaction,
    ripples,
    smoke,
    snowflake,
    stainedglass,
    starfield,
    synthwave,
    topographic,
    truchet,
    tunnel,
    waves,
)

_MODULES = (
    aurora, bokeh, butterfly, caustics, cells, circuit, city, clouds, crystal, equalizer, eye, feather, fireworks,
    flames, flowers, flowfield, forest, fractalflame, galaxy, glitch, halftone, ink, jellyfish, julia, lava, lightning,
    mandala, mandelbrot, mountains, nebula, neonsign, ocean, opart, plasma, rain, reaction, ripples, smoke, snowflake,
    stainedglass, starfield, synthwave, topographic, truchet, tunnel, waves,
)  # fmt: skip

DRAW: dict[str, Callable[[Stage], Picture]] = {m.__name__.rsplit(".", 1)[1]: m.draw for m in _MODULES}
