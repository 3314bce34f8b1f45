"""Words for pictures: synonyms of families and palettes, adjectives by the sound, in varied order."""

from __future__ import annotations

import random

import torch

from .palettes import TABLE

WORDS: dict[str, tuple[str, ...]] = {
    name: tuple(words.split(", "))
    for name, words in {
        "nebula": (
            "nebula, cosmic nebula clouds, space nebula, interstellar gas, deep space cloud, stellar "
            "nursery, cosmic dust"
        ),
        "flames": (
            "flames, burning fire, bonfire, blazing flames, wall of fire, campfire, inferno, fire tongues"
        ),
        "aurora": (
            "aurora, northern lights, aurora borealis, polar lights, curtains of light in the night "
            "sky, southern lights, glowing sky ribbons"
        ),
        "ink": (
            "liquid ink, ink in water, marble ink, marbled paint, swirling paint, liquid marble, "
            "fluid art, oil paint swirls"
        ),
        "mandala": (
            "mandala, kaleidoscope, kaleidoscope mandala, sacred geometry, symmetric ornament, "
            "rosette window, meditation mandala"
        ),
        "tunnel": ("tunnel, hyperspace tunnel, warp tunnel, wormhole, endless corridor, time tunnel, portal"),
        "plasma": (
            "plasma, liquid plasma, swirling plasma, lava lamp, molten blobs, glossy liquid waves, "
            "fluid plasma"
        ),
        "waves": (
            "flowing waves, silk waves, silk ribbons, flowing fabric, flow lines, veils of light, "
            "satin ribbons, smooth curves"
        ),
        "cells": (
            "organic cells, voronoi cells, cellular pattern, living tissue, cells under a microscope, "
            "honeycomb, biological membrane"
        ),
        "crystal": (
            "crystal, crystals, faceted gemstone, low poly crystals, diamond facets, shards of glass, "
            "prism, quartz"
        ),
        "julia": (
            "fractal, julia set, julia fractal, infinite fractal, fractal spirals, mathematical "
            "fractal, mandelbrot fractal"
        ),
        "starfield": (
            "starfield, flying through stars, stars, hyperspace stars, warp speed starfield, glowing "
            "particles, night sky stars, space travel"
        ),
        "synthwave": (
            "synthwave grid landscape, retro grid, outrun sun and grid, retrowave horizon, wireframe "
            "grid, eighties neon landscape, retro sunset grid"
        ),
        "ripples": (
            "ripples, water ripples, rain drops on water, concentric rings, interference rings, drops "
            "in a pond, sound waves on water"
        ),
        "galaxy": (
            "spiral galaxy, galaxy, vortex of stars, milky way, swirling galaxy, cosmic spiral, "
            "whirlpool galaxy"
        ),
        "lightning": (
            "lightning, electric bolts, electricity, thunderstorm, lightning strike, electric arcs, "
            "tesla coil sparks"
        ),
        "bokeh": (
            "bokeh lights, bokeh, glowing orbs, blurred city lights, bubbles, out of focus lights, "
            "floating light circles"
        ),
        "opart": (
            "op art stripes, hypnotic stripes, optical illusion, op art, geometric stripes, moire "
            "bands, psychedelic stripes"
        ),
        "truchet": (
            "labyrinth, circuit maze, truchet tiles, maze, circuit board, glowing pipes, winding paths"
        ),
        "clouds": (
            "clouds, smoke, clouds of smoke, misty fog, billowing smoke, storm clouds, vapour, cumulus clouds"
        ),
        "ocean": (
            "night sea, ocean at night, moonlit sea, sea horizon, light reflections on the sea, moon "
            "over the ocean, calm sea with reflections"
        ),
        "mountains": (
            "mountains, misty mountains, layered mountain ridges, mountain landscape, hills in the "
            "fog, sun over mountains, alpine silhouettes"
        ),
        "caustics": (
            "caustics, water caustics, light under water, swimming pool light, sunlight on the sea "
            "floor, shimmering water light, underwater light"
        ),
        "flowers": (
            "flowers, blossoms, flower petals, blooming flowers, petal rosettes, lotus flowers, "
            "dahlia bloom, floral pattern"
        ),
    }.items()
}

# factor index, words when low (< 0.33), words when high (> 0.67)
_MOODS: tuple[tuple[int, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        0,
        ("dark", "dim", "calm", "moody", "quiet", "subtle"),
        ("bright", "intense", "glowing", "brilliant", "energetic", "radiant"),
    ),
    (1, ("small", "delicate", "gentle"), ("big", "bold", "massive", "huge", "deep")),
    (2, ("simple", "minimal", "plain"), ("complex", "rich", "elaborate", "contrasty")),
    (3, ("soft", "smooth", "blurry"), ("detailed", "intricate", "sparkling", "glittering", "fine")),
    (4, ("still", "floating"), ("explosive", "flashing", "bursting", "pulsing")),
    (5, ("shadowy", "low key", "deep toned"), ("luminous", "light", "high key", "shining")),
    (6, ("peaceful", "serene", "harmonious"), ("turbulent", "chaotic", "distorted", "tense", "wild")),
)
_ANY = (
    "beautiful",
    "abstract",
    "vj loop",
    "dreamy",
    "hypnotic",
    "mesmerizing",
    "psychedelic",
    "cinematic",
    "digital art",
    "stage visuals",
)
_FORMS = (
    "{adjectives} {palette} {family}",
    "{adjectives} {palette} {family}",
    "{palette} {family}",
    "{adjectives} {family} in {palette} colours",
    "{family} in {palette}, {adjectives}",
    "{family}, {palette}, {adjectives}",
    "{palette} {adjectives} {family}",
    "{adjectives} {family} with {palette} light",
    "a {palette} {family}, {adjectives}",
    "{palette} colours, {adjectives} {family}",
)


def _adjectives(rng: random.Random, factors: torch.Tensor | None) -> str:
    choices: list[str] = []
    if factors is not None:
        for index, low, high in _MOODS:
            value = float(factors[index])
            if value < 0.33 or value > 0.67:
                choices.append(rng.choice(low if value < 0.33 else high))
    rng.shuffle(choices)
    words = choices[: rng.choice((0, 1, 1, 2, 2, 3))]
    if rng.random() < 0.2:
        words.append(rng.choice(_ANY))
    return " ".join(words)


def caption(family: str, palette: str, rng: random.Random, factors: torch.Tensor | None = None) -> str:
    """A short description; factors (7,) add adjectives. A tenth name the family only, a tenth the palette."""
    shape, colour = rng.choice(WORDS[family]), rng.choice(TABLE[palette].words)
    adjectives = _adjectives(rng, factors)
    draw = rng.random()
    if draw < 0.1:
        form = "{adjectives} {family}"
    elif draw < 0.2:
        form = rng.choice(
            ("{adjectives} {palette}", "{palette} colours, {adjectives}", "{palette} {adjectives} light")
        )
    else:
        form = rng.choice(_FORMS)
    text = form.format(adjectives=adjectives, palette=colour, family=shape)
    text = text.replace("colours colours", "colours").replace("coloured colours", "colours")
    if text.startswith("a ") and text[2:3] in "aeiou":
        text = "an " + text[2:]
    return " ".join(text.split()).replace(" ,", ",").strip(" ,")
